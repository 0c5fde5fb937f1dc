// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** The AVX and AVX2 instructions that SSE has no like of: broadcasts, permutations, masked moves, gathers, shifts. */
final class AvxRearrangeUnit {
    private final VectorRegisters registers;
    private final Cpu cpu;
    private final long[] source;
    private final long[] result;

    AvxRearrangeUnit(VectorRegisters registers) {
        this.registers = registers;
        this.cpu = registers.cpu;
        this.source = registers.source;
        this.result = registers.result;
    }

    void execute(Instruction i) {
        if (i.map == Instruction.MAP_0F38) {
            executeMap38(i);
        } else {
            executeMap3A(i);
        }
    }

    private void executeMap38(Instruction i) {
        switch (i.opcode) {
            case 0x0C, 0x0D -> permuteInLane(i);
            case 0x16, 0x36 -> permuteDoublewords(i);
            case 0x18, 0x58 -> broadcast(i, 4);
            case 0x19, 0x59 -> broadcast(i, 8);
            case 0x78 -> broadcast(i, 1);
            case 0x79 -> broadcast(i, 2);
            case 0x1A, 0x5A -> { // VBROADCASTF128, VBROADCASTI128
                registers.load(i, 16);
                set(source[0], source[1], source[0], source[1]);
                store(i);
            }
            case 0x2C, 0x2D, 0x8C -> maskedLoad(i, i.opcode == 0x2D || i.vexW ? 8 : 4);
            case 0x2E, 0x2F, 0x8E -> maskedStore(i, i.opcode == 0x2F || i.vexW ? 8 : 4);
            case 0x45, 0x46, 0x47 -> shift(i, i.vexW ? 8 : 4);
            default -> gather(i);
        }
    }

    private void executeMap3A(Instruction i) {
        int control = (int) i.immediate & 0xFF;
        switch (i.opcode) {
            case 0x00, 0x01 -> { // VPERMQ, VPERMPD
                registers.load(i);
                set(source[control & 3], source[control >>> 2 & 3], source[control >>> 4 & 3], source[control >>> 6]);
                store(i);
            }
            case 0x02 -> { // VPBLENDD
                registers.load(i);
                int count = 4 * VectorRegisters.lanes(i);
                for (int n = 0; n < count; n++) {
                    boolean second = (control >>> n & 1) != 0;
                    registers.setResultElement(
                            4, n, second ? registers.sourceElement(4, n) : registers.element(i.vvvv, 4, n));
                }
                store(i);
            }
            case 0x04 -> { // VPERMILPS
                registers.load(i);
                for (int n = 0; n < 4 * VectorRegisters.lanes(i); n++) {
                    int from = (n & 4) | control >>> 2 * (n & 3) & 3;
                    registers.setResultElement(4, n, registers.sourceElement(4, from));
                }
                store(i);
            }
            case 0x05 -> { // VPERMILPD
                registers.load(i);
                for (int n = 0; n < 2 * VectorRegisters.lanes(i); n++) {
                    result[n] = source[(n & 2) | control >>> n & 1];
                }
                store(i);
            }
            case 0x06, 0x46 -> { // VPERM2F128, VPERM2I128
                registers.load(i);
                long first = half(i, control, 0);
                long second = half(i, control, 1);
                set(first, second, half(i, control >>> 4, 0), half(i, control >>> 4, 1));
                store(i);
            }
            case 0x18, 0x38 -> { // VINSERTF128, VINSERTI128
                registers.load(i, 16);
                boolean upper = (control & 1) != 0;
                set(
                        upper ? registers.get(i.vvvv, 0) : source[0],
                        upper ? registers.get(i.vvvv, 1) : source[1],
                        upper ? source[0] : registers.get(i.vvvv, 2),
                        upper ? source[1] : registers.get(i.vvvv, 3));
                store(i);
            }
            case 0x19, 0x39 -> extract(i, 2 * (control & 1));
            default -> blend(i, control >>> 4 & (cpu.codeSize == 8 ? 15 : 7));
        }
    }

    private void set(long a, long b, long c, long d) {
        result[0] = a;
        result[1] = b;
        result[2] = c;
        result[3] = d;
    }

    private void store(Instruction i) {
        registers.store(i.reg, VectorRegisters.lanes(i));
    }

    /** VPERMILPS, VPERMILPD with their control in the second source. */
    private void permuteInLane(Instruction i) {
        registers.load(i);
        boolean doubles = i.opcode == 0x0D;
        int count = (doubles ? 2 : 4) * VectorRegisters.lanes(i);
        for (int n = 0; n < count; n++) {
            if (doubles) {
                result[n] = registers.get(i.vvvv, (n & 2) | (int) (source[n] >>> 1) & 1);
            } else {
                int from = (n & 4) | (int) registers.sourceElement(4, n) & 3;
                registers.setResultElement(4, n, registers.element(i.vvvv, 4, from));
            }
        }
        store(i);
    }

    /** VPERMD, VPERMPS: any of eight, chosen by the first source. */
    private void permuteDoublewords(Instruction i) {
        registers.load(i);
        for (int n = 0; n < 8; n++) {
            int from = (int) registers.element(i.vvvv, 4, n) & 7;
            registers.setResultElement(4, n, registers.sourceElement(4, from));
        }
        store(i);
    }

    private void broadcast(Instruction i, int size) {
        long value;
        if (i.memory) {
            value = registers.operands.read(i, size);
        } else {
            value = registers.get(i.rm, 0);
        }
        long repeated =
                switch (size) {
                    case 1 -> (value & 0xFF) * 0x0101_0101_0101_0101L;
                    case 2 -> (value & 0xFFFF) * 0x0001_0001_0001_0001L;
                    case 4 -> value & 0xFFFF_FFFFL | value << 32;
                    default -> value;
                };
        set(repeated, repeated, repeated, repeated);
        store(i);
    }

    private static boolean chosen(long element, int size) {
        return (element >>> 8 * size - 1 & 1) != 0;
    }

    private long elementAddress(Instruction i, int size, int n, boolean write) {
        long offset = MemoryOperand.masked(registers.operands.offset(i) + (long) size * n, i.addressSize);
        return registers.operands.at(i, offset, size, write);
    }

    private long read(long linear, int size) {
        return size == 8 ? registers.mmu.read64(linear) : registers.mmu.read32(linear) & 0xFFFF_FFFFL;
    }

    /** VMASKMOVPS and its like: what is not chosen is not read. */
    private void maskedLoad(Instruction i, int size) {
        registers.clearResult();
        int count = 16 / size * VectorRegisters.lanes(i);
        for (int n = 0; n < count; n++) {
            if (chosen(registers.element(i.vvvv, size, n), size)) {
                registers.setResultElement(size, n, read(elementAddress(i, size, n, false), size));
            }
        }
        store(i);
    }

    private void maskedStore(Instruction i, int size) {
        int count = 16 / size * VectorRegisters.lanes(i);
        for (int pass = 0; pass < 2; pass++) {
            for (int n = 0; n < count; n++) {
                if (chosen(registers.element(i.vvvv, size, n), size)) {
                    long linear = elementAddress(i, size, n, true);
                    long value = registers.element(i.reg, size, n);
                    if (pass == 0) {
                        registers.mmu.checkWrite(linear, size);
                    } else if (size == 8) {
                        registers.mmu.write64(linear, value);
                    } else {
                        registers.mmu.write32(linear, (int) value);
                    }
                }
            }
        }
    }

    /** VPSRLVD, VPSRLVQ, VPSRAVD, VPSLLVD, VPSLLVQ: each element by a count of its own. */
    private void shift(Instruction i, int size) {
        registers.load(i);
        int count = 16 / size * VectorRegisters.lanes(i);
        for (int n = 0; n < count; n++) {
            long value = registers.element(i.vvvv, size, n);
            long by = registers.sourceElement(size, n);
            boolean all = Long.compareUnsigned(by, 8L * size) >= 0;
            long shifted =
                    switch (i.opcode) {
                        case 0x45 -> all ? 0 : value >>> by;
                        case 0x46 -> (int) value >> (all ? 31 : by);
                        default -> all ? 0 : value << by;
                    };
            registers.setResultElement(size, n, shifted);
        }
        store(i);
    }

    /** A 128-bit half of the two sources, or zero, as four bits of control choose. */
    private long half(Instruction i, int control, int quadword) {
        if ((control & 8) != 0) {
            return 0;
        }
        int from = 2 * (control & 1) + quadword;
        return (control & 2) == 0 ? registers.get(i.vvvv, from) : source[from];
    }

    /** VEXTRACTF128, VEXTRACTI128. */
    private void extract(Instruction i, int from) {
        long low = registers.get(i.reg, from);
        long high = registers.get(i.reg, from + 1);
        if (i.memory) {
            registers.operands.writeVector(registers.operands.forWrite(i, 16), low, high);
        } else {
            set(low, high, 0, 0);
            registers.store(i.rm, 1);
        }
    }

    /** VBLENDVPS, VBLENDVPD, VPBLENDVB. */
    private void blend(Instruction i, int mask) {
        registers.load(i);
        int width = i.opcode == 0x4A ? 32 : i.opcode == 0x4B ? 64 : 8;
        for (int n = 0; n < 2 * VectorRegisters.lanes(i); n++) {
            result[n] = PackedIntegerWide.blend(registers.get(i.vvvv, n), source[n], registers.get(mask, n), width);
        }
        store(i);
    }

    /**
     * VPGATHERDD and its like. Each element is complete, and its element of the mask clear, before the next is read: a
     * fault leaves the ones before it done.
     */
    private void gather(Instruction i) {
        int size = i.vexW ? 8 : 4;
        int indexSize = (i.opcode & 1) == 0 ? 4 : 8;
        int count = 16 / Math.max(size, indexSize) * VectorRegisters.lanes(i);
        long base = registers.operands.offset(i);
        for (int n = 0; n < count; n++) {
            if (chosen(registers.element(i.vvvv, size, n), size)) {
                long index = registers.element(i.vectorIndex, indexSize, n);
                long scaled = (indexSize == 4 ? (int) index : index) << i.scale;
                long offset = MemoryOperand.masked(base + scaled, i.addressSize);
                long value = read(registers.operands.at(i, offset, size, false), size);
                registers.setElement(i.reg, size, n, value);
            }
            registers.setElement(i.vvvv, size, n, 0);
        }
        registers.clearResult();
        registers.store(i.vvvv, 1);
        for (int n = 0; n < count; n++) {
            registers.setResultElement(size, n, registers.element(i.reg, size, n));
        }
        registers.store(i.reg, 2);
    }
}
