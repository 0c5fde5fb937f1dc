// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software.floating;

/**
 * x87 arithmetic on the 80-bit extended format (Intel SDM volume 1, chapter 8). A number is a sign-and-exponent int (bit 15
 * the sign, below it the biased exponent) and a significand whose bit 63 is the explicit integer bit. An operation leaves
 * its result in {@link #signExponent} and {@link #significand}, and what it raised in {@link #flags}; there is no result
 * while {@link #stopped} holds.
 */
public final class ExtendedArithmetic extends FloatingArithmetic {
    public static final int SIGN = 0x8000;
    public static final int SPECIAL = 0x7FFF;
    public static final int BIAS = 16383;

    /** The fraction bit that makes a NaN quiet. */
    public static final long QUIET = 1L << 62;

    public static final int DEFAULT_NAN_EXPONENT = SIGN | SPECIAL;
    public static final long DEFAULT_NAN_SIGNIFICAND = TOP_BIT | QUIET;

    /** What an overflow or underflow that is not masked adds to or takes from the exponent. */
    private static final int EXPONENT_ADJUSTMENT = 24576;

    public static final int LESS = -1;
    public static final int EQUAL = 0;
    public static final int GREATER = 1;
    public static final int UNORDERED = 2;

    /** Significand bits by the precision-control field; 1 is reserved and acts as 64 bits. */
    private static final int[] PRECISION_BITS = {24, 64, 53, 64};

    /** Truncated to 64 bits. */
    private static final long[] CONSTANTS = {
        0x8000_0000_0000_0000L,
        0xD49A_784B_CD1B_8AFEL,
        0xB8AA_3B29_5C17_F0BBL,
        0xC90F_DAA2_2168_C234L,
        0x9A20_9A84_FBCF_F798L,
        0xB172_17F7_D1CF_79ABL,
        0
    };

    private static final int[] CONSTANT_EXPONENTS = {BIAS, BIAS + 1, BIAS, BIAS + 1, BIAS - 2, BIAS - 1, 0};
    private static final boolean[] CONSTANT_NEAREST_IS_UP = {false, false, true, true, true, true, false};

    private int precision;
    private int signExponent;
    private long significand;

    /** The last remainder is complete, and the low three bits of its quotient. */
    private boolean complete;

    private int quotient;

    /** Starts an instruction under this x87 control word. */
    public void begin(int control) {
        rounding = (control >>> 10) & 3;
        masks = control & 0x3F;
        precision = PRECISION_BITS[(control >>> 8) & 3];
        flags = 0;
        roundedUp = false;
    }

    public int signExponent() {
        return signExponent;
    }

    public long significand() {
        return significand;
    }

    public boolean complete() {
        return complete;
    }

    public int quotient() {
        return quotient;
    }

    public void set(int newSignExponent, long newSignificand) {
        signExponent = newSignExponent;
        significand = newSignificand;
    }

    public void setDefaultNaN() {
        set(DEFAULT_NAN_EXPONENT, DEFAULT_NAN_SIGNIFICAND);
    }

    public void invalid() {
        flags |= INVALID;
        setDefaultNaN();
    }

    private void setInfinity(int signBit) {
        set(signBit | SPECIAL, TOP_BIT);
    }

    private void setZero(int signBit) {
        set(signBit, 0);
    }

    public static boolean isNaN(int se, long sig) {
        return (se & SPECIAL) == SPECIAL && sig << 1 != 0 && sig < 0;
    }

    public static boolean isSignaling(int se, long sig) {
        return isNaN(se, sig) && (sig & QUIET) == 0;
    }

    public static boolean isInfinite(int se, long sig) {
        return (se & SPECIAL) == SPECIAL && sig == TOP_BIT;
    }

    public static boolean isZero(int se, long sig) {
        return (se & SPECIAL) == 0 && sig == 0;
    }

    /** Denormals and pseudo-denormals: exponent field 0 but not zero. */
    public static boolean isDenormal(int se, long sig) {
        return (se & SPECIAL) == 0 && sig != 0;
    }

    /** Unnormals, pseudo-infinities and pseudo-NaNs, which the 387 and later reject. */
    public static boolean isUnsupported(int se, long sig) {
        return (se & SPECIAL) != 0 && sig >= 0;
    }

    private static int exponentOf(int se, long sig) {
        int field = se & SPECIAL;
        return (field == 0 ? 1 : field) - BIAS - Long.numberOfLeadingZeros(sig);
    }

    private static long significandOf(long sig) {
        return sig << Long.numberOfLeadingZeros(sig);
    }

    private void noteDenormal(int se, long sig) {
        if (isDenormal(se, sig)) {
            flags |= DENORMAL;
        }
    }

    /** Deals with operands that are unsupported or NaNs; true if that made the result. */
    private boolean special(int seA, long a, int seB, long b) {
        if (isUnsupported(seA, a) || isUnsupported(seB, b)) {
            invalid();
            return true;
        }
        boolean nanA = isNaN(seA, a);
        boolean nanB = isNaN(seB, b);
        if (!nanA && !nanB) {
            return false;
        }
        boolean signalingA = isSignaling(seA, a);
        boolean signalingB = isSignaling(seB, b);
        if (signalingA || signalingB) {
            flags |= INVALID;
        }
        boolean first;
        if (!nanA || !nanB) {
            first = nanA;
        } else if (signalingA != signalingB) {
            first = signalingB;
        } else if (a != b) {
            first = Long.compareUnsigned(a, b) > 0;
        } else {
            first = (seA & SIGN) == 0;
        }
        set(first ? seA : seB, (first ? a : b) | QUIET);
        return true;
    }

    private boolean special(int se, long sig) {
        if (isUnsupported(se, sig)) {
            invalid();
            return true;
        }
        if (isNaN(se, sig)) {
            if (isSignaling(se, sig)) {
                flags |= INVALID;
            }
            set(se, sig | QUIET);
            return true;
        }
        return false;
    }

    /** Deals with operands that are unsupported or NaNs; true if that made the result. */
    boolean takeSpecial(int se, long sig) {
        return special(se, sig);
    }

    boolean takeSpecial(int seA, long a, int seB, long b) {
        return special(seA, a, seB, b);
    }

    /** The result is this operand, rounded from something next to it. */
    void setTiny(int se, long sig) {
        boolean denormal = (se & SPECIAL) == 0;
        set(denormal && sig < 0 ? se | 1 : se, sig);
        flags |= PRECISION | (denormal && sig >= 0 ? UNDERFLOW : 0);
    }

    /** The result is 1, rounded; of the flags raised meanwhile DENORMAL stays beside the earlier ones. */
    void setOne(int earlierFlags) {
        flags = earlierFlags | (flags & DENORMAL) | PRECISION;
        set(BIAS, TOP_BIT);
    }

    /** Raises DENORMAL if this operand is one. */
    void takeDenormal(int se, long sig) {
        noteDenormal(se, sig);
    }

    /** Rounds the exact result to {@code bits} bits of significand and makes it the result. */
    private void pack(int bits) {
        roundedUp = false;
        int signBit = sign ? SIGN : 0;
        if (zero) {
            setZero(signBit);
            return;
        }
        if (exponent + BIAS <= 0) {
            packTiny(signBit, bits);
            return;
        }
        boolean inexact = round(bits);
        if (inexact) {
            flags |= PRECISION;
        }
        int biased = exponent + BIAS;
        if (biased >= SPECIAL) {
            flags |= OVERFLOW;
            if ((masks & OVERFLOW) == 0) {
                biased -= EXPONENT_ADJUSTMENT;
                if (biased >= SPECIAL) {
                    flags |= PRECISION;
                    roundedUp = true;
                    setInfinity(signBit);
                    return;
                }
            } else {
                flags |= PRECISION;
                roundedUp = overflowsToInfinity();
                if (roundedUp) {
                    setInfinity(signBit);
                } else {
                    set(signBit | (SPECIAL - 1), -(1L << (64 - bits)));
                }
                return;
            }
        }
        set(signBit | biased, high);
    }

    private void packTiny(int signBit, int bits) {
        int biased = exponent + BIAS;
        boolean tiny = biased < 0 || !roundingCarries(bits);
        if (tiny && (masks & UNDERFLOW) == 0) {
            flags |= UNDERFLOW | (round(bits) ? PRECISION : 0);
            biased = exponent + BIAS + EXPONENT_ADJUSTMENT;
            if (biased <= 0) {
                setZero(signBit);
            } else {
                set(signBit | biased, high);
            }
            return;
        }
        shiftRight(1 - biased);
        if (round(bits)) {
            flags |= PRECISION | (tiny ? UNDERFLOW : 0);
        }
        set(signBit | (high < 0 ? 1 : 0), high);
    }

    /** Makes an extended number the exact result. */
    private void unpack(int se, long sig) {
        if (sig == 0) {
            zero = true;
            sign = (se & SIGN) != 0;
        } else {
            setExact((se & SIGN) != 0, exponentOf(se, sig), significandOf(sig), 0);
        }
    }

    public void subtract(int seA, long a, int seB, long b) {
        add(seA, a, isNaN(seB, b) ? seB : seB ^ SIGN, b);
    }

    public void add(int seA, long a, int seB, long b) {
        if (special(seA, a, seB, b)) {
            return;
        }
        boolean infiniteA = isInfinite(seA, a);
        boolean infiniteB = isInfinite(seB, b);
        if (infiniteA && infiniteB && seA != seB) {
            invalid();
            return;
        }
        noteDenormal(seA, a);
        noteDenormal(seB, b);
        if (infiniteA || infiniteB) {
            set(infiniteA ? seA : seB, TOP_BIT);
            return;
        }
        if (stopped()) {
            return;
        }
        if (a == 0 && b == 0) {
            setZero(seA == seB ? seA : rounding == DOWN ? SIGN : 0);
            return;
        }
        if (a == 0 || b == 0) {
            unpack(a == 0 ? seB : seA, a | b);
        } else {
            addExact(
                    (seA & SIGN) != 0,
                    exponentOf(seA, a),
                    significandOf(a),
                    (seB & SIGN) != 0,
                    exponentOf(seB, b),
                    significandOf(b));
        }
        pack(precision);
    }

    public void multiply(int seA, long a, int seB, long b) {
        if (special(seA, a, seB, b)) {
            return;
        }
        int signBit = (seA ^ seB) & SIGN;
        boolean infiniteA = isInfinite(seA, a);
        boolean infiniteB = isInfinite(seB, b);
        if ((infiniteA && isZero(seB, b)) || (infiniteB && isZero(seA, a))) {
            invalid();
            return;
        }
        noteDenormal(seA, a);
        noteDenormal(seB, b);
        if (infiniteA || infiniteB) {
            setInfinity(signBit);
            return;
        }
        if (a == 0 || b == 0) {
            setZero(signBit);
            return;
        }
        if (!stopped()) {
            multiplyExact(signBit != 0, exponentOf(seA, a), significandOf(a), exponentOf(seB, b), significandOf(b));
            pack(precision);
        }
    }

    public void divide(int seA, long a, int seB, long b) {
        if (special(seA, a, seB, b)) {
            return;
        }
        int signBit = (seA ^ seB) & SIGN;
        boolean infiniteA = isInfinite(seA, a);
        boolean infiniteB = isInfinite(seB, b);
        boolean zeroB = isZero(seB, b);
        if ((infiniteA && infiniteB) || (zeroB && isZero(seA, a))) {
            invalid();
            return;
        }
        if (zeroB && !infiniteA) {
            flags |= ZERO_DIVIDE;
            setInfinity(signBit);
            return;
        }
        noteDenormal(seA, a);
        noteDenormal(seB, b);
        if (infiniteA) {
            setInfinity(signBit);
            return;
        }
        if (infiniteB || a == 0) {
            setZero(signBit);
            return;
        }
        if (!stopped()) {
            divideExact(signBit != 0, exponentOf(seA, a), significandOf(a), exponentOf(seB, b), significandOf(b));
            pack(precision);
        }
    }

    public void squareRoot(int se, long sig) {
        if (special(se, sig)) {
            return;
        }
        if (isZero(se, sig)) {
            set(se, sig);
            return;
        }
        if ((se & SIGN) != 0) {
            invalid();
            return;
        }
        noteDenormal(se, sig);
        if (isInfinite(se, sig)) {
            set(se, sig);
        } else if (!stopped()) {
            squareRootExact(exponentOf(se, sig), significandOf(sig));
            pack(precision);
        }
    }

    /** FCOM (a quiet NaN raises INVALID too) or FUCOM. */
    public int compare(int seA, long a, int seB, long b, boolean signalsQuiet) {
        boolean unsupported = isUnsupported(seA, a) || isUnsupported(seB, b);
        if (unsupported || isNaN(seA, a) || isNaN(seB, b)) {
            if (unsupported || signalsQuiet || isSignaling(seA, a) || isSignaling(seB, b)) {
                flags |= INVALID;
            }
            return UNORDERED;
        }
        noteDenormal(seA, a);
        noteDenormal(seB, b);
        if (isZero(seA, a) && isZero(seB, b)) {
            return EQUAL;
        }
        boolean negativeA = (seA & SIGN) != 0;
        if (negativeA != ((seB & SIGN) != 0)) {
            return negativeA ? LESS : GREATER;
        }
        int magnitude = compareMagnitudes(seA, a, seB, b);
        return negativeA ? -magnitude : magnitude;
    }

    private static int compareMagnitudes(int seA, long a, int seB, long b) {
        if (a == 0 || b == 0) {
            return a == b ? 0 : a == 0 ? -1 : 1;
        }
        int exponents = Integer.compare(exponentOf(seA, a), exponentOf(seB, b));
        return exponents != 0 ? exponents : Long.compareUnsigned(significandOf(a), significandOf(b));
    }

    /**
     * FPREM or, rounding the quotient to nearest, FPREM1. A difference of exponents of 64 or more is reduced by part, and
     * {@link #complete} is false.
     */
    public void remainder(int seA, long a, int seB, long b, boolean toNearest) {
        complete = true;
        quotient = 0;
        if (special(seA, a, seB, b)) {
            return;
        }
        if (isInfinite(seA, a) || isZero(seB, b)) {
            invalid();
            return;
        }
        noteDenormal(seA, a);
        noteDenormal(seB, b);
        if (stopped()) {
            return;
        }
        if (isZero(seA, a)) {
            set(seA, a);
            return;
        }
        if (isInfinite(seB, b)) {
            unpack(seA, a);
            pack(64);
            return;
        }
        reduce(seA, a, seB, b, toNearest);
        pack(64);
    }

    private void reduce(int seA, long a, int seB, long b, boolean toNearest) {
        boolean negative = (seA & SIGN) != 0;
        int exponentB = exponentOf(seB, b);
        int distance = exponentOf(seA, a) - exponentB;
        long divisor = significandOf(b);
        long rest = significandOf(a);
        if (distance < (toNearest ? -1 : 0)) {
            setExact(negative, exponentOf(seA, a), rest, 0);
            return;
        }
        int steps = distance;
        if (distance >= 64) {
            complete = false;
            steps = (distance & 31) | 32;
        }
        if (distance < 0) {
            // Half the divisor or more: only the comparison below matters.
            setExact(negative, exponentOf(seA, a), rest, 0);
            if (Long.compareUnsigned(rest, divisor) > 0) {
                quotient = 1;
                addExact(negative, exponent, rest, !negative, exponentB, divisor);
            }
            return;
        }
        long count = 0;
        boolean carry = false;
        for (int i = 0; i <= steps; i++) {
            if (i > 0) {
                carry = rest < 0;
                rest <<= 1;
                count <<= 1;
            }
            if (carry || Long.compareUnsigned(rest, divisor) >= 0) {
                rest -= divisor;
                count++;
            }
        }
        if (complete) {
            if (toNearest) {
                long twice = rest << 1;
                boolean more = rest < 0 || Long.compareUnsigned(twice, divisor) > 0;
                if (more || (twice == divisor && (count & 1) != 0)) {
                    rest = divisor - rest;
                    negative = !negative;
                    count++;
                }
            }
            quotient = (int) count & 7;
        }
        if (rest == 0) {
            zero = true;
            sign = (seA & SIGN) != 0;
        } else {
            setExact(negative, complete ? exponentB : exponentB + distance - steps, rest, 0);
            normalize();
        }
    }

    public void roundToIntegral(int se, long sig) {
        if (special(se, sig)) {
            return;
        }
        noteDenormal(se, sig);
        if (isInfinite(se, sig) || isZero(se, sig) || (se & SPECIAL) >= BIAS + 63) {
            set(se, sig);
            return;
        }
        if (stopped()) {
            return;
        }
        unpack(se, sig);
        if (roundToUnits()) {
            flags |= PRECISION;
        }
        boolean up = roundedUp;
        if (high == 0) {
            setZero(se & SIGN);
        } else {
            normalize();
            pack(64);
        }
        roundedUp = up;
    }

    /** FSCALE: a times two to the integral part of b. */
    public void scale(int seA, long a, int seB, long b) {
        if (special(seA, a, seB, b)) {
            return;
        }
        boolean infiniteA = isInfinite(seA, a);
        if (isInfinite(seB, b)) {
            boolean shrink = (seB & SIGN) != 0;
            if (shrink ? infiniteA : isZero(seA, a)) {
                invalid();
                return;
            }
            noteDenormal(seA, a);
            if (shrink) {
                setZero(seA & SIGN);
            } else {
                setInfinity(seA & SIGN);
            }
            return;
        }
        noteDenormal(seA, a);
        noteDenormal(seB, b);
        if (infiniteA || isZero(seA, a)) {
            set(seA, a);
            return;
        }
        if (stopped()) {
            return;
        }
        unpack(seA, a);
        exponent += integralPart(seB, b);
        pack(64);
    }

    /** The integral part, limited to what can still make a difference to an exponent. */
    private static int integralPart(int se, long sig) {
        if (isDenormal(se, sig) || sig == 0) {
            return 0;
        }
        int power = exponentOf(se, sig);
        int magnitude = power < 0 ? 0 : power > 16 ? 1 << 17 : (int) (sig >>> (63 - power));
        return (se & SIGN) != 0 ? -magnitude : magnitude;
    }

    /** The exponent half of FXTRACT. */
    public void extractExponent(int se, long sig) {
        if (special(se, sig)) {
            return;
        }
        if (isInfinite(se, sig)) {
            setInfinity(0);
        } else if (isZero(se, sig)) {
            flags |= ZERO_DIVIDE;
            setInfinity(SIGN);
        } else {
            noteDenormal(se, sig);
            fromInteger(exponentOf(se, sig));
        }
    }

    /** The significand half of FXTRACT, for operands that are not NaNs: raises nothing. */
    public void extractSignificand(int se, long sig) {
        if (isInfinite(se, sig) || isZero(se, sig)) {
            set(se, sig);
        } else {
            set((se & SIGN) | BIAS, significandOf(sig));
        }
    }

    /** FLD1, FLDL2T, FLDL2E, FLDPI, FLDLG2, FLDLN2, FLDZ (0 to 6), rounded as the control word says. */
    public boolean loadConstant(int number) {
        if (number >= CONSTANTS.length) {
            return false;
        }
        boolean up = rounding == UP || (rounding == NEAREST && CONSTANT_NEAREST_IS_UP[number]);
        boolean exact = number == 0 || number == CONSTANTS.length - 1;
        set(CONSTANT_EXPONENTS[number], CONSTANTS[number] + (up && !exact ? 1 : 0));
        return true;
    }

    public void fromInteger(long value) {
        if (value == 0) {
            setZero(0);
        } else {
            long magnitude = Math.abs(value);
            int shift = Long.numberOfLeadingZeros(magnitude);
            set((value < 0 ? SIGN : 0) | (BIAS + 63 - shift), magnitude << shift);
        }
    }

    /** Rounds to a signed integer of 16, 32 or 64 bits; the integer indefinite value if it does not fit. */
    public long toInteger(int se, long sig, int bits, boolean truncate) {
        if ((se & SPECIAL) == SPECIAL || isUnsupported(se, sig)) {
            flags |= INVALID;
            return -1L << (bits - 1);
        }
        unpack(se, sig);
        return roundToInteger(bits, truncate ? TRUNCATE : rounding);
    }

    /** Extends a 32- or 64-bit number as FLD does: raises INVALID or DENORMAL. */
    public void load(Format format, long value) {
        extend(format, value);
        if (format.isSignaling(value)) {
            flags |= INVALID;
            significand |= QUIET;
        } else if (format.isDenormal(value)) {
            flags |= DENORMAL;
        }
    }

    /** Extends a 32- or 64-bit number without looking at it: the operand of an arithmetic instruction. */
    public void extend(Format format, long value) {
        int signBit = format.negative(value) ? SIGN : 0;
        if (format.isNaN(value) || format.isInfinite(value)) {
            set(signBit | SPECIAL, TOP_BIT | ((value & format.fractionMask()) << (63 - format.fractionBits())));
        } else if (format.isZero(value)) {
            setZero(signBit);
        } else {
            set(signBit | (format.exponent(value) + BIAS), format.significand(value));
        }
    }

    /** Rounds to 32 or 64 bits as FST does. */
    public long store(Format format, int se, long sig) {
        long signBit = (se & SIGN) != 0 ? format.signBit() : 0;
        if (isUnsupported(se, sig)) {
            flags |= INVALID;
            return format.defaultNaN();
        }
        if (isNaN(se, sig)) {
            if (isSignaling(se, sig)) {
                flags |= INVALID;
            }
            return signBit
                    | format.infinity()
                    | format.quietBit()
                    | ((sig >>> (63 - format.fractionBits())) & format.fractionMask());
        }
        if (isInfinite(se, sig)) {
            return signBit | format.infinity();
        }
        unpack(se, sig);
        return packBinary(format, false);
    }

    /** Rounds to an integer of 18 decimal digits: its magnitude, or -1 with INVALID raised. */
    public long toDecimal(int se, long sig) {
        long value = toInteger(se, sig, 64, false);
        if ((flags & INVALID) == 0 && Long.compareUnsigned(Math.abs(value), 999_999_999_999_999_999L) > 0) {
            flags = (flags & ~PRECISION) | INVALID;
            roundedUp = false;
        }
        return (flags & INVALID) != 0 ? -1 : Math.abs(value);
    }

    /** Rounds a number computed outside, exact but for its sticky bit, to the full 64 bits of significand. */
    void finish(boolean resultSign, int resultExponent, long resultHigh, long resultLow) {
        setExact(resultSign, resultExponent, resultHigh, resultLow);
        normalize();
        pack(64);
    }
}
