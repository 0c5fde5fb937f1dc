// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software.floating;

/**
 * Exact arithmetic on unpacked numbers, and the rounding of its results.
 *
 * <p>A finite number that is not zero is a sign, an unbiased exponent and a significand with its top bit set: its value is
 * significand / 2<sup>63</sup> times 2<sup>exponent</sup>. An exact result has 128 bits, of which the last is sticky: it
 * stands for everything below it. One object is one processor's; nothing is allocated by any operation.
 */
public abstract sealed class FloatingArithmetic permits BinaryArithmetic, ExtendedArithmetic {
    public static final int INVALID = 1;
    public static final int DENORMAL = 1 << 1;
    public static final int ZERO_DIVIDE = 1 << 2;
    public static final int OVERFLOW = 1 << 3;
    public static final int UNDERFLOW = 1 << 4;
    public static final int PRECISION = 1 << 5;

    /** Exceptions that are found before a result is computed: if one is unmasked, there is no result. */
    public static final int BEFORE_RESULT = INVALID | DENORMAL | ZERO_DIVIDE;

    /** Rounding modes, as the RC fields of the x87 control word and MXCSR encode them. */
    public static final int NEAREST = 0;

    public static final int DOWN = 1;
    public static final int UP = 2;
    public static final int TRUNCATE = 3;

    protected static final long TOP_BIT = Long.MIN_VALUE;

    protected int rounding;

    /** The exceptions that are masked. */
    protected int masks;

    /** The exceptions raised since the operation began. */
    protected int flags;

    /** The last rounding increased the magnitude. */
    protected boolean roundedUp;

    protected boolean sign;
    protected int exponent;
    protected long high;
    protected long low;

    /** The exact result is zero; sign says which. */
    protected boolean zero;

    /** The remainder of the last {@link #divideWide}. */
    private long wideRemainder;

    public final int flags() {
        return flags;
    }

    public final void raise(int raised) {
        flags |= raised;
    }

    /** Takes back that the result was rounded. */
    public final void forgetRounding() {
        flags &= ~PRECISION;
        roundedUp = false;
    }

    public final boolean roundedUp() {
        return roundedUp;
    }

    /** Has an exception been raised that keeps the operation from having a result? */
    public final boolean stopped() {
        return (flags & ~masks & BEFORE_RESULT) != 0;
    }

    protected final void setExact(boolean newSign, int newExponent, long newHigh, long newLow) {
        sign = newSign;
        exponent = newExponent;
        high = newHigh;
        low = newLow;
        zero = false;
    }

    protected final void addExact(boolean signA, int exponentA, long a, boolean signB, int exponentB, long b) {
        if (exponentA < exponentB || (exponentA == exponentB && Long.compareUnsigned(a, b) < 0)) {
            addOrdered(signB, exponentB, b, signA, exponentA, a);
        } else {
            addOrdered(signA, exponentA, a, signB, exponentB, b);
        }
    }

    /** Adds two numbers, the first of which has the larger or equal magnitude. */
    private void addOrdered(boolean signA, int exponentA, long a, boolean signB, int exponentB, long b) {
        setExact(signA, exponentA, b, 0);
        shiftRight(exponentA - exponentB);
        if (signA == signB) {
            high += a;
            if (Long.compareUnsigned(high, a) < 0) {
                low = (low >>> 1) | (low & 1) | (high << 63);
                high = (high >>> 1) | TOP_BIT;
                exponent++;
            }
            return;
        }
        high = a - high - (low != 0 ? 1 : 0);
        low = -low;
        if ((high | low) == 0) {
            zero = true;
            sign = rounding == DOWN;
        } else {
            normalize();
        }
    }

    protected final void normalize() {
        if (high == 0) {
            high = low;
            low = 0;
            exponent -= 64;
        }
        int shift = Long.numberOfLeadingZeros(high);
        if (shift != 0) {
            high = (high << shift) | (low >>> (64 - shift));
            low <<= shift;
            exponent -= shift;
        }
    }

    /** Shifts high:low right; what falls out stays in the sticky bit. */
    protected final void shiftRight(int count) {
        if (count == 0) {
            return;
        }
        if (count < 64) {
            long lost = low << (64 - count);
            low = (low >>> count) | (high << (64 - count)) | (lost != 0 ? 1 : 0);
            high >>>= count;
        } else if (count < 128) {
            long lost = low | (count == 64 ? 0 : high << (128 - count));
            low = (count == 64 ? high | (low != 0 ? 1 : 0) : high >>> (count - 64)) | (lost != 0 ? 1 : 0);
            high = 0;
        } else {
            low = (high | low) != 0 ? 1 : 0;
            high = 0;
        }
    }

    protected final void multiplyExact(boolean resultSign, int exponentA, long a, int exponentB, long b) {
        setExact(resultSign, exponentA + exponentB + 1, Math.unsignedMultiplyHigh(a, b), a * b);
        if (high >= 0) {
            high = (high << 1) | (low >>> 63);
            low <<= 1;
            exponent--;
        }
    }

    protected final void divideExact(boolean resultSign, int exponentA, long a, int exponentB, long b) {
        boolean less = Long.compareUnsigned(a, b) < 0;
        long quotient = less ? divideWide(a, 0, b) : divideWide(a >>> 1, a << 63, b);
        long rest = wideRemainder;
        long fraction = 0;
        if (rest != 0) {
            int half = rest < 0 ? 1 : Long.compareUnsigned(rest << 1, b);
            fraction = half < 0 ? 1 : half == 0 ? TOP_BIT : TOP_BIT | 1;
        }
        setExact(resultSign, exponentA - exponentB - (less ? 1 : 0), quotient, fraction);
    }

    protected final void squareRootExact(int exponentA, long a) {
        boolean odd = (exponentA & 1) != 0;
        long top = odd ? a : a >>> 1;
        long bottom = odd ? 0 : a << 63;
        double estimate = Math.sqrt((double) (top >>> 1) * 2) * 0x1p31;
        long root = (long) Math.min(estimate, 0x1.fffffffffffffp62) << 1;
        long quotient = Long.compareUnsigned(top, root) >= 0 ? -1 : divideWide(top, bottom, root);
        root = (root & quotient) + ((root ^ quotient) >>> 1);
        long restHigh;
        long rest;
        while (true) {
            long squareHigh = Math.unsignedMultiplyHigh(root, root);
            long square = root * root;
            restHigh = top - squareHigh - (Long.compareUnsigned(bottom, square) < 0 ? 1 : 0);
            rest = bottom - square;
            if (restHigh < 0) {
                root--;
            } else if (restHigh > 1 || (restHigh == 1 && (root >= 0 || Long.compareUnsigned(rest, root << 1) > 0))) {
                root++;
            } else {
                break;
            }
        }
        boolean aboveHalf = restHigh != 0 || Long.compareUnsigned(rest, root) > 0;
        setExact(false, exponentA >> 1, root, (restHigh | rest) == 0 ? 0 : aboveHalf ? TOP_BIT | 1 : 1);
    }

    /**
     * Divides the 128-bit number top:bottom by a divisor that is greater than top and has its top bit set; leaves the
     * remainder in {@link #wideRemainder}. Two steps of schoolbook division in base 2<sup>32</sup>.
     */
    protected final long divideWide(long top, long bottom, long divisor) {
        long first = divideStep(top, bottom >>> 32, divisor);
        long second = divideStep(wideRemainder, bottom & 0xFFFF_FFFFL, divisor);
        return (first << 32) | second;
    }

    private long divideStep(long top, long digit, long divisor) {
        long leading = divisor >>> 32;
        long trailing = divisor & 0xFFFF_FFFFL;
        long guess = Long.divideUnsigned(top, leading);
        long rest = top - guess * leading;
        while (guess >>> 32 != 0 || Long.compareUnsigned(guess * trailing, (rest << 32) | digit) > 0) {
            guess--;
            rest += leading;
            if (rest >>> 32 != 0) {
                break;
            }
        }
        wideRemainder = ((top << 32) | digit) - guess * divisor;
        return guess;
    }

    protected final long wideRemainder() {
        return wideRemainder;
    }

    private boolean roundsAway(long kept, long rest, long unit) {
        return switch (rounding) {
            case NEAREST -> {
                int half;
                if (unit == 1) {
                    half = Long.compareUnsigned(low, TOP_BIT);
                } else if (rest == unit >>> 1) {
                    half = low != 0 ? 1 : 0;
                } else {
                    half = Long.compareUnsigned(rest, unit >>> 1);
                }
                yield half > 0 || (half == 0 && (kept & unit) != 0);
            }
            case DOWN -> sign;
            case UP -> !sign;
            default -> false;
        };
    }

    /** Rounds to the first {@code bits} bits of high; true if that changed the value. */
    protected final boolean round(int bits) {
        long unit = 1L << (64 - bits);
        long rest = high & (unit - 1);
        boolean inexact = (rest | low) != 0;
        roundedUp = false;
        if (inexact) {
            long kept = high & -unit;
            if (roundsAway(kept, rest, unit)) {
                kept += unit;
                roundedUp = true;
                if (kept == 0) {
                    kept = TOP_BIT;
                    exponent++;
                }
            }
            high = kept;
            low = 0;
        }
        return inexact;
    }

    /** Would {@link #round} reach the next power of two? */
    protected final boolean roundingCarries(int bits) {
        long unit = 1L << (64 - bits);
        long kept = high & -unit;
        long rest = high & (unit - 1);
        return kept == -unit && (rest | low) != 0 && roundsAway(kept, rest, unit);
    }

    /** Does an overflow in this direction become infinity rather than the largest finite number? */
    protected final boolean overflowsToInfinity() {
        return switch (rounding) {
            case NEAREST -> true;
            case DOWN -> sign;
            case UP -> !sign;
            default -> false;
        };
    }

    /**
     * Rounds the exact result to a signed integer of {@code bits} bits. Raises PRECISION, or INVALID with the
     * integer-indefinite value.
     */
    protected final long roundToInteger(int bits, int mode) {
        long indefinite = -1L << (bits - 1);
        if (zero) {
            return 0;
        }
        if (exponent > 63) {
            flags |= INVALID;
            return indefinite;
        }
        int saved = rounding;
        rounding = mode;
        boolean inexact = roundToUnits();
        rounding = saved;
        long limit = 1L << (bits - 1);
        boolean wrapped = high == 0 && roundedUp;
        int compared = Long.compareUnsigned(high, limit);
        if (wrapped || compared > 0 || (compared == 0 && !sign)) {
            roundedUp = false;
            flags |= INVALID;
            return indefinite;
        }
        if (inexact) {
            flags |= PRECISION;
        }
        return sign ? -high : high;
    }

    /** Rounds the exact result, of exponent 63 at most, to an integer in high (0 after a carry); true if inexact. */
    protected final boolean roundToUnits() {
        shiftRight(63 - exponent);
        exponent = 63;
        boolean inexact = low != 0;
        roundedUp = inexact && roundsAway(high, 0, 1);
        if (roundedUp) {
            high++;
        }
        low = 0;
        return inexact;
    }

    /**
     * Rounds the exact result to a format of IEEE 754 and packs it. When an unmasked overflow or underflow is raised the
     * value returned has no meaning.
     *
     * @param flushToZero replace a tiny result by zero if underflow is masked
     */
    protected final long packBinary(Format format, boolean flushToZero) {
        long signBit = sign ? 1L << (format.bits() - 1) : 0;
        roundedUp = false;
        if (zero) {
            return signBit;
        }
        int bits = format.fractionBits() + 1;
        if (exponent + format.bias() <= 0) {
            return packTiny(format, signBit, flushToZero);
        }
        if (round(bits)) {
            flags |= PRECISION;
        }
        int biased = exponent + format.bias();
        if (biased >= format.specialExponent()) {
            flags |= OVERFLOW;
            if ((masks & OVERFLOW) == 0) {
                return 0;
            }
            flags |= PRECISION;
            roundedUp = overflowsToInfinity();
            return signBit | (format.infinity() - (roundedUp ? 0 : 1));
        }
        return signBit
                | ((long) biased << format.fractionBits())
                | ((high & ~TOP_BIT) >>> (63 - format.fractionBits()));
    }

    private long packTiny(Format format, long signBit, boolean flushToZero) {
        int bits = format.fractionBits() + 1;
        int biased = exponent + format.bias();
        boolean tiny = biased < 0 || !roundingCarries(bits);
        if (tiny && (masks & UNDERFLOW) == 0) {
            flags |= UNDERFLOW | (round(bits) ? PRECISION : 0);
            return 0;
        }
        if (tiny && flushToZero) {
            flags |= UNDERFLOW | PRECISION;
            return signBit;
        }
        shiftRight(1 - biased);
        if (round(bits)) {
            flags |= PRECISION | (tiny ? UNDERFLOW : 0);
        }
        // A carry into the integer bit is the smallest normal number, and lands where its exponent field is.
        return signBit | (high >>> (63 - format.fractionBits()));
    }
}
