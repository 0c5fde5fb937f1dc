// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software.floating;

import static dev.terrarium.engine.processor.software.floating.ExtendedArithmetic.BIAS;
import static dev.terrarium.engine.processor.software.floating.ExtendedArithmetic.SIGN;
import static dev.terrarium.engine.processor.software.floating.ExtendedArithmetic.SPECIAL;

/**
 * The x87's transcendental functions (Intel SDM volume 1, section 8.3.10). Everything is calculated with 128 bits of
 * significand and rounded once, so that a result is the correctly rounded one but for about one case in 2<sup>50</sup>; FSIN,
 * FCOS, FPTAN and FSINCOS reduce their argument with the 66-bit value of pi that Intel's processors have.
 */
public final class Transcendental {
    private static final long ONE = Long.MIN_VALUE;

    /** Half of the 66-bit pi, as an integer times 2<sup>-65</sup>: the top two bits, and 64 more. */
    private static final long HALF_PI_TOP = 0x3;

    private static final long HALF_PI = 0x243F_6A88_85A3_08D3L;

    private static final long PI_HIGH = 0xC90F_DAA2_2168_C234L;
    private static final long PI_LOW = 0xC4C6_628B_80DC_1CD1L;
    private static final long LN2_HIGH = 0xB172_17F7_D1CF_79ABL;
    private static final long LN2_LOW = 0xC9E3_B398_03F2_F6AFL;
    private static final long LOG2E_HIGH = 0xB8AA_3B29_5C17_F0BBL;
    private static final long LOG2E_LOW = 0xBE87_FED0_691D_3E88L;

    /** The square root of two, as a 64-bit significand. */
    private static final long SQUARE_ROOT_OF_TWO = 0xB504_F333_F9DE_6484L;

    private static final int SINE_TERMS = 16;
    private static final int EXPONENTIAL_TERMS = 36;
    private static final int LOGARITHM_TERMS = 28;

    /** Below this exponent an angle, its sine and its tangent are the same, and its cosine is one. */
    private static final int TINY_ANGLE = -67;

    /** Below this exponent of the ratio the arc tangent's own series is short. */
    private static final int SMALL_RATIO = -10;

    private static final int ARC_TANGENT_TERMS = 8;

    private final ExtendedArithmetic arithmetic;
    private final WideFloat angle = new WideFloat();
    private final WideFloat square = new WideFloat();
    private final WideFloat sine = new WideFloat();
    private final WideFloat cosine = new WideFloat();
    private final WideFloat a = new WideFloat();
    private final WideFloat b = new WideFloat();
    private final WideFloat c = new WideFloat();
    private final WideFloat term = new WideFloat();
    private final WideFloat one = new WideFloat().set(1);
    private int quadrant;

    /**
     * @param arithmetic where results go, and what rounds them
     */
    public Transcendental(ExtendedArithmetic arithmetic) {
        this.arithmetic = arithmetic;
    }

    private static WideFloat unpack(WideFloat target, int se, long sig) {
        int shift = Long.numberOfLeadingZeros(sig);
        int field = se & SPECIAL;
        return target.set((se & SIGN) != 0, (field == 0 ? 1 : field) - BIAS - shift, sig << shift, 0);
    }

    private void finish(WideFloat value, boolean exact) {
        arithmetic.finish(value.negative, value.exponent, value.high, value.low | (exact ? 0 : 1));
    }

    private void finishPi(boolean negative, int exponentAdjustment) {
        arithmetic.finish(negative, 1 + exponentAdjustment, PI_HIGH, PI_LOW);
    }

    /** FSIN. False if the argument is out of range: 2<sup>63</sup> or more. */
    public boolean sine(int se, long sig) {
        if (!reduce(se, sig)) {
            return false;
        }
        if (!done) {
            finishQuadrant(quadrant);
        }
        return true;
    }

    /** FCOS. */
    public boolean cosine(int se, long sig) {
        if (ExtendedArithmetic.isZero(se, sig)) {
            arithmetic.set(BIAS, ONE);
            return true;
        }
        int flags = arithmetic.flags();
        if (!reduce(se, sig)) {
            return false;
        }
        if (done && !arithmetic.stopped() && angle.exponent < TINY_ANGLE) {
            arithmetic.setOne(flags);
        } else if (!done) {
            // The cosine is even, and a quarter turn ahead of the sine.
            angleNegative = false;
            finishQuadrant(quadrant + 1);
        }
        return true;
    }

    /** FPTAN without the 1.0 it pushes. */
    public boolean tangent(int se, long sig) {
        if (!reduce(se, sig)) {
            return false;
        }
        if (!done) {
            series();
            boolean swap = (quadrant & 1) != 0;
            a.set(swap ? cosine : sine).divide(swap ? sine : cosine);
            a.negative = angleNegative != (a.negative != swap);
            finish(a, false);
        }
        return true;
    }

    /** The argument was a special one and the result is there already. */
    private boolean done;

    private boolean angleNegative;

    private void finishQuadrant(int turns) {
        series();
        a.set((turns & 1) != 0 ? cosine : sine);
        a.negative ^= (turns & 2) != 0;
        a.negative ^= angleNegative;
        finish(a, false);
    }

    /** Sets angle to the argument's magnitude less a multiple of pi/2, between -pi/4 and pi/4. */
    private boolean reduce(int se, long sig) {
        done = true;
        angle.set(one);
        if (arithmetic.takeSpecial(se, sig)) {
            return true;
        }
        if (ExtendedArithmetic.isInfinite(se, sig)) {
            arithmetic.invalid();
            return true;
        }
        if (ExtendedArithmetic.isZero(se, sig)) {
            arithmetic.set(se, sig);
            return true;
        }
        if ((se & SPECIAL) >= BIAS + 63) {
            return false;
        }
        arithmetic.takeDenormal(se, sig);
        done = arithmetic.stopped();
        if (done) {
            return true;
        }
        unpack(angle, se, sig);
        if (angle.exponent < TINY_ANGLE) {
            arithmetic.setTiny(se, sig);
            done = true;
            return true;
        }
        angleNegative = angle.negative;
        angle.negative = false;
        quadrant = 0;
        if (angle.exponent >= -1) {
            reduceLarge();
        }
        return true;
    }

    private void reduceLarge() {
        long top = 0;
        long rest = angle.high;
        for (int i = angle.exponent + 2; i > 0; i--) {
            top = top << 1 | rest >>> 63;
            rest <<= 1;
            quadrant <<= 1;
            boolean fits = top > HALF_PI_TOP || (top == HALF_PI_TOP && Long.compareUnsigned(rest, HALF_PI) >= 0);
            if (fits) {
                top -= HALF_PI_TOP + (Long.compareUnsigned(rest, HALF_PI) < 0 ? 1 : 0);
                rest -= HALF_PI;
                quadrant |= 1;
            }
        }
        setAngle(false, top, rest);
        // Above pi/4: the distance to the next quarter turn, from the other side.
        if (top > 1 || (top == 1 && Long.compareUnsigned(rest, 0x921F_B544_42D1_8469L) > 0)) {
            long borrow = Long.compareUnsigned(HALF_PI, rest) < 0 ? 1 : 0;
            setAngle(true, HALF_PI_TOP - top - borrow, HALF_PI - rest);
            quadrant++;
        }
        quadrant &= 3;
    }

    /** Sets angle to top:rest times 2<sup>-65</sup>. */
    private void setAngle(boolean negative, long top, long rest) {
        if ((top | rest) == 0) {
            angle.set(0);
        } else if (top == 0) {
            int shift = Long.numberOfLeadingZeros(rest);
            angle.set(negative, -2 - shift, rest << shift, 0);
        } else {
            int bits = 64 - Long.numberOfLeadingZeros(top);
            angle.set(negative, bits - 2, top << (64 - bits) | rest >>> bits, rest << (64 - bits));
        }
    }

    /** Taylor series of sine and cosine of the angle, nested. */
    private void series() {
        square.set(angle).multiply(angle);
        sine.set(one);
        cosine.set(one);
        for (int i = SINE_TERMS; i > 0; i--) {
            sine.multiply(square).divide(2 * i * (2 * i + 1)).negate().add(one);
            cosine.multiply(square).divide(2 * i * (2 * i - 1)).negate().add(one);
        }
        sine.multiply(angle);
    }

    /** FPATAN: the angle of the point (x, y). */
    public void arcTangent(int seX, long sigX, int seY, long sigY) {
        if (arithmetic.takeSpecial(seX, sigX, seY, sigY)) {
            return;
        }
        boolean left = (seX & SIGN) != 0;
        boolean below = (seY & SIGN) != 0;
        arithmetic.takeDenormal(seX, sigX);
        arithmetic.takeDenormal(seY, sigY);
        if (arithmetic.stopped()) {
            return;
        }
        boolean infiniteX = ExtendedArithmetic.isInfinite(seX, sigX);
        boolean infiniteY = ExtendedArithmetic.isInfinite(seY, sigY);
        if (infiniteX && infiniteY) {
            if (left) {
                a.set(below, 1, PI_HIGH, PI_LOW).multiply(b.set(3)).divide(4);
                finish(a, false);
            } else {
                finishPi(below, -2);
            }
        } else if (ExtendedArithmetic.isZero(seY, sigY) || infiniteX) {
            if (left) {
                finishPi(below, 0);
            } else {
                arithmetic.set(seY & SIGN, 0);
            }
        } else if (ExtendedArithmetic.isZero(seX, sigX) || infiniteY) {
            finishPi(below, -1);
        } else {
            arcTangentOfFinite(seX, sigX, seY, sigY, left, below);
        }
    }

    private void arcTangentOfFinite(int seX, long sigX, int seY, long sigY, boolean left, boolean below) {
        unpack(a, seX & SPECIAL, sigX);
        unpack(b, seY & SPECIAL, sigY);
        int ratio = b.exponent - a.exponent;
        boolean exact = false;
        if (ratio < SMALL_RATIO) {
            term.set(b).divide(a);
            exact = !left && (term.low & 1) == 0 && term.exponent < -BIAS - 64;
            arcTangentOfSmall();
        } else if (ratio > -SMALL_RATIO) {
            term.set(a).divide(b);
            arcTangentOfSmall();
            c.set(term);
            term.set(false, 0, PI_HIGH, PI_LOW).subtract(c);
        } else {
            int scale = -a.exponent;
            double estimate = Math.atan2(b.toDouble(scale), a.toDouble(scale));
            refineArcTangent(estimate);
        }
        if (left) {
            c.set(term);
            term.set(false, 1, PI_HIGH, PI_LOW).subtract(c);
        }
        term.negative = below;
        finish(term, exact);
    }

    /** Sets term to the arc tangent of itself: t - t^3/3 + t^5/5... */
    private void arcTangentOfSmall() {
        square.set(term).multiply(term);
        c.set(one).divide(2 * ARC_TANGENT_TERMS + 1);
        for (int i = ARC_TANGENT_TERMS - 1; i >= 0; i--) {
            c.multiply(square).negate().add(cosine.set(one).divide(2 * i + 1));
        }
        term.multiply(c);
    }

    /**
     * Sets term to the angle of the point (a, b) from an estimate z of 50 bits: turned back by z the point is at the small
     * angle d with tan d = (b cos z - a sin z) / (a cos z + b sin z), and d is tan d - (tan d)^3 / 3.
     */
    private void refineArcTangent(double estimate) {
        angle.set(estimate);
        quadrant = 0;
        if (angle.exponent >= -1 && estimate > Math.PI / 4) {
            angle.set(false, 0, PI_HIGH, PI_LOW).subtract(term.set(estimate));
            series();
            c.set(sine);
            sine.set(cosine);
            cosine.set(c);
        } else {
            series();
        }
        term.set(b).multiply(cosine).subtract(c.set(a).multiply(sine));
        c.set(a).multiply(cosine).add(square.set(b).multiply(sine));
        term.divide(c);
        if (!term.isZero()) {
            square.set(term).multiply(term).multiply(term).divide(3);
            term.subtract(square);
        }
        term.add(c.set(estimate));
    }

    /** F2XM1: two to the power x, less one, for x from -1 to 1; other x give themselves. */
    public void powerOfTwoLessOne(int se, long sig) {
        if (arithmetic.takeSpecial(se, sig)) {
            return;
        }
        boolean negative = (se & SIGN) != 0;
        if (ExtendedArithmetic.isInfinite(se, sig)) {
            arithmetic.set(negative ? SIGN | BIAS : se, sig);
            return;
        }
        arithmetic.takeDenormal(se, sig);
        if (arithmetic.stopped()) {
            return;
        }
        if ((se & SPECIAL) >= BIAS) {
            boolean minusOne = negative && (se & SPECIAL) == BIAS && sig == ONE;
            arithmetic.set(minusOne ? SIGN | (BIAS - 1) : se, sig);
            return;
        }
        if (sig == 0) {
            arithmetic.set(se, sig);
            return;
        }
        unpack(a, se, sig).multiply(b.set(false, -1, LN2_HIGH, LN2_LOW));
        c.set(one);
        for (int i = EXPONENTIAL_TERMS; i > 1; i--) {
            c.multiply(a).divide(i).add(one);
        }
        finish(c.multiply(a), false);
    }

    /** FYL2X: y times the binary logarithm of x. */
    public void logarithm(int seX, long sigX, int seY, long sigY) {
        if (arithmetic.takeSpecial(seX, sigX, seY, sigY)) {
            return;
        }
        boolean zeroX = ExtendedArithmetic.isZero(seX, sigX);
        boolean zeroY = ExtendedArithmetic.isZero(seY, sigY);
        boolean infiniteX = ExtendedArithmetic.isInfinite(seX, sigX);
        boolean infiniteY = ExtendedArithmetic.isInfinite(seY, sigY);
        boolean isOne = seX == BIAS && sigX == ONE;
        boolean bad = ((seX & SIGN) != 0 && !zeroX) || ((zeroX || infiniteX) && zeroY) || (isOne && infiniteY);
        if (bad) {
            arithmetic.invalid();
            return;
        }
        if (zeroX && !infiniteY) {
            arithmetic.raise(FloatingArithmetic.ZERO_DIVIDE);
        } else {
            arithmetic.takeDenormal(seX, sigX);
            arithmetic.takeDenormal(seY, sigY);
        }
        if (arithmetic.stopped()) {
            return;
        }
        boolean below = zeroX || (seX & SPECIAL) < BIAS;
        int signBit = (seY & SIGN) ^ (below ? SIGN : 0);
        if (zeroX || infiniteX || infiniteY) {
            arithmetic.set(signBit | SPECIAL, ONE);
        } else if (isOne || zeroY) {
            arithmetic.set(signBit, 0);
        } else {
            unpack(a, seX, sigX);
            finishLogarithm(seY, sigY);
        }
    }

    /** Gives y times the binary logarithm of a. */
    private void finishLogarithm(int seY, long sigY) {
        int power = a.exponent;
        a.exponent = 0;
        if (Long.compareUnsigned(a.high, SQUARE_ROOT_OF_TWO) > 0) {
            a.exponent = -1;
            power++;
        }
        boolean exact = a.exponent == 0 && a.high == ONE && a.low == 0;
        if (exact) {
            a.set(power);
        } else {
            b.set(a).add(one);
            a.subtract(one).divide(b);
            hyperbolicSeries();
            a.add(b.set(power));
        }
        // Intel's processors report a rounding for every power of two but one.
        arithmetic.raise(FloatingArithmetic.PRECISION);
        finish(a.multiply(unpack(b, seY, sigY)), exact);
    }

    /** Sets a, an s between -0.18 and 0.18, to the binary logarithm of (1 + s) / (1 - s). */
    private void hyperbolicSeries() {
        square.set(a).multiply(a);
        c.set(one).divide(2 * LOGARITHM_TERMS + 1);
        for (int i = LOGARITHM_TERMS - 1; i >= 0; i--) {
            c.multiply(square).add(term.set(one).divide(2 * i + 1));
        }
        a.multiply(c).multiply(term.set(false, 1, LOG2E_HIGH, LOG2E_LOW));
    }

    /** FYL2XP1: y times the binary logarithm of x + 1. */
    public void logarithmPlusOne(int seX, long sigX, int seY, long sigY) {
        if (arithmetic.takeSpecial(seX, sigX, seY, sigY)) {
            return;
        }
        boolean negativeX = (seX & SIGN) != 0;
        boolean zeroX = ExtendedArithmetic.isZero(seX, sigX);
        boolean zeroY = ExtendedArithmetic.isZero(seY, sigY);
        boolean infiniteX = ExtendedArithmetic.isInfinite(seX, sigX);
        boolean infiniteY = ExtendedArithmetic.isInfinite(seY, sigY);
        boolean belowMinusOne = negativeX && (seX & SPECIAL) >= BIAS;
        if ((zeroX && infiniteY) || (infiniteX && zeroY) || belowMinusOne) {
            arithmetic.invalid();
            return;
        }
        arithmetic.takeDenormal(seX, sigX);
        arithmetic.takeDenormal(seY, sigY);
        if (arithmetic.stopped()) {
            return;
        }
        int signBit = (seX ^ seY) & SIGN;
        if (infiniteX || infiniteY) {
            arithmetic.set(signBit | SPECIAL, ONE);
        } else if (zeroX || zeroY) {
            arithmetic.set(signBit, 0);
        } else if ((seX & SPECIAL) >= BIAS - 2) {
            unpack(a, seX, sigX).add(one);
            finishLogarithm(seY, sigY);
        } else {
            unpack(a, seX, sigX);
            b.set(a).add(one).add(one);
            a.divide(b);
            hyperbolicSeries();
            finish(a.multiply(unpack(b, seY, sigY)), false);
        }
    }
}
