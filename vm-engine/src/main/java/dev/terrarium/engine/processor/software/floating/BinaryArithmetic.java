// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software.floating;

/**
 * SSE arithmetic on one element (Intel SDM volume 1, section 11.5 and appendix E): 32-bit values in the low half of a long,
 * or 64-bit ones. {@link #begin} takes the MXCSR; the flags an instruction raised are in {@link #flags} afterwards.
 */
public final class BinaryArithmetic extends FloatingArithmetic {
    public static final int DENORMALS_ARE_ZERO = 1 << 6;
    public static final int FLUSH_TO_ZERO = 1 << 15;
    private static final int MASK_SHIFT = 7;
    private static final int ROUNDING_SHIFT = 13;

    /** Results of {@link #compare}. */
    public static final int LESS = -1;

    public static final int EQUAL = 0;
    public static final int GREATER = 1;
    public static final int UNORDERED = 2;

    private boolean denormalsAreZero;
    private boolean flushToZero;

    /** Starts an instruction under this MXCSR. */
    public void begin(int mxcsr) {
        rounding = (mxcsr >>> ROUNDING_SHIFT) & 3;
        masks = (mxcsr >>> MASK_SHIFT) & 0x3F;
        flushToZero = (mxcsr & FLUSH_TO_ZERO) != 0;
        denormalsAreZero = (mxcsr & DENORMALS_ARE_ZERO) != 0;
        flags = 0;
    }

    private long input(Format format, long value) {
        return denormalsAreZero && format.isDenormal(value) ? value & format.signBit() : value;
    }

    private void noteDenormal(Format format, long value) {
        if (format.isDenormal(value)) {
            flags |= DENORMAL;
        }
    }

    private long propagate(Format format, long a, long b) {
        if (format.isSignaling(a) || format.isSignaling(b)) {
            flags |= INVALID;
        }
        return (format.isNaN(a) ? a : b) | format.quietBit();
    }

    private long invalid(Format format) {
        flags |= INVALID;
        return format.defaultNaN();
    }

    private long pack(Format format) {
        return packBinary(format, flushToZero);
    }

    public long subtract(Format format, long a, long b) {
        return format.isNaN(b) ? add(format, a, b) : add(format, a, b ^ format.signBit());
    }

    public long add(Format format, long left, long right) {
        long a = input(format, left);
        long b = input(format, right);
        if (format.isNaN(a) || format.isNaN(b)) {
            return propagate(format, a, b);
        }
        if (format.isInfinite(a) && format.isInfinite(b) && a != b) {
            return invalid(format);
        }
        noteDenormal(format, a);
        noteDenormal(format, b);
        if (format.isInfinite(a) || format.isInfinite(b)) {
            return format.isInfinite(a) ? a : b;
        }
        if (format.isZero(a) && format.isZero(b)) {
            return a == b ? a : rounding == DOWN ? format.signBit() : 0;
        }
        if (stopped()) {
            return 0;
        }
        if (format.isZero(a) || format.isZero(b)) {
            setFinite(format, format.isZero(a) ? b : a);
        } else {
            addExact(
                    format.negative(a),
                    format.exponent(a),
                    format.significand(a),
                    format.negative(b),
                    format.exponent(b),
                    format.significand(b));
        }
        return pack(format);
    }

    private void setFinite(Format format, long value) {
        if (format.isZero(value)) {
            zero = true;
            sign = format.negative(value);
        } else {
            setExact(format.negative(value), format.exponent(value), format.significand(value), 0);
        }
    }

    public long multiply(Format format, long left, long right) {
        long a = input(format, left);
        long b = input(format, right);
        if (format.isNaN(a) || format.isNaN(b)) {
            return propagate(format, a, b);
        }
        long resultSign = (a ^ b) & format.signBit();
        if ((format.isInfinite(a) && format.isZero(b)) || (format.isZero(a) && format.isInfinite(b))) {
            return invalid(format);
        }
        noteDenormal(format, a);
        noteDenormal(format, b);
        if (format.isInfinite(a) || format.isInfinite(b)) {
            return resultSign | format.infinity();
        }
        if (format.isZero(a) || format.isZero(b)) {
            return resultSign;
        }
        if (stopped()) {
            return 0;
        }
        multiplyExact(
                resultSign != 0, format.exponent(a), format.significand(a), format.exponent(b), format.significand(b));
        return pack(format);
    }

    public long divide(Format format, long left, long right) {
        long a = input(format, left);
        long b = input(format, right);
        if (format.isNaN(a) || format.isNaN(b)) {
            return propagate(format, a, b);
        }
        long resultSign = (a ^ b) & format.signBit();
        if ((format.isInfinite(a) && format.isInfinite(b)) || (format.isZero(a) && format.isZero(b))) {
            return invalid(format);
        }
        if (format.isZero(b)) {
            if (!format.isInfinite(a)) {
                flags |= ZERO_DIVIDE;
            }
            return resultSign | format.infinity();
        }
        noteDenormal(format, a);
        noteDenormal(format, b);
        if (format.isInfinite(a)) {
            return resultSign | format.infinity();
        }
        if (format.isInfinite(b) || format.isZero(a)) {
            return resultSign;
        }
        if (stopped()) {
            return 0;
        }
        divideExact(
                resultSign != 0, format.exponent(a), format.significand(a), format.exponent(b), format.significand(b));
        return pack(format);
    }

    public long squareRoot(Format format, long operand) {
        long a = input(format, operand);
        if (format.isNaN(a)) {
            return propagate(format, a, a);
        }
        if (format.isZero(a)) {
            return a;
        }
        if (format.negative(a)) {
            return invalid(format);
        }
        noteDenormal(format, a);
        if (format.isInfinite(a)) {
            return a;
        }
        if (stopped()) {
            return 0;
        }
        squareRootExact(format.exponent(a), format.significand(a));
        return pack(format);
    }

    /** MIN: the second operand when either is a NaN or both are zero. */
    public long minimum(Format format, long left, long right) {
        long a = input(format, left);
        long b = input(format, right);
        return compare(format, a, b, true) == LESS ? a : b;
    }

    public long maximum(Format format, long left, long right) {
        long a = input(format, left);
        long b = input(format, right);
        return compare(format, a, b, true) == GREATER ? a : b;
    }

    /**
     * Compares two numbers.
     *
     * @param signalsQuiet whether a quiet NaN raises INVALID too
     */
    public int compare(Format format, long left, long right, boolean signalsQuiet) {
        long a = input(format, left);
        long b = input(format, right);
        if (format.isNaN(a) || format.isNaN(b)) {
            if (signalsQuiet || format.isSignaling(a) || format.isSignaling(b)) {
                flags |= INVALID;
            }
            return UNORDERED;
        }
        noteDenormal(format, a);
        noteDenormal(format, b);
        if (format.isZero(a) && format.isZero(b)) {
            return EQUAL;
        }
        return Long.compare(ordered(format, a), ordered(format, b));
    }

    private static long ordered(Format format, long value) {
        long magnitude = format.magnitude(value);
        return format.negative(value) ? -magnitude : magnitude;
    }

    /** CMPxx with predicate 0 to 7: true if the relation holds. */
    public boolean holds(Format format, long a, long b, int predicate) {
        boolean signals = (predicate & 3) == 1 || (predicate & 3) == 2;
        int order = compare(format, a, b, signals);
        boolean plain =
                switch (predicate & 3) {
                    case 0 -> order == EQUAL;
                    case 1 -> order == LESS;
                    case 2 -> order == LESS || order == EQUAL;
                    default -> order == UNORDERED;
                };
        return plain != (predicate >= 4);
    }

    /** Converts to a signed integer of 32 or 64 bits; the integer indefinite value if it does not fit. */
    public long toInteger(Format format, long operand, int bits, boolean truncate) {
        long a = input(format, operand);
        if (format.isNaN(a) || format.isInfinite(a)) {
            flags |= INVALID;
            return -1L << (bits - 1);
        }
        setFinite(format, a);
        return roundToInteger(bits, truncate ? TRUNCATE : rounding);
    }

    /**
     * Rounds to an integer in the same format (ROUNDSS and its like).
     *
     * @param mode a rounding mode, or a negative number for the one of MXCSR
     * @param quiet whether an inexact result goes unreported
     */
    public long roundToIntegral(Format format, long operand, int mode, boolean quiet) {
        long a = input(format, operand);
        if (format.isNaN(a)) {
            return propagate(format, a, a);
        }
        if (format.isInfinite(a) || format.isZero(a) || stopped()) {
            return a;
        }
        setFinite(format, a);
        if (exponent >= format.fractionBits()) {
            return a;
        }
        int saved = rounding;
        rounding = mode < 0 ? rounding : mode;
        boolean inexact = roundToUnits();
        rounding = saved;
        if (inexact && !quiet) {
            flags |= PRECISION;
        }
        if (high == 0) {
            return a & format.signBit();
        }
        int shift = Long.numberOfLeadingZeros(high);
        setExact(sign, 63 - shift, high << shift, 0);
        return pack(format);
    }

    public long fromInteger(Format format, long value) {
        if (value == 0) {
            return 0;
        }
        long magnitude = Math.abs(value);
        int shift = Long.numberOfLeadingZeros(magnitude);
        setExact(value < 0, 63 - shift, magnitude << shift, 0);
        return pack(format);
    }

    /** Converts from one format to the other. */
    public long convert(Format from, Format to, long operand) {
        long a = input(from, operand);
        long signBit = from.negative(a) ? to.signBit() : 0;
        if (from.isNaN(a)) {
            if (from.isSignaling(a)) {
                flags |= INVALID;
            }
            long fraction = a & from.fractionMask();
            int shift = to.fractionBits() - from.fractionBits();
            long converted = shift > 0 ? fraction << shift : fraction >>> -shift;
            return signBit | to.infinity() | to.quietBit() | converted;
        }
        if (from.isInfinite(a)) {
            return signBit | to.infinity();
        }
        noteDenormal(from, a);
        if (stopped()) {
            return 0;
        }
        setFinite(from, a);
        return pack(to);
    }
}
