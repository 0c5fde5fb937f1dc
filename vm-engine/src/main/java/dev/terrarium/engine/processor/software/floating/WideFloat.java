// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software.floating;

/**
 * A mutable binary floating-point number with 128 bits of significand and an int exponent: what the transcendental
 * functions calculate in. Operations truncate; an error is a few units in bit 127.
 */
final class WideFloat {
    private static final long TOP_BIT = Long.MIN_VALUE;

    boolean negative;

    /** Of the significand's top bit. */
    int exponent;

    /** Top bit set, unless the number is zero. */
    long high;

    long low;

    boolean isZero() {
        return high == 0;
    }

    WideFloat set(WideFloat other) {
        return set(other.negative, other.exponent, other.high, other.low);
    }

    WideFloat set(boolean newNegative, int newExponent, long newHigh, long newLow) {
        negative = newNegative;
        exponent = newExponent;
        high = newHigh;
        low = newLow;
        return this;
    }

    WideFloat set(long value) {
        long magnitude = Math.abs(value);
        int shift = Long.numberOfLeadingZeros(magnitude);
        return value == 0 ? set(false, 0, 0, 0) : set(value < 0, 63 - shift, magnitude << shift, 0);
    }

    WideFloat set(double value) {
        long bits = Double.doubleToRawLongBits(value);
        if (Format.DOUBLE.isZero(bits)) {
            return set(false, 0, 0, 0);
        }
        return set(bits < 0, Format.DOUBLE.exponent(bits), Format.DOUBLE.significand(bits), 0);
    }

    /** The nearest double or one beside it, scaled by 2<sup>scale</sup>. */
    double toDouble(int scale) {
        double magnitude = Math.scalb((double) (high >>> 1), exponent - 62 + scale);
        return negative ? -magnitude : magnitude;
    }

    WideFloat negate() {
        negative = !negative;
        return this;
    }

    WideFloat multiply(WideFloat other) {
        if (isZero() || other.isZero()) {
            return set(false, 0, 0, 0);
        }
        long top = Math.unsignedMultiplyHigh(high, other.high);
        long middle = high * other.high;
        long crossA = Math.unsignedMultiplyHigh(high, other.low);
        long crossB = Math.unsignedMultiplyHigh(low, other.high);
        middle += crossA;
        if (Long.compareUnsigned(middle, crossA) < 0) {
            top++;
        }
        middle += crossB;
        if (Long.compareUnsigned(middle, crossB) < 0) {
            top++;
        }
        negative ^= other.negative;
        exponent += other.exponent + 1;
        high = top;
        low = middle;
        normalize();
        return this;
    }

    /** Divides by a positive integer below 2<sup>31</sup>. */
    WideFloat divide(int divisor) {
        if (isZero()) {
            return this;
        }
        // Three words in base 2^32 more than needed keep the precision after normalisation.
        long rest = 0;
        long[] words = quotientWords;
        for (int i = 0; i < words.length; i++) {
            long word =
                    switch (i) {
                        case 0 -> high >>> 32;
                        case 1 -> high & 0xFFFF_FFFFL;
                        case 2 -> low >>> 32;
                        case 3 -> low & 0xFFFF_FFFFL;
                        default -> 0;
                    };
            long part = rest << 32 | word;
            words[i] = part / divisor;
            rest = part % divisor;
        }
        high = words[0] << 32 | words[1];
        low = words[2] << 32 | words[3];
        int shift = Long.numberOfLeadingZeros(high);
        if (shift > 0) {
            high = high << shift | low >>> (64 - shift);
            low = low << shift | (words[4] << 32) >>> (64 - shift);
            exponent -= shift;
        }
        return this;
    }

    private final long[] quotientWords = new long[5];

    /** Divides bit by bit; the last bit says whether there was a remainder. */
    WideFloat divide(WideFloat other) {
        if (isZero()) {
            return this;
        }
        long restHigh = high;
        long rest = low;
        long quotientHigh = 0;
        long quotient = 0;
        boolean carry = false;
        int bits = 0;
        int scale = exponent - other.exponent;
        while (bits < 128) {
            boolean fits = carry
                    || Long.compareUnsigned(restHigh, other.high) > 0
                    || (restHigh == other.high && Long.compareUnsigned(rest, other.low) >= 0);
            if (fits) {
                restHigh -= other.high + (Long.compareUnsigned(rest, other.low) < 0 ? 1 : 0);
                rest -= other.low;
            }
            if (bits > 0 || fits) {
                quotientHigh = quotientHigh << 1 | quotient >>> 63;
                quotient = quotient << 1 | (fits ? 1 : 0);
                bits++;
            } else {
                scale--;
            }
            carry = restHigh < 0;
            restHigh = restHigh << 1 | rest >>> 63;
            rest <<= 1;
        }
        return set(
                negative ^ other.negative, scale, quotientHigh, quotient | ((restHigh | rest) != 0 || carry ? 1 : 0));
    }

    WideFloat subtract(WideFloat other) {
        negate();
        add(other);
        return negate();
    }

    WideFloat add(WideFloat other) {
        if (other.isZero()) {
            return this;
        }
        if (isZero()) {
            return set(other);
        }
        boolean larger = exponent > other.exponent
                || (exponent == other.exponent
                        && (Long.compareUnsigned(high, other.high) > 0
                                || (high == other.high && Long.compareUnsigned(low, other.low) >= 0)));
        boolean subtraction = negative != other.negative;
        long bigHigh = larger ? high : other.high;
        long bigLow = larger ? low : other.low;
        int shift = Math.abs(exponent - other.exponent);
        exponent = Math.max(exponent, other.exponent);
        negative = larger ? negative : other.negative;
        shiftedRight(larger ? other.high : high, larger ? other.low : low, shift);
        if (subtraction) {
            high = bigHigh - high - (Long.compareUnsigned(bigLow, low) < 0 ? 1 : 0);
            low = bigLow - low;
            if ((high | low) == 0) {
                return set(false, 0, 0, 0);
            }
            normalize();
            return this;
        }
        low += bigLow;
        long carryIn = Long.compareUnsigned(low, bigLow) < 0 ? 1 : 0;
        long sum = bigHigh + high;
        boolean carry = Long.compareUnsigned(sum, bigHigh) < 0;
        sum += carryIn;
        carry |= carryIn == 1 && sum == 0;
        high = sum;
        if (carry) {
            low = low >>> 1 | high << 63;
            high = high >>> 1 | TOP_BIT;
            exponent++;
        }
        return this;
    }

    /** Sets high and low to a significand shifted right, what falls out kept in the last bit. */
    private void shiftedRight(long fromHigh, long fromLow, int shift) {
        if (shift == 0) {
            high = fromHigh;
            low = fromLow;
        } else if (shift < 64) {
            boolean lost = fromLow << (64 - shift) != 0;
            low = fromLow >>> shift | fromHigh << (64 - shift) | (lost ? 1 : 0);
            high = fromHigh >>> shift;
        } else if (shift < 128) {
            boolean lost = fromLow != 0 || (shift > 64 && fromHigh << (128 - shift) != 0);
            low = fromHigh >>> (shift - 64) | (lost ? 1 : 0);
            high = 0;
        } else {
            low = 1;
            high = 0;
        }
    }

    private void normalize() {
        if (high == 0) {
            high = low;
            low = 0;
            exponent -= 64;
        }
        int shift = Long.numberOfLeadingZeros(high);
        if (shift > 0) {
            high = high << shift | low >>> (64 - shift);
            low <<= shift;
            exponent -= shift;
        }
    }
}
