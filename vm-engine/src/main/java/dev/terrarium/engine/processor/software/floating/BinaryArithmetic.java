// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software.floating;

import java.math.BigInteger;

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

    /** The orders for which each predicate holds: bit 0 less, 1 equal, 2 greater, 3 unordered. */
    private static final int[] RELATIONS = {
        0b0010, 0b0001, 0b0011, 0b1000, 0b1101, 0b1110, 0b1100, 0b0111, 0b1010, 0b1001, 0b1011, 0, 0b0101, 0b0110,
        0b0100, 0b1111
    };

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

    /**
     * CMPxx with a predicate of AVX, 0 to 31, of which SSE has the first eight (Intel SDM volume 2, table 3-1); true if the
     * relation holds.
     */
    public boolean holds(Format format, long a, long b, int predicate) {
        int relation = predicate & 15;
        boolean signals = (relation + 1 & 2) != 0 != predicate >= 16;
        int order = compare(format, a, b, signals);
        int holdsFor = RELATIONS[relation];
        return (holdsFor >>> (order == UNORDERED ? 3 : order + 1) & 1) != 0;
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

    /**
     * Multiplies and adds with one rounding: left times right plus addend, of which product and addend may be negated first.
     * A NaN among the operands is the result as it is, whatever is negated.
     */
    public long fuse(Format format, long left, long right, long addend, boolean negateProduct, boolean negateAddend) {
        long a = input(format, left);
        long b = input(format, right);
        long c = input(format, addend);
        boolean invalidProduct =
                (format.isInfinite(a) && format.isZero(b)) || (format.isZero(a) && format.isInfinite(b));
        if (format.isNaN(a) || format.isNaN(b) || format.isNaN(c)) {
            if (format.isSignaling(a) || format.isSignaling(b) || format.isSignaling(c)) {
                flags |= INVALID;
            }
            return fusedNaN(format, a, b, c);
        }
        if (invalidProduct) {
            return invalid(format);
        }
        long productSign = (a ^ b) & format.signBit() ^ (negateProduct ? format.signBit() : 0);
        c ^= negateAddend ? format.signBit() : 0;
        boolean infiniteProduct = format.isInfinite(a) || format.isInfinite(b);
        if (infiniteProduct && format.isInfinite(c) && format.negative(c) != (productSign != 0)) {
            return invalid(format);
        }
        noteDenormal(format, a);
        noteDenormal(format, b);
        noteDenormal(format, c);
        if (infiniteProduct || format.isInfinite(c)) {
            return infiniteProduct ? productSign | format.infinity() : c;
        }
        if (stopped()) {
            return 0;
        }
        boolean zeroProduct = format.isZero(a) || format.isZero(b);
        if (zeroProduct && format.isZero(c)) {
            return productSign == c ? c : rounding == DOWN ? format.signBit() : 0;
        }
        if (zeroProduct) {
            setFinite(format, c);
        } else if (format.isZero(c)) {
            multiplyExact(
                    productSign != 0,
                    format.exponent(a),
                    format.significand(a),
                    format.exponent(b),
                    format.significand(b));
        } else if (addProduct(format, a, b, productSign != 0, c)) {
            return rounding == DOWN ? format.signBit() : 0;
        }
        return pack(format);
    }

    private static long fusedNaN(Format format, long a, long b, long c) {
        long first = format.isNaN(a) ? a : format.isNaN(b) ? b : c;
        return first | format.quietBit();
    }

    /** Makes the exact sum of a product and an addend that are finite and not zero; true if it is zero. */
    private boolean addProduct(Format format, long a, long b, boolean negative, long c) {
        BigInteger product = unsigned(format.significand(a)).multiply(unsigned(format.significand(b)));
        BigInteger other = unsigned(format.significand(c));
        int productScale = format.exponent(a) + format.exponent(b) - 126;
        int otherScale = format.exponent(c) - 63;
        int scale = Math.min(productScale, otherScale);
        product = product.shiftLeft(productScale - scale);
        other = other.shiftLeft(otherScale - scale);
        BigInteger sum = (negative ? product.negate() : product).add(format.negative(c) ? other.negate() : other);
        if (sum.signum() == 0) {
            return true;
        }
        BigInteger magnitude = sum.abs();
        int length = magnitude.bitLength();
        int excess = length - 128;
        boolean sticky = excess > 0 && magnitude.getLowestSetBit() < excess;
        BigInteger top = magnitude.shiftRight(excess);
        setExact(
                sum.signum() < 0,
                scale + length - 1,
                top.shiftRight(64).longValue(),
                top.longValue() | (sticky ? 1 : 0));
        return false;
    }

    private static BigInteger unsigned(long value) {
        BigInteger result = BigInteger.valueOf(value & Long.MAX_VALUE);
        return value < 0 ? result.setBit(63) : result;
    }

    /** Converts a half to a single, which is exact; its denormals are neither reported nor taken for zero. */
    public long halfToSingle(long operand) {
        if (Format.HALF.isNaN(operand) || Format.HALF.isInfinite(operand)) {
            return convert(Format.HALF, Format.SINGLE, operand);
        }
        setFinite(Format.HALF, operand);
        return packBinary(Format.SINGLE, false);
    }

    /**
     * Converts a single to a half; tiny results are never flushed to zero.
     *
     * @param mode a rounding mode, or a negative number for the one of MXCSR
     */
    public long singleToHalf(long operand, int mode) {
        boolean savedFlush = flushToZero;
        int savedRounding = rounding;
        flushToZero = false;
        rounding = mode < 0 ? rounding : mode;
        long result = convert(Format.SINGLE, Format.HALF, operand);
        rounding = savedRounding;
        flushToZero = savedFlush;
        return result;
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
