// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software.floating;

/** An interchange format of IEEE 754 (section 3.4) with a hidden integer bit. */
public enum Format {
    HALF(16, 10, 15),
    SINGLE(32, 23, 127),
    DOUBLE(64, 52, 1023);

    private final int bits;
    private final int fractionBits;
    private final int bias;
    private final int specialExponent;
    private final long fractionMask;
    private final long infinity;

    Format(int bits, int fractionBits, int bias) {
        this.bits = bits;
        this.fractionBits = fractionBits;
        this.bias = bias;
        this.specialExponent = 2 * bias + 1;
        this.fractionMask = (1L << fractionBits) - 1;
        this.infinity = (long) specialExponent << fractionBits;
    }

    /** Width in bits. */
    public int bits() {
        return bits;
    }

    int fractionBits() {
        return fractionBits;
    }

    int bias() {
        return bias;
    }

    /** The biased exponent of infinities and NaNs. */
    int specialExponent() {
        return specialExponent;
    }

    long fractionMask() {
        return fractionMask;
    }

    /** Positive infinity. */
    long infinity() {
        return infinity;
    }

    boolean negative(long value) {
        return (value >>> (bits - 1) & 1) != 0;
    }

    long magnitude(long value) {
        return value & (signBit() - 1);
    }

    long signBit() {
        return 1L << (bits - 1);
    }

    boolean isNaN(long value) {
        return magnitude(value) > infinity;
    }

    boolean isSignaling(long value) {
        return isNaN(value) && (value & quietBit()) == 0;
    }

    long quietBit() {
        return 1L << (fractionBits - 1);
    }

    /** The NaN that stands for an invalid operation ("QNaN floating-point indefinite"). */
    long defaultNaN() {
        return signBit() | infinity | quietBit();
    }

    boolean isDenormal(long value) {
        long magnitude = magnitude(value);
        return magnitude != 0 && magnitude <= fractionMask;
    }

    boolean isZero(long value) {
        return magnitude(value) == 0;
    }

    boolean isInfinite(long value) {
        return magnitude(value) == infinity;
    }

    /** The unbiased exponent of a finite number that is not zero, as if it were normalised. */
    int exponent(long value) {
        long magnitude = magnitude(value);
        int field = (int) (magnitude >>> fractionBits);
        return field != 0 ? field - bias : 1 - bias - (Long.numberOfLeadingZeros(magnitude) - (63 - fractionBits));
    }

    /** The significand of a finite number that is not zero, its top bit at bit 63. */
    long significand(long value) {
        long magnitude = magnitude(value);
        long fraction = magnitude & fractionMask;
        if (magnitude > fractionMask) {
            return Long.MIN_VALUE | (fraction << (63 - fractionBits));
        }
        return fraction << Long.numberOfLeadingZeros(fraction);
    }
}
