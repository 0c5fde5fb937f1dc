// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.processor.software.floating.BinaryArithmetic;
import dev.terrarium.engine.processor.software.floating.FloatingArithmetic;
import dev.terrarium.engine.processor.software.floating.Format;

/**
 * SSE arithmetic on elements: Java's own float and double where they give the same bits and the same flags, {@link
 * BinaryArithmetic} everywhere else.
 *
 * <p>Java does not say whether a result was rounded. Its arithmetic is therefore used when MXCSR already has the inexact
 * flag (programs seldom clear it), all exceptions are masked, rounding is to nearest and denormals are not treated as zero;
 * and only if neither an operand nor the result is a denormal, and the result is neither a NaN nor infinite.
 */
final class SimdFloat {
    static final int ADD = 0x58;
    static final int MULTIPLY = 0x59;
    static final int SUBTRACT = 0x5C;
    static final int MINIMUM = 0x5D;
    static final int DIVIDE = 0x5E;
    static final int MAXIMUM = 0x5F;

    /** MXCSR but for the other sticky flags. */
    private static final int FAST_MASK = 0xFFE0;

    private static final int FAST = 0x1FA0;
    private static final long DOUBLE_EXPONENT = 0x7FF0_0000_0000_0000L;
    private static final int SINGLE_EXPONENT = 0x7F80_0000;
    private static final int QUIET_SINGLE = 0x0040_0000;

    private final Cpu cpu;
    private final FloatingPointState state;
    private final BinaryArithmetic soft = new BinaryArithmetic();
    private boolean fast;
    private boolean joined;

    SimdFloat(Cpu cpu) {
        this.cpu = cpu;
        this.state = cpu.floatingPoint;
    }

    /** Does this MXCSR allow Java's own arithmetic? */
    static boolean isFast(int mxcsr) {
        return (mxcsr & FAST_MASK) == FAST;
    }

    /** Starts an instruction. */
    void begin() {
        if (joined) {
            return;
        }
        fast = isFast(state.mxcsr);
        soft.begin(state.mxcsr);
    }

    /** Ends an instruction before its result is written: records its flags, and raises #XM for unmasked ones. */
    void complete() {
        if (joined) {
            return;
        }
        int flags = soft.flags();
        if (flags == 0) {
            return;
        }
        if (soft.stopped()) {
            flags &= FloatingArithmetic.BEFORE_RESULT;
        }
        state.mxcsr |= flags;
        if ((flags & ~(state.mxcsr >>> 7) & 0x3F) != 0) {
            if ((cpu.cr4 & Cpu.CR4_OSXMMEXCPT) == 0) {
                throw cpu.invalidOpcode();
            }
            throw cpu.fault(GuestFault.SIMD_FLOATING_POINT, GuestFault.NO_ERROR_CODE);
        }
    }

    /** Between these two, {@link #begin} and {@link #complete} do nothing: several lanes are one instruction. */
    void join() {
        begin();
        joined = true;
    }

    /** Ends the joined instruction as {@link #complete} does. */
    void completeJoined() {
        joined = false;
        complete();
    }

    /** Ends the joined instruction without a result: it has raised another exception. */
    void abandonJoined() {
        joined = false;
    }

    private static boolean denormal(long bits) {
        return (bits & DOUBLE_EXPONENT) == 0 && bits << 1 != 0;
    }

    private static boolean denormal(int bits) {
        return (bits & SINGLE_EXPONENT) == 0 && bits << 1 != 0;
    }

    /** Normal, and not the smallest: that one may have been tiny before it was rounded. */
    static boolean plain(long bits) {
        return Integer.compareUnsigned(((int) (bits >>> 52) & 0x7FF) - 2, 0x7FD) < 0;
    }

    static boolean plain(int bits) {
        return Integer.compareUnsigned((bits >>> 23 & 0xFF) - 2, 0xFD) < 0;
    }

    /** One of the operations above on doubles. */
    long doubles(int operation, long a, long b) {
        if (fast && !denormal(a) && !denormal(b)) {
            double x = Double.longBitsToDouble(a);
            double y = Double.longBitsToDouble(b);
            double result =
                    switch (operation) {
                        case ADD -> x + y;
                        case MULTIPLY -> x * y;
                        case SUBTRACT -> x - y;
                        case DIVIDE -> x / y;
                        case MINIMUM -> x < y ? x : y;
                        default -> x > y ? x : y;
                    };
            long bits = Double.doubleToRawLongBits(result);
            if (plain(bits) && (operation < MINIMUM || operation == DIVIDE || !Double.isNaN(x))
                    || (result == 0 && (operation == ADD || operation == SUBTRACT))) {
                return bits;
            }
        }
        return software(operation, Format.DOUBLE, a, b);
    }

    /** One of the operations above on floats, in the low halves; the result is zero-extended. */
    long singles(int operation, long a, long b) {
        int left = (int) a;
        int right = (int) b;
        if (fast && !denormal(left) && !denormal(right)) {
            float x = Float.intBitsToFloat(left);
            float y = Float.intBitsToFloat(right);
            float result =
                    switch (operation) {
                        case ADD -> x + y;
                        case MULTIPLY -> x * y;
                        case SUBTRACT -> x - y;
                        case DIVIDE -> x / y;
                        case MINIMUM -> x < y ? x : y;
                        default -> x > y ? x : y;
                    };
            int bits = Float.floatToRawIntBits(result);
            if (plain(bits) && (operation < MINIMUM || operation == DIVIDE || !Float.isNaN(x))
                    || (result == 0 && (operation == ADD || operation == SUBTRACT))) {
                return bits & 0xFFFF_FFFFL;
            }
        }
        return software(operation, Format.SINGLE, a & 0xFFFF_FFFFL, b & 0xFFFF_FFFFL);
    }

    private long software(int operation, Format format, long a, long b) {
        return switch (operation) {
            case ADD -> soft.add(format, a, b);
            case MULTIPLY -> soft.multiply(format, a, b);
            case SUBTRACT -> soft.subtract(format, a, b);
            case DIVIDE -> soft.divide(format, a, b);
            case MINIMUM -> soft.minimum(format, a, b);
            default -> soft.maximum(format, a, b);
        };
    }

    /** Two floats at a time. */
    long singlePairs(int operation, long a, long b) {
        return singles(operation, a, b) | singles(operation, a >>> 32, b >>> 32) << 32;
    }

    long squareRootDouble(long a) {
        if (fast && a > 0 && plain(a)) {
            return Double.doubleToRawLongBits(Math.sqrt(Double.longBitsToDouble(a)));
        }
        return soft.squareRoot(Format.DOUBLE, a);
    }

    long squareRootSingle(long a) {
        int bits = (int) a;
        if (fast && bits > 0 && plain(bits)) {
            return Float.floatToRawIntBits((float) Math.sqrt(Float.intBitsToFloat(bits))) & 0xFFFF_FFFFL;
        }
        return soft.squareRoot(Format.SINGLE, a & 0xFFFF_FFFFL);
    }

    /** CMPxx on doubles: all ones or zero. */
    long compareDouble(long a, long b, int predicate) {
        return soft.holds(Format.DOUBLE, a, b, predicate) ? -1 : 0;
    }

    /** CMPxx on the low floats. */
    long compareSingle(long a, long b, int predicate) {
        return soft.holds(Format.SINGLE, a & 0xFFFF_FFFFL, b & 0xFFFF_FFFFL, predicate) ? 0xFFFF_FFFFL : 0;
    }

    /** ROUNDxx by its immediate operand: bits 0 to 2 the rounding mode, bit 3 to not report inexact results. */
    long roundDouble(long a, int control) {
        return soft.roundToIntegral(Format.DOUBLE, a, (control & 4) != 0 ? -1 : control & 3, (control & 8) != 0);
    }

    long roundSingle(long a, int control) {
        return soft.roundToIntegral(
                Format.SINGLE, a & 0xFFFF_FFFFL, (control & 4) != 0 ? -1 : control & 3, (control & 8) != 0);
    }

    /** FMA on elements of 4 (zero-extended) or 8 bytes; see {@link BinaryArithmetic#fuse}. */
    long fuse(int size, long a, long b, long c, boolean negateProduct, boolean negateAddend) {
        if (size == 8) {
            if (fast && !denormal(a) && !denormal(b) && !denormal(c)) {
                double x = Double.longBitsToDouble(a);
                double z = Double.longBitsToDouble(c);
                double sum = Math.fma(negateProduct ? -x : x, Double.longBitsToDouble(b), negateAddend ? -z : z);
                long bits = Double.doubleToRawLongBits(sum);
                if (plain(bits)) {
                    return bits;
                }
            }
            return soft.fuse(Format.DOUBLE, a, b, c, negateProduct, negateAddend);
        }
        if (fast && !denormal((int) a) && !denormal((int) b) && !denormal((int) c)) {
            float x = Float.intBitsToFloat((int) a);
            float z = Float.intBitsToFloat((int) c);
            float sum = Math.fma(negateProduct ? -x : x, Float.intBitsToFloat((int) b), negateAddend ? -z : z);
            int bits = Float.floatToRawIntBits(sum);
            if (plain(bits)) {
                return bits & 0xFFFF_FFFFL;
            }
        }
        return soft.fuse(Format.SINGLE, a, b, c, negateProduct, negateAddend);
    }

    long halfToSingle(long half) {
        return soft.halfToSingle(half);
    }

    /** VCVTPS2PH by its immediate operand: bits 0 to 2 are the rounding mode. */
    long singleToHalf(long single, int control) {
        return soft.singleToHalf(single, (control & 4) != 0 ? -1 : control & 3);
    }

    /** COMIS (a quiet NaN is invalid too) and UCOMIS: sets the arithmetic flags. */
    void compareToFlags(Format format, long a, long b, boolean signalsQuiet) {
        cpu.setArithmeticFlags(
                switch (compare(format, a, b, signalsQuiet)) {
                    case BinaryArithmetic.LESS -> Cpu.FLAG_CF;
                    case BinaryArithmetic.EQUAL -> Cpu.FLAG_ZF;
                    case BinaryArithmetic.GREATER -> 0;
                    default -> Cpu.FLAG_CF | Cpu.FLAG_PF | Cpu.FLAG_ZF;
                });
    }

    /** How two numbers compare, as {@link BinaryArithmetic#compare} tells, with its flags recorded. */
    int compare(Format format, long a, long b, boolean signalsQuiet) {
        int order = soft.compare(format, a, b, signalsQuiet);
        complete();
        return order;
    }

    long doubleToInteger(long a, int bits, boolean truncate) {
        double value = Double.longBitsToDouble(a);
        long integer = (long) value;
        if (integer == value && integer != Long.MAX_VALUE && integer == (bits == 32 ? (int) integer : integer)) {
            return integer;
        }
        return soft.toInteger(Format.DOUBLE, a, bits, truncate);
    }

    long singleToInteger(long a, int bits, boolean truncate) {
        return soft.toInteger(Format.SINGLE, a & 0xFFFF_FFFFL, bits, truncate);
    }

    /** Converts a signed 64-bit integer to a double. */
    long integerToDouble(long value) {
        if (value == (int) value) {
            return Double.doubleToRawLongBits((double) value);
        }
        return soft.fromInteger(Format.DOUBLE, value);
    }

    long integerToSingle(long value) {
        return soft.fromInteger(Format.SINGLE, value);
    }

    long singleToDouble(long a) {
        int bits = (int) a;
        if (plain(bits)) {
            return Double.doubleToRawLongBits(Float.intBitsToFloat(bits));
        }
        return soft.convert(Format.SINGLE, Format.DOUBLE, a & 0xFFFF_FFFFL);
    }

    long doubleToSingle(long a) {
        if (fast && !denormal(a)) {
            int bits = Float.floatToRawIntBits((float) Double.longBitsToDouble(a));
            if (plain(bits)) {
                return bits & 0xFFFF_FFFFL;
            }
        }
        return soft.convert(Format.DOUBLE, Format.SINGLE, a);
    }

    /**
     * RCPSS, which knows neither rounding nor exceptions, as Intel's processors have it: the reciprocal of the middle of the
     * interval given by the top 11 fraction bits, to 12 bits.
     */
    static long reciprocal(long a) {
        int bits = (int) a;
        int sign = bits & 0x8000_0000;
        if (denormal(bits) || bits << 1 == 0) {
            return (sign | SINGLE_EXPONENT) & 0xFFFF_FFFFL;
        }
        int field = bits >>> 23 & 0xFF;
        if (field == 0xFF) {
            return ((bits & 0x007F_FFFF) != 0 ? bits | QUIET_SINGLE : sign) & 0xFFFF_FFFFL;
        }
        double middle = 1 + ((bits >>> 12 & 0x7FF) + 0.5) / 2048;
        int twelve = (int) (8192 / middle + 0.5);
        int resultField = 253 - field;
        return (resultField <= 0 ? sign : sign | resultField << 23 | (twelve & 0xFFF) << 11) & 0xFFFF_FFFFL;
    }

    /** RSQRTSS: the same with the parity of the exponent and the top 10 fraction bits. */
    static long reciprocalSquareRoot(long a) {
        int bits = (int) a;
        int sign = bits & 0x8000_0000;
        if (denormal(bits) || bits << 1 == 0) {
            return (sign | SINGLE_EXPONENT) & 0xFFFF_FFFFL;
        }
        int field = bits >>> 23 & 0xFF;
        if (field == 0xFF && (bits & 0x007F_FFFF) != 0) {
            return (bits | QUIET_SINGLE) & 0xFFFF_FFFFL;
        }
        if (sign != 0) {
            return 0xFFC0_0000L;
        }
        if (field == 0xFF) {
            return 0;
        }
        boolean odd = (field & 1) == 0;
        double middle = (odd ? 2 : 1) * (1 + ((bits >>> 13 & 0x3FF) + 0.5) / 1024);
        int twelve = (int) (8192 / Math.sqrt(middle) + 0.5);
        int halved = (field - 127 - (odd ? 1 : 0)) / 2;
        return (126 - halved) << 23 | (twelve & 0xFFF) << 11;
    }
}
