// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/**
 * Shifts and rotates with their flags. Values go in with any extension and come out with any; counts are already masked
 * to 5 or 6 bits. A count of 0 changes no flag. OF is defined for a count of 1 only; for others it is what Intel
 * processors do: the same formula.
 */
final class Shifts {
    static final int ROL = 0;
    static final int ROR = 1;
    static final int RCL = 2;
    static final int RCR = 3;
    static final int SHL = 4;
    static final int SHR = 5;

    /** An undocumented synonym of SHL. */
    static final int SAL = 6;

    static final int SAR = 7;

    private Shifts() {}

    static long shift(Cpu cpu, int kind, long value, int count, int size) {
        if (count == 0) {
            return value;
        }
        return switch (kind) {
            case ROL -> rol(cpu, value, count, size);
            case ROR -> ror(cpu, value, count, size);
            case RCL -> rcl(cpu, value, count, size);
            case RCR -> rcr(cpu, value, count, size);
            case SHR -> shr(cpu, value, count, size);
            case SAR -> sar(cpu, value, count, size);
            default -> shl(cpu, value, count, size);
        };
    }

    private static long zeroExtend(long value, int bits) {
        return value << (64 - bits) >>> (64 - bits);
    }

    private static long signExtend(long value, int bits) {
        return value << (64 - bits) >> (64 - bits);
    }

    private static void flags(Cpu cpu, long result, int bits, boolean carry, boolean overflow) {
        cpu.flagResult = signExtend(result, bits);
        cpu.flagAux = 0;
        cpu.setCarryAndOverflow(carry, overflow);
    }

    static long shl(Cpu cpu, long value, int count, int size) {
        int bits = 8 * size;
        long result = value << count;
        boolean carry = count <= bits && (value >>> (bits - count) & 1) != 0;
        boolean sign = (result >>> (bits - 1) & 1) != 0;
        flags(cpu, result, bits, carry, carry != sign);
        return result;
    }

    static long shr(Cpu cpu, long value, int count, int size) {
        int bits = 8 * size;
        long all = zeroExtend(value, bits);
        long result = all >>> count;
        boolean carry = (all >>> (count - 1) & 1) != 0;
        boolean overflow = (result >>> (bits - 2) & 1) != 0;
        flags(cpu, result, bits, carry, overflow);
        return result;
    }

    static long sar(Cpu cpu, long value, int count, int size) {
        int bits = 8 * size;
        long all = signExtend(value, bits);
        long result = all >> count;
        flags(cpu, result, bits, (all >> (count - 1) & 1) != 0, false);
        return result;
    }

    private static long rol(Cpu cpu, long value, int count, int size) {
        int bits = 8 * size;
        int by = count & (bits - 1);
        long all = zeroExtend(value, bits);
        long result = by == 0 ? all : zeroExtend(all << by | all >>> (bits - by), bits);
        boolean carry = (result & 1) != 0;
        cpu.setCarryAndOverflow(carry, carry != ((result >>> (bits - 1) & 1) != 0));
        return result;
    }

    private static long ror(Cpu cpu, long value, int count, int size) {
        int bits = 8 * size;
        int by = count & (bits - 1);
        long all = zeroExtend(value, bits);
        long result = by == 0 ? all : zeroExtend(all >>> by | all << (bits - by), bits);
        topBitsFlags(cpu, result, bits, (result >>> (bits - 1) & 1) != 0);
        return result;
    }

    private static void topBitsFlags(Cpu cpu, long result, int bits, boolean carry) {
        cpu.setCarryAndOverflow(carry, ((result >>> (bits - 1) ^ result >>> (bits - 2)) & 1) != 0);
    }

    private static long rcl(Cpu cpu, long value, int count, int size) {
        int bits = 8 * size;
        int by = count % (bits + 1);
        long all = zeroExtend(value, bits);
        if (by == 0) {
            boolean carry = cpu.carry();
            cpu.setCarryAndOverflow(carry, carry != ((all >>> (bits - 1) & 1) != 0));
            return all;
        }
        long result = all << by | (long) cpu.carryBit() << (by - 1);
        if (by > 1) {
            result |= all >>> (bits + 1 - by);
        }
        result = zeroExtend(result, bits);
        boolean carry = (all >>> (bits - by) & 1) != 0;
        cpu.setCarryAndOverflow(carry, carry != ((result >>> (bits - 1) & 1) != 0));
        return result;
    }

    private static long rcr(Cpu cpu, long value, int count, int size) {
        int bits = 8 * size;
        int by = count % (bits + 1);
        long all = zeroExtend(value, bits);
        if (by == 0) {
            topBitsFlags(cpu, all, bits, cpu.carry());
            return all;
        }
        long result = (by == 64 ? 0 : all >>> by) | (long) cpu.carryBit() << (bits - by);
        if (by > 1) {
            result |= all << (bits + 1 - by);
        }
        result = zeroExtend(result, bits);
        topBitsFlags(cpu, result, bits, (all >>> (by - 1) & 1) != 0);
        return result;
    }

    /**
     * SHLD: {@code value} shifted left by {@code count}, filled from the top of {@code filler}. With 16-bit operands and
     * a count over 16 (undefined by the manual) Intel processors go on with {@code value} itself after the filler.
     */
    static long shld(Cpu cpu, long value, long filler, int count, int size) {
        if (count == 0) {
            return value;
        }
        int bits = 8 * size;
        long result;
        boolean carry;
        if (size == 2) {
            long both = (value & 0xFFFF) << 32 | (filler & 0xFFFF) << 16 | (value & 0xFFFF);
            result = both << count >>> 32;
            carry = (both >>> (48 - count) & 1) != 0;
        } else {
            result = value << count | zeroExtend(filler, bits) >>> (bits - count);
            carry = (value >>> (bits - count) & 1) != 0;
        }
        boolean sign = (result >>> (bits - 1) & 1) != 0;
        flags(cpu, result, bits, carry, sign != ((value >>> (bits - 1) & 1) != 0));
        return result;
    }

    /** SHRD: the mirror image of {@link #shld}. */
    static long shrd(Cpu cpu, long value, long filler, int count, int size) {
        if (count == 0) {
            return value;
        }
        int bits = 8 * size;
        long result;
        boolean carry;
        if (size == 2) {
            long both = (value & 0xFFFF) << 32 | (filler & 0xFFFF) << 16 | (value & 0xFFFF);
            result = both >>> count;
            carry = (both >>> (count - 1) & 1) != 0;
        } else {
            result = zeroExtend(value, bits) >>> count | filler << (bits - count);
            carry = (value >>> (count - 1) & 1) != 0;
        }
        topBitsOverflow(cpu, result, value, bits, carry);
        return result;
    }

    private static void topBitsOverflow(Cpu cpu, long result, long value, int bits, boolean carry) {
        flags(cpu, result, bits, carry, ((result ^ value) >>> (bits - 1) & 1) != 0);
    }
}
