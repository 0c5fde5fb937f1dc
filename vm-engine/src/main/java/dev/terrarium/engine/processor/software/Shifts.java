// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/**
 * Shifts and rotates with their flags. Values go in with any extension and come out with any; counts are already masked
 * to 5 or 6 bits. A count of 0 changes no flag. OF is defined by the manual for a count of 1 only. For others it is here
 * what Intel processors were seen to make it: as if by the first of the single steps, but left alone by ROL and ROR of a
 * register with an immediate count.
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

    static long shift(Cpu cpu, int kind, long value, int count, boolean immediate, int size) {
        if (count == 0) {
            return value;
        }
        return switch (kind) {
            case ROL, ROR -> {
                boolean overflow = cpu.overflow();
                long result = kind == ROL ? rol(cpu, value, count, size) : ror(cpu, value, count, size);
                if (immediate && count != 1) {
                    cpu.setCarryAndOverflow(cpu.carry(), overflow);
                }
                yield result;
            }
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

    private static boolean bit(long value, int number) {
        return (value >>> number & 1) != 0;
    }

    /** Are the two upper bits different, so that one step to the left changes the sign? */
    private static boolean signChanges(long value, int bits) {
        return bit(value, bits - 1) != bit(value, bits - 2);
    }

    private static void flags(Cpu cpu, long result, int bits, boolean carry, boolean overflow) {
        cpu.flagResult = signExtend(result, bits);
        cpu.flagAux = 0;
        cpu.setCarryAndOverflow(carry, overflow);
    }

    static long shl(Cpu cpu, long value, int count, int size) {
        int bits = 8 * size;
        long result = value << count;
        flags(cpu, result, bits, count <= bits && bit(value, bits - count), signChanges(value, bits));
        return result;
    }

    static long shr(Cpu cpu, long value, int count, int size) {
        int bits = 8 * size;
        long all = zeroExtend(value, bits);
        long result = all >>> count;
        flags(cpu, result, bits, bit(all, count - 1), bit(all, bits - 1));
        return result;
    }

    static long sar(Cpu cpu, long value, int count, int size) {
        int bits = 8 * size;
        long all = signExtend(value, bits);
        long result = all >> count;
        flags(cpu, result, bits, bit(all, count - 1), false);
        return result;
    }

    private static long rol(Cpu cpu, long value, int count, int size) {
        int bits = 8 * size;
        int by = count & (bits - 1);
        long all = zeroExtend(value, bits);
        long result = by == 0 ? all : zeroExtend(all << by | all >>> (bits - by), bits);
        cpu.setCarryAndOverflow(bit(result, 0), signChanges(all, bits));
        return result;
    }

    private static long ror(Cpu cpu, long value, int count, int size) {
        int bits = 8 * size;
        int by = count & (bits - 1);
        long all = zeroExtend(value, bits);
        long result = by == 0 ? all : zeroExtend(all >>> by | all << (bits - by), bits);
        cpu.setCarryAndOverflow(bit(result, bits - 1), bit(all, bits - 1) != bit(all, 0));
        return result;
    }

    private static long rcl(Cpu cpu, long value, int count, int size) {
        int bits = 8 * size;
        int by = count % (bits + 1);
        long all = zeroExtend(value, bits);
        if (by == 0) {
            return all;
        }
        long result = all << by | (long) cpu.carryBit() << (by - 1);
        if (by > 1) {
            result |= all >>> (bits + 1 - by);
        }
        cpu.setCarryAndOverflow(bit(all, bits - by), signChanges(all, bits));
        return zeroExtend(result, bits);
    }

    private static long rcr(Cpu cpu, long value, int count, int size) {
        int bits = 8 * size;
        int by = count % (bits + 1);
        long all = zeroExtend(value, bits);
        if (by == 0) {
            return all;
        }
        long result = all >>> by | (long) cpu.carryBit() << (bits - by);
        if (by > 1) {
            result |= all << (bits + 1 - by);
        }
        cpu.setCarryAndOverflow(bit(all, by - 1), bit(all, bits - 1) != cpu.carry());
        return zeroExtend(result, bits);
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
            carry = bit(both, 48 - count);
        } else {
            result = value << count | zeroExtend(filler, bits) >>> (bits - count);
            carry = bit(value, bits - count);
        }
        flags(cpu, result, bits, carry, signChanges(value, bits));
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
            carry = bit(both, count - 1);
        } else {
            result = zeroExtend(value, bits) >>> count | filler << (bits - count);
            carry = bit(value, count - 1);
        }
        flags(cpu, result, bits, carry, bit(value, bits - 1) != bit(filler, 0));
        return result;
    }
}
