// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** PCMPESTRM, PCMPESTRI, PCMPISTRM and PCMPISTRI (Intel SDM volume 2, section 4.1). */
final class StringCompareUnit {
    private static final int MASK_FORM = 0x60;
    private static final int EQUAL_ANY = 0;
    private static final int RANGES = 1;
    private static final int EQUAL_EACH = 2;

    private final Cpu cpu;
    private final SimdOperands simd;
    private final int[] first = new int[16];
    private final int[] second = new int[16];

    StringCompareUnit(Cpu cpu, SimdOperands simd) {
        this.cpu = cpu;
        this.simd = simd;
    }

    void execute(Instruction i) {
        int control = (int) i.immediate;
        boolean words = (control & 1) != 0;
        int count = words ? 8 : 16;
        simd.loadUnaligned(i);
        split(simd.low(i.reg), simd.high(i.reg), control, first);
        split(simd.low, simd.high, control, second);
        boolean explicit = i.opcode <= 0x61;
        int length1 = explicit ? length(cpu.gpr[Cpu.RAX], i.rexW, count) : length(first, count);
        int length2 = explicit ? length(cpu.gpr[Cpu.RDX], i.rexW, count) : length(second, count);
        int all = (1 << count) - 1;
        int result = aggregate(control >>> 2 & 3, count, length1, length2);
        result = switch (control >>> 4 & 3) {
            case 1 -> result ^ all;
            case 3 -> result ^ (1 << length2) - 1;
            default -> result;
        };
        boolean high = (control & 0x40) != 0;
        if ((i.opcode & ~2) == MASK_FORM) {
            if (high) {
                int half = count / 2;
                simd.set(0, expand(result, half), expand(result >>> half, half));
            } else {
                simd.set(0, result, 0);
            }
        } else {
            cpu.gpr[Cpu.RCX] = result == 0
                    ? count
                    : high ? 31 - Integer.numberOfLeadingZeros(result) : Integer.numberOfTrailingZeros(result);
        }
        cpu.setArithmeticFlags((result != 0 ? Cpu.FLAG_CF : 0)
                | (length2 < count ? Cpu.FLAG_ZF : 0)
                | (length1 < count ? Cpu.FLAG_SF : 0)
                | ((result & 1) != 0 ? Cpu.FLAG_OF : 0));
    }

    private static void split(long low, long high, int control, int[] elements) {
        boolean words = (control & 1) != 0;
        boolean signed = (control & 2) != 0;
        int width = words ? 16 : 8;
        int half = 64 / width;
        for (int n = 0; n < 2 * half; n++) {
            long bits = (n < half ? low : high) >>> width * (n % half);
            elements[n] = signed ? words ? (short) bits : (byte) bits : words ? (char) bits : (int) bits & 0xFF;
        }
    }

    private static int length(long register, boolean wide, int count) {
        long value = wide ? register : (int) register;
        return value <= -count || value >= count ? count : (int) Math.abs(value);
    }

    /** The number of elements before the first zero. */
    private static int length(int[] elements, int count) {
        int length = 0;
        while (length < count && elements[length] != 0) {
            length++;
        }
        return length;
    }

    /** One bit an element of the second operand. */
    private int aggregate(int kind, int count, int length1, int length2) {
        int result = 0;
        for (int at = 0; at < count; at++) {
            boolean holds =
                    switch (kind) {
                        case EQUAL_ANY -> at < length2 && isAny(second[at], length1);
                        case RANGES -> at < length2 && isInRange(second[at], length1);
                        case EQUAL_EACH ->
                            at < length1 && at < length2 ? first[at] == second[at] : at >= length1 && at >= length2;
                        default -> startsAt(at, count, length1, length2);
                    };
            result |= holds ? 1 << at : 0;
        }
        return result;
    }

    private boolean isAny(int element, int length1) {
        for (int n = 0; n < length1; n++) {
            if (first[n] == element) {
                return true;
            }
        }
        return false;
    }

    /** The first operand is pairs of bounds. */
    private boolean isInRange(int element, int length1) {
        for (int n = 0; n + 1 < length1; n += 2) {
            if (element >= first[n] && element <= first[n + 1]) {
                return true;
            }
        }
        return false;
    }

    /** Is the first operand a part of the second, as far as the second goes? */
    private boolean startsAt(int at, int count, int length1, int length2) {
        for (int n = 0; n < length1 && at + n < count; n++) {
            if (at + n >= length2 || first[n] != second[at + n]) {
                return false;
            }
        }
        return true;
    }

    /** Makes each of {@code count} bits a byte or word of ones. */
    private static long expand(int bits, int count) {
        int width = 64 / count;
        long result = 0;
        for (int n = 0; n < count; n++) {
            if ((bits >>> n & 1) != 0) {
                result |= (1L << width) - 1 << n * width;
            }
        }
        return result;
    }
}
