// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/**
 * SSE4.1 and SSE4.2, and the doors to {@link StringCompareUnit} and {@link CryptoUnit}: what has a 66 prefix and an opcode
 * of map 0F38 or 0F3A (Intel SDM volume 1, section 12.6 to 12.11).
 */
final class Sse4Unit {
    private static final long LOW_32 = 0xFFFF_FFFFL;

    private final Cpu cpu;
    private final SimdOperands simd;
    private final MemoryOperand operands;
    private final SimdFloat elements;
    private final StringCompareUnit strings;
    private final CryptoUnit crypto;

    Sse4Unit(Cpu cpu, SimdOperands simd, MemoryOperand operands, SimdFloat elements) {
        this.cpu = cpu;
        this.simd = simd;
        this.operands = operands;
        this.elements = elements;
        this.strings = new StringCompareUnit(cpu, simd);
        this.crypto = new CryptoUnit(simd);
    }

    private void require(Instruction i) {
        if (!i.operandSizePrefix || i.repeat != 0) {
            throw cpu.invalidOpcode();
        }
        simd.requireSse();
    }

    void executeMap38(Instruction i) {
        require(i);
        int reg = i.reg;
        switch (i.opcode) {
            case 0x10, 0x14, 0x15 -> { // PBLENDVB, BLENDVPS, BLENDVPD
                simd.load(i);
                int width = i.opcode == 0x10 ? 8 : i.opcode == 0x14 ? 32 : 64;
                simd.set(
                        reg,
                        PackedIntegerWide.blend(simd.low(reg), simd.low, simd.low(0), width),
                        PackedIntegerWide.blend(simd.high(reg), simd.high, simd.high(0), width));
            }
            case 0x17 -> { // PTEST
                simd.load(i);
                long both = simd.low(reg) & simd.low | simd.high(reg) & simd.high;
                long rest = ~simd.low(reg) & simd.low | ~simd.high(reg) & simd.high;
                cpu.setArithmeticFlags((both == 0 ? Cpu.FLAG_ZF : 0) | (rest == 0 ? Cpu.FLAG_CF : 0));
            }
            case 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35 -> { // PMOVSX, PMOVZX
                int kind = i.opcode & 15;
                long source = loadNarrow(i, PackedIntegerWide.extendedBytes(kind));
                boolean signed = i.opcode < 0x30;
                simd.set(
                        reg,
                        PackedIntegerWide.extend(source, kind, signed),
                        PackedIntegerWide.extend(
                                source >>> 8 * PackedIntegerWide.extendedBytes(kind) / 2, kind, signed));
            }
            case 0x2A -> { // MOVNTDQA
                if (!i.memory) {
                    throw cpu.invalidOpcode();
                }
                simd.load(i);
                simd.set(reg, simd.low, simd.high);
            }
            case 0x2B -> { // PACKUSDW
                simd.load(i);
                simd.set(
                        reg,
                        PackedIntegerWide.packUnsigned(simd.low(reg))
                                | PackedIntegerWide.packUnsigned(simd.high(reg)) << 32,
                        PackedIntegerWide.packUnsigned(simd.low) | PackedIntegerWide.packUnsigned(simd.high) << 32);
            }
            case 0x41 -> { // PHMINPOSUW
                simd.load(i);
                simd.set(reg, PackedIntegerWide.minimumPosition(simd.low, simd.high), 0);
            }
            case 0xDB, 0xDC, 0xDD, 0xDE, 0xDF -> {
                simd.load(i);
                crypto.round(i);
            }
            default -> {
                simd.load(i);
                simd.set(
                        reg,
                        PackedIntegerWide.apply(i.opcode, simd.low(reg), simd.low),
                        PackedIntegerWide.apply(i.opcode, simd.high(reg), simd.high));
            }
        }
    }

    private long loadNarrow(Instruction i, int bytes) {
        return i.memory ? operands.read(i, bytes) : simd.low(i.rm);
    }

    void executeMap3A(Instruction i) {
        require(i);
        int reg = i.reg;
        int control = (int) i.immediate & 0xFF;
        switch (i.opcode) {
            case 0x08, 0x09, 0x0A, 0x0B -> round(i, control);
            case 0x0C -> { // BLENDPS
                simd.load(i);
                simd.set(
                        reg,
                        PackedIntegerWide.choose(simd.low(reg), simd.low, control, 32),
                        PackedIntegerWide.choose(simd.high(reg), simd.high, control >>> 2, 32));
            }
            case 0x0D -> { // BLENDPD
                simd.load(i);
                simd.set(
                        reg,
                        (control & 1) != 0 ? simd.low : simd.low(reg),
                        (control & 2) != 0 ? simd.high : simd.high(reg));
            }
            case 0x0E -> { // PBLENDW
                simd.load(i);
                simd.set(
                        reg,
                        PackedIntegerWide.choose(simd.low(reg), simd.low, control, 16),
                        PackedIntegerWide.choose(simd.high(reg), simd.high, control >>> 4, 16));
            }
            case 0x14 -> extract(i, 1, control);
            case 0x15 -> extract(i, 2, control);
            case 0x16 -> extract(i, i.rexW ? 8 : 4, control);
            case 0x17 -> extract(i, 4, control);
            case 0x20 -> insert(i, 1, control);
            case 0x22 -> insert(i, i.rexW ? 8 : 4, control);
            case 0x21 -> insertSingle(i, control);
            case 0x40 -> dotProductSingles(i, control);
            case 0x41 -> dotProductDoubles(i, control);
            case 0x42 -> { // MPSADBW
                simd.load(i);
                long block = ((control & 2) != 0 ? simd.high : simd.low) >>> 32 * (control & 1) & LOW_32;
                boolean upper = (control & 4) != 0;
                long low = simd.low(reg);
                long high = simd.high(reg);
                simd.set(
                        reg,
                        PackedIntegerWide.differences(low, high, upper ? 4 : 0, block),
                        PackedIntegerWide.differences(low, high, upper ? 8 : 4, block));
            }
            case 0x44 -> {
                simd.load(i);
                crypto.multiplyCarryless(i);
            }
            case 0x60, 0x61, 0x62, 0x63 -> strings.execute(i);
            case 0xDF -> {
                simd.load(i);
                crypto.assistKeyGeneration(i);
            }
            default -> throw cpu.invalidOpcode();
        }
    }

    private void round(Instruction i, int control) {
        int reg = i.reg;
        elements.begin();
        switch (i.opcode) {
            case 0x08 -> {
                simd.load(i);
                long low = roundPair(simd.low, control);
                long high = roundPair(simd.high, control);
                elements.complete();
                simd.set(reg, low, high);
            }
            case 0x09 -> {
                simd.load(i);
                long low = elements.roundDouble(simd.low, control);
                long high = elements.roundDouble(simd.high, control);
                elements.complete();
                simd.set(reg, low, high);
            }
            case 0x0A -> {
                long result = elements.roundSingle(simd.load32(i), control);
                elements.complete();
                simd.setLow32(reg, result);
            }
            default -> {
                long result = elements.roundDouble(simd.load64(i), control);
                elements.complete();
                simd.setLow(reg, result);
            }
        }
    }

    private long roundPair(long pair, int control) {
        return elements.roundSingle(pair, control) | elements.roundSingle(pair >>> 32, control) << 32;
    }

    /** PEXTRB, PEXTRW, PEXTRD, PEXTRQ, EXTRACTPS: a register is zero-extended. */
    private void extract(Instruction i, int size, int control) {
        int bit = control * 8 * size & 127;
        long half = bit < 64 ? simd.low(i.reg) : simd.high(i.reg);
        long value = Operands.zeroExtend(half >>> (bit & 63), size);
        if (i.memory) {
            operands.write(i, size, value);
        } else {
            cpu.gpr[i.rm] = value;
        }
    }

    /** PINSRB, PINSRD, PINSRQ. */
    private void insert(Instruction i, int size, int control) {
        long value = i.memory ? operands.read(i, size) : cpu.gpr[i.rm];
        place(i.reg, value, size, control * 8 * size & 127);
    }

    private void place(int register, long value, int size, int bit) {
        long mask = Operands.zeroExtend(-1L, size) << (bit & 63);
        long placed = value << (bit & 63) & mask;
        if (bit < 64) {
            simd.setLow(register, simd.low(register) & ~mask | placed);
        } else {
            simd.setHigh(register, simd.high(register) & ~mask | placed);
        }
    }

    private void insertSingle(Instruction i, int control) {
        long value;
        if (i.memory) {
            value = operands.read(i, 4);
        } else {
            long half = control >>> 7 == 0 ? simd.low(i.rm) : simd.high(i.rm);
            value = half >>> 32 * (control >>> 6 & 1) & LOW_32;
        }
        place(i.reg, value, 4, 32 * (control >>> 4 & 3));
        for (int n = 0; n < 4; n++) {
            if ((control >>> n & 1) != 0) {
                place(i.reg, 0, 4, 32 * n);
            }
        }
    }

    /** DPPS: the products that the control selects, added in pairs, then the pairs. */
    private void dotProductSingles(Instruction i, int control) {
        simd.load(i);
        int reg = i.reg;
        elements.begin();
        long a = product(control & 0x10, simd.low(reg), simd.low);
        long b = product(control & 0x20, simd.low(reg) >>> 32, simd.low >>> 32);
        long c = product(control & 0x40, simd.high(reg), simd.high);
        long d = product(control & 0x80, simd.high(reg) >>> 32, simd.high >>> 32);
        elements.complete();
        long low = elements.singles(SimdFloat.ADD, a, b);
        long high = elements.singles(SimdFloat.ADD, c, d);
        elements.complete();
        long sum = elements.singles(SimdFloat.ADD, low, high);
        elements.complete();
        simd.set(
                reg,
                ((control & 1) != 0 ? sum : 0) | ((control & 2) != 0 ? sum << 32 : 0),
                ((control & 4) != 0 ? sum : 0) | ((control & 8) != 0 ? sum << 32 : 0));
    }

    private long product(int selected, long a, long b) {
        return selected == 0 ? 0 : elements.singles(SimdFloat.MULTIPLY, a, b);
    }

    private void dotProductDoubles(Instruction i, int control) {
        simd.load(i);
        int reg = i.reg;
        elements.begin();
        long a = (control & 0x10) == 0 ? 0 : elements.doubles(SimdFloat.MULTIPLY, simd.low(reg), simd.low);
        long b = (control & 0x20) == 0 ? 0 : elements.doubles(SimdFloat.MULTIPLY, simd.high(reg), simd.high);
        elements.complete();
        long sum = elements.doubles(SimdFloat.ADD, a, b);
        elements.complete();
        simd.set(reg, (control & 1) != 0 ? sum : 0, (control & 2) != 0 ? sum : 0);
    }
}
