// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/**
 * Bit scans and counts, BMI1, shifts of two registers and rotations for compiled code, as static methods that are inlined
 * (Intel SDM volume 2). {@code bits} is the operand's width; operands are zero-extended where nothing else is said. Results
 * may have any bits above the width.
 */
final class CompiledBits {
    private static final long LOW_32 = 0xFFFF_FFFFL;

    /** {@link Cpu#flagCarries} with CF set and OF clear. */
    private static final long CARRY = 3L << 62;

    private CompiledBits() {}

    // ---- scans and counts

    /** BSF: {@code old} if there is no bit to find. */
    static long scanForward(long value, long old) {
        return value == 0 ? old : Long.numberOfTrailingZeros(value);
    }

    /** BSR. */
    static long scanReverse(long value, long old) {
        return value == 0 ? old : 63 - Long.numberOfLeadingZeros(value);
    }

    /** What BSF and BSR leave as {@link FlagKind#LOGIC}: ZF for nothing found, else PF of the position and no SF. */
    static long scanned(long value, long position) {
        return value == 0 ? 0 : position & 0xFF | 0x100;
    }

    static long trailingZeros(long value, int bits) {
        return Math.min(Long.numberOfTrailingZeros(value), bits);
    }

    static long leadingZeros(long value, int bits) {
        return Long.numberOfLeadingZeros(value) - (64 - bits);
    }

    static long count(long value, int bits) {
        return Long.bitCount(value);
    }

    /** 0 or 1, for POPCNT's {@link FlagKind#ORDER}: only ZF can be set. */
    static long isNotZero(long value) {
        return value == 0 ? 0 : 1;
    }

    /** {@link Cpu#flagCarries} with CF telling that the value is zero, or that it is not. */
    static long carryIfZero(long value) {
        return value == 0 ? CARRY : 0;
    }

    static long carryUnlessZero(long value) {
        return value == 0 ? 0 : CARRY;
    }

    // ---- BMI

    /** BEXTR. */
    static long extract(long value, long control) {
        long field = (control & 0xFF) < 64 ? value >>> control : 0;
        int length = (int) (control >>> 8) & 0xFF;
        return length < 64 ? field & ~(-1L << length) : field;
    }

    /** BZHI. */
    static long zeroHigh(long value, long index) {
        return (index & 0xFF) < 64 ? value & ~(-1L << index) : value;
    }

    /** {@link Cpu#flagCarries} after BZHI: CF if the index is beyond the operand. */
    static long carryIfBeyond(long index, int bits) {
        return (index & 0xFF) >= bits ? CARRY : 0;
    }

    // ---- shifts of two registers; the count, which may be 0, is less than the width

    static long shiftLeftDouble32(long value, long filler, int count) {
        return (value << 32 | filler & LOW_32) << count >>> 32;
    }

    static long shiftLeftDouble64(long value, long filler, int count) {
        return value << count | filler >>> 1 >>> (63 - count);
    }

    static long shiftRightDouble32(long value, long filler, int count) {
        return (filler << 32 | value & LOW_32) >>> count;
    }

    static long shiftRightDouble64(long value, long filler, int count) {
        return value >>> count | filler << 1 << (63 - count);
    }

    /** {@link Cpu#flagCarries} after SHLD and, with another filler, SHRD by a count that is not 0. */
    static long carriesLeft(long value, long filler, int count, int bits) {
        return FlagKind.carryAndOverflow(
                value >>> (bits - count) & 1, (value >>> (bits - 1) ^ value >>> (bits - 2)) & 1);
    }

    static long carriesRight(long value, long filler, int count, int bits) {
        return FlagKind.carryAndOverflow(value >>> (count - 1) & 1, (value >>> (bits - 1) ^ filler) & 1);
    }

    // ---- rotations by a masked count; see Shifts

    static long rotateLeft(long value, int count, int bits) {
        int by = count & bits - 1;
        return by == 0 ? value : value << by | value >>> (bits - by);
    }

    static long rotateRight(long value, int count, int bits) {
        int by = count & bits - 1;
        return by == 0 ? value : value >>> by | value << (bits - by);
    }

    /** {@link Cpu#flagCarries} after a rotation of {@code value} that gave {@code result}. */
    static long carriesOfRotationLeft(long value, long result, int bits) {
        return FlagKind.carryAndOverflow(result & 1, (value >>> (bits - 1) ^ value >>> (bits - 2)) & 1);
    }

    static long carriesOfRotationRight(long value, long result, int bits) {
        return FlagKind.carryAndOverflow(result >>> (bits - 1) & 1, (value >>> (bits - 1) ^ value) & 1);
    }

    /** RCL and RCR by 1 to {@code bits} - 1. */
    static long rotateLeftThroughCarry(long value, long carry, int count, int bits) {
        return value << count | carry << (count - 1) | value >>> 1 >>> (bits - count);
    }

    static long rotateRightThroughCarry(long value, long carry, int count, int bits) {
        return value >>> count | carry << (bits - count) | value << 1 << (bits - count);
    }

    static long carriesOfRcl(long value, long carry, int count, int bits) {
        return FlagKind.carryAndOverflow(
                value >>> (bits - count) & 1, (value >>> (bits - 1) ^ value >>> (bits - 2)) & 1);
    }

    static long carriesOfRcr(long value, long carry, int count, int bits) {
        return FlagKind.carryAndOverflow(value >>> (count - 1) & 1, (value >>> (bits - 1) ^ carry) & 1);
    }

    // ---- division

    /** Does DIV's quotient of {@code high:low} fit 64 bits? */
    static boolean divides64(long high, long divisor) {
        return Long.compareUnsigned(high, divisor) < 0;
    }

    static long quotient64(long high, long low, long divisor) {
        return high == 0 ? Long.divideUnsigned(low, divisor) : Multiplication.quotient128(high, low, divisor);
    }

    /** Is IDIV's dividend one of 64 bits, and its quotient too? */
    static boolean dividesSigned64(long high, long low, long divisor) {
        return high == low >> 63 && divisor != 0 && (divisor != -1 || low != Long.MIN_VALUE);
    }

    /** IDIV's quotient of 32 bits; {@link Long#MIN_VALUE} if there is none. */
    static long quotientSigned32(long dividend, long divisor) {
        if (divisor == 0 || dividend == Long.MIN_VALUE) {
            return Long.MIN_VALUE;
        }
        long quotient = dividend / divisor;
        return quotient == (int) quotient ? quotient : Long.MIN_VALUE;
    }
}
