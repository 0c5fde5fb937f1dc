// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** What AVX instructions read and write: YMM registers as four quadwords, and memory. */
final class VectorRegisters {
    final Cpu cpu;
    final Mmu mmu;
    final MemoryOperand operands;
    private final long[] xmm;
    private final long[] upper;

    /** The operand that {@link #load} read: quadwords, the lowest first. */
    final long[] source = new long[4];

    /** The result that {@link #store} writes. */
    final long[] result = new long[4];

    VectorRegisters(Cpu cpu, Mmu mmu, MemoryOperand operands) {
        this.cpu = cpu;
        this.mmu = mmu;
        this.operands = operands;
        this.xmm = cpu.floatingPoint.xmm;
        this.upper = cpu.floatingPoint.upper;
    }

    static int lanes(Instruction i) {
        return i.vexL ? 2 : 1;
    }

    /** One of the four quadwords of a register. */
    long get(int register, int quadword) {
        return quadword < 2 ? xmm[2 * register + quadword] : upper[2 * register + quadword - 2];
    }

    private void set(int register, int quadword, long value) {
        if (quadword < 2) {
            xmm[2 * register + quadword] = value;
        } else {
            upper[2 * register + quadword - 2] = value;
        }
    }

    /** Reads the register or {@code bytes} bytes of memory, a multiple of 2, which need not be aligned. */
    void load(Instruction i, int bytes) {
        if (!i.memory) {
            for (int n = 0; n < 4; n++) {
                source[n] = get(i.rm, n);
            }
            return;
        }
        long linear = operands.forRead(i, bytes);
        for (int n = 0; 8 * n < bytes; n++) {
            source[n] = switch (bytes - 8 * n) {
                case 2 -> mmu.read16(linear);
                case 4 -> mmu.read32(linear) & 0xFFFF_FFFFL;
                default -> mmu.read64(linear + 8L * n);
            };
        }
    }

    /** Reads the register or the whole vector in memory. */
    void load(Instruction i) {
        load(i, 16 * lanes(i));
    }

    /** Writes {@link #result} to a register: 128 bits and zeros, or 256 bits. */
    void store(int register, int lanes) {
        xmm[2 * register] = result[0];
        xmm[2 * register + 1] = result[1];
        upper[2 * register] = lanes == 2 ? result[2] : 0;
        upper[2 * register + 1] = lanes == 2 ? result[3] : 0;
    }

    void clearUpper(int register) {
        upper[2 * register] = 0;
        upper[2 * register + 1] = 0;
    }

    /** An element of a register of 4 or 8 bytes, zero-extended. */
    long element(int register, int size, int index) {
        long quadword = get(register, index * size / 8);
        return size == 8 ? quadword : quadword >>> 32 * (index & 1) & 0xFFFF_FFFFL;
    }

    /** The same of {@link #source}. */
    long sourceElement(int size, int index) {
        long quadword = source[index * size / 8];
        return size == 8 ? quadword : quadword >>> 32 * (index & 1) & 0xFFFF_FFFFL;
    }

    void setElement(int register, int size, int index, long value) {
        set(register, index * size / 8, placed(get(register, index * size / 8), size, index, value));
    }

    void setResultElement(int size, int index, long value) {
        result[index * size / 8] = placed(result[index * size / 8], size, index, value);
    }

    private static long placed(long quadword, int size, int index, long value) {
        if (size == 8) {
            return value;
        }
        int shift = 32 * (index & 1);
        return quadword & ~(0xFFFF_FFFFL << shift) | (value & 0xFFFF_FFFFL) << shift;
    }

    void clearResult() {
        java.util.Arrays.fill(result, 0);
    }
}
