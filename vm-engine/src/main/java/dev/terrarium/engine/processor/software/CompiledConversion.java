// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/**
 * SSE's conversions and comparisons for compiled code, made as {@link CompiledFloat} is: false, or the named number, if the
 * interpreter is to execute the instruction.
 */
final class CompiledConversion {
    private static final long LOW_32 = CompiledFloat.LOW_32;

    /** What no conversion to an integer gives that the interpreter is not asked for. */
    static final long NO_INTEGER = Long.MIN_VALUE;

    /** Not an order of two numbers. */
    static final long NO_ORDER = -1;

    private CompiledConversion() {}

    /** Is a result right, exact or not? */
    private static boolean isRight(Cpu cpu, boolean exact) {
        return CompiledFloat.usual(cpu) && (exact || CompiledFloat.inexact(cpu));
    }

    /** CVTSI2SD of a 32-bit integer, which is exact. */
    static void intToDouble(long value, long[] xmm, int d) {
        xmm[2 * d] = Double.doubleToRawLongBits((double) (int) value);
    }

    static boolean longToDouble(long value, long[] xmm, int d, Cpu cpu) {
        if (value == value << 11 >> 11 || isRight(cpu, false)) {
            xmm[2 * d] = Double.doubleToRawLongBits((double) value);
            return true;
        }
        return false;
    }

    static boolean intToSingle(long value, long[] xmm, int d, Cpu cpu) {
        return longToSingle((int) value, xmm, d, cpu);
    }

    static boolean longToSingle(long value, long[] xmm, int d, Cpu cpu) {
        if (value == value << 40 >> 40 || isRight(cpu, false)) {
            CompiledFloat.setSingle(xmm, d, Float.floatToRawIntBits((float) value));
            return true;
        }
        return false;
    }

    private static long toInt(Cpu cpu, double value, double integer) {
        boolean fits = Math.abs(value) < 0x1p31 && Math.abs(integer) < 0x1p31;
        return fits && isRight(cpu, integer == value) ? (int) integer & LOW_32 : NO_INTEGER;
    }

    private static long toLong(Cpu cpu, double value, double integer) {
        return Math.abs(value) < 0x1p63 && isRight(cpu, integer == value) ? (long) integer : NO_INTEGER;
    }

    /** Towards zero; not for what does not fit a long. */
    private static double truncated(double value) {
        return (double) (long) value;
    }

    /** No denormal, which could be treated as zero or as an operand that raises #D. */
    private static double single(long bits) {
        return CompiledFloat.operand((int) bits) ? Float.intBitsToFloat((int) bits) : Double.NaN;
    }

    /** CVTTSD2SI to 32 bits. */
    static long doubleTruncatedToInt(long[] xmm, int s, Cpu cpu) {
        double value = Double.longBitsToDouble(xmm[2 * s]);
        return toInt(cpu, value, truncated(value));
    }

    static long doubleTruncatedToLong(long[] xmm, int s, Cpu cpu) {
        double value = Double.longBitsToDouble(xmm[2 * s]);
        return toLong(cpu, value, truncated(value));
    }

    /** CVTSD2SI to 32 bits. */
    static long doubleToInt(long[] xmm, int s, Cpu cpu) {
        double value = Double.longBitsToDouble(xmm[2 * s]);
        return toInt(cpu, value, Math.rint(value));
    }

    static long doubleToLong(long[] xmm, int s, Cpu cpu) {
        double value = Double.longBitsToDouble(xmm[2 * s]);
        return toLong(cpu, value, Math.rint(value));
    }

    static long singleTruncatedToInt(long[] xmm, int s, Cpu cpu) {
        double value = single(xmm[2 * s]);
        return toInt(cpu, value, truncated(value));
    }

    static long singleTruncatedToLong(long[] xmm, int s, Cpu cpu) {
        double value = single(xmm[2 * s]);
        return toLong(cpu, value, truncated(value));
    }

    static long singleToInt(long[] xmm, int s, Cpu cpu) {
        double value = single(xmm[2 * s]);
        return toInt(cpu, value, Math.rint(value));
    }

    static long singleToLong(long[] xmm, int s, Cpu cpu) {
        double value = single(xmm[2 * s]);
        return toLong(cpu, value, Math.rint(value));
    }

    private static long doubleOf(int single) {
        return Double.doubleToRawLongBits(Float.intBitsToFloat(single));
    }

    /** CVTSS2SD. */
    static boolean singleToDouble(long[] xmm, int d, int s, Cpu cpu) {
        int bits = (int) xmm[2 * s];
        if (CompiledFloat.comparable(bits)) {
            xmm[2 * d] = doubleOf(bits);
            return true;
        }
        return false;
    }

    /** CVTPS2PD. */
    static boolean singlesToDoubles(long[] xmm, int d, int s, Cpu cpu) {
        long pair = xmm[2 * s];
        if (CompiledFloat.areComparable((int) pair, CompiledFloat.high(pair))) {
            xmm[2 * d] = doubleOf((int) pair);
            xmm[2 * d + 1] = doubleOf(CompiledFloat.high(pair));
            return true;
        }
        return false;
    }

    private static int singleOf(long bits) {
        return Float.floatToRawIntBits((float) Double.longBitsToDouble(bits));
    }

    private static boolean hasSingle(Cpu cpu, long bits) {
        int single = singleOf(bits);
        boolean exact = Float.intBitsToFloat(single) == Double.longBitsToDouble(bits);
        return bits << 1 == 0
                || CompiledFloat.operand(bits) && SimdFloat.plain(single) && (exact || CompiledFloat.inexact(cpu));
    }

    /** CVTSD2SS. */
    static boolean doubleToSingle(long[] xmm, int d, int s, Cpu cpu) {
        long bits = xmm[2 * s];
        if (CompiledFloat.usual(cpu) && hasSingle(cpu, bits)) {
            CompiledFloat.setSingle(xmm, d, singleOf(bits));
            return true;
        }
        return false;
    }

    /** CVTPD2PS. */
    static boolean doublesToSingles(long[] xmm, int d, int s, Cpu cpu) {
        long low = xmm[2 * s];
        long high = xmm[2 * s + 1];
        if (CompiledFloat.usual(cpu) && hasSingle(cpu, low) && hasSingle(cpu, high)) {
            xmm[2 * d] = CompiledFloat.pair(singleOf(low), singleOf(high));
            xmm[2 * d + 1] = 0;
            return true;
        }
        return false;
    }

    /** CVTDQ2PD, which is exact. */
    static void intsToDoubles(long[] xmm, int d, int s) {
        long pair = xmm[2 * s];
        xmm[2 * d] = Double.doubleToRawLongBits((double) (int) pair);
        xmm[2 * d + 1] = Double.doubleToRawLongBits((double) CompiledFloat.high(pair));
    }

    private static boolean isExactSingle(int value) {
        return (float) value == (double) value;
    }

    private static boolean areExactSingles(long pair) {
        return isExactSingle((int) pair) && isExactSingle(CompiledFloat.high(pair));
    }

    private static long singlesOf(long pair) {
        return CompiledFloat.pair(
                Float.floatToRawIntBits((float) (int) pair), Float.floatToRawIntBits((float) CompiledFloat.high(pair)));
    }

    /** CVTDQ2PS. */
    static boolean intsToSingles(long[] xmm, int d, int s, Cpu cpu) {
        long low = xmm[2 * s];
        long high = xmm[2 * s + 1];
        if (CompiledFloat.usual(cpu) && (CompiledFloat.inexact(cpu) || areExactSingles(low) && areExactSingles(high))) {
            xmm[2 * d] = singlesOf(low);
            xmm[2 * d + 1] = singlesOf(high);
            return true;
        }
        return false;
    }

    /** CVTPS2DQ and, towards zero, CVTTPS2DQ. */
    static boolean singlesToInts(long[] xmm, int d, int s, Cpu cpu) {
        return integers(
                xmm,
                d,
                toInt(cpu, single(xmm[2 * s]), Math.rint(single(xmm[2 * s]))),
                upperToInt(cpu, xmm[2 * s], false),
                toInt(cpu, single(xmm[2 * s + 1]), Math.rint(single(xmm[2 * s + 1]))),
                upperToInt(cpu, xmm[2 * s + 1], false));
    }

    static boolean singlesTruncatedToInts(long[] xmm, int d, int s, Cpu cpu) {
        return integers(
                xmm,
                d,
                toInt(cpu, single(xmm[2 * s]), truncated(single(xmm[2 * s]))),
                upperToInt(cpu, xmm[2 * s], true),
                toInt(cpu, single(xmm[2 * s + 1]), truncated(single(xmm[2 * s + 1]))),
                upperToInt(cpu, xmm[2 * s + 1], true));
    }

    private static long upperToInt(Cpu cpu, long pair, boolean truncate) {
        double value = single(pair >>> 32);
        return toInt(cpu, value, truncate ? truncated(value) : Math.rint(value));
    }

    private static boolean integers(long[] xmm, int d, long a, long b, long c, long e) {
        if (a == NO_INTEGER || b == NO_INTEGER || c == NO_INTEGER || e == NO_INTEGER) {
            return false;
        }
        xmm[2 * d] = a | b << 32;
        xmm[2 * d + 1] = c | e << 32;
        return true;
    }

    // ---- rounding to an integer, by ROUNDSD's immediate: bits 0 to 2 how, bit 3 to not report inexact results

    private static double rounded(double value, int control) {
        return switch (control & 7) {
            case 1 -> Math.floor(value);
            case 2 -> Math.ceil(value);
            case 3 -> value < 0 ? Math.ceil(value) : Math.floor(value);
            default -> Math.rint(value); // 0, and MXCSR's way
        };
    }

    private static boolean mayRound(Cpu cpu, double value, int control) {
        return (control & 8) != 0 || CompiledFloat.inexact(cpu) || rounded(value, control) == value;
    }

    private static boolean mayRound(Cpu cpu, long bits, int control) {
        return CompiledFloat.comparable(bits) && mayRound(cpu, Double.longBitsToDouble(bits), control);
    }

    private static boolean mayRound(Cpu cpu, int bits, int control) {
        return CompiledFloat.comparable(bits) && mayRound(cpu, (double) Float.intBitsToFloat(bits), control);
    }

    private static long round(long bits, int control) {
        return Double.doubleToRawLongBits(rounded(Double.longBitsToDouble(bits), control));
    }

    private static int round(int bits, int control) {
        return Float.floatToRawIntBits((float) rounded(Float.intBitsToFloat(bits), control));
    }

    /** ROUNDSD. */
    static boolean roundDouble(long[] xmm, int d, int s, int control, Cpu cpu) {
        long a = xmm[2 * s];
        if (CompiledFloat.usual(cpu) && mayRound(cpu, a, control)) {
            xmm[2 * d] = round(a, control);
            return true;
        }
        return false;
    }

    static boolean roundDoubles(long[] xmm, int d, int s, int control, Cpu cpu) {
        long a = xmm[2 * s];
        long b = xmm[2 * s + 1];
        if (CompiledFloat.usual(cpu) && mayRound(cpu, a, control) && mayRound(cpu, b, control)) {
            xmm[2 * d] = round(a, control);
            xmm[2 * d + 1] = round(b, control);
            return true;
        }
        return false;
    }

    static boolean roundSingle(long[] xmm, int d, int s, int control, Cpu cpu) {
        int a = (int) xmm[2 * s];
        if (CompiledFloat.usual(cpu) && mayRound(cpu, a, control)) {
            CompiledFloat.setSingle(xmm, d, round(a, control));
            return true;
        }
        return false;
    }

    private static boolean mayRoundPair(Cpu cpu, long pair, int control) {
        return mayRound(cpu, (int) pair, control) && mayRound(cpu, CompiledFloat.high(pair), control);
    }

    private static long roundPair(long pair, int control) {
        return CompiledFloat.pair(round((int) pair, control), round(CompiledFloat.high(pair), control));
    }

    static boolean roundSingles(long[] xmm, int d, int s, int control, Cpu cpu) {
        long low = xmm[2 * s];
        long high = xmm[2 * s + 1];
        if (CompiledFloat.usual(cpu) && mayRoundPair(cpu, low, control) && mayRoundPair(cpu, high, control)) {
            xmm[2 * d] = roundPair(low, control);
            xmm[2 * d + 1] = roundPair(high, control);
            return true;
        }
        return false;
    }

    // ---- comparisons

    /** UCOMISD and COMISD: the order of two doubles as {@link FlagKind#ORDER} has it. */
    static long order(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        if (CompiledFloat.areComparable(a, b)) {
            double x = Double.longBitsToDouble(a);
            double y = Double.longBitsToDouble(b);
            return x > y ? FlagKind.ORDER_GREATER : x < y ? FlagKind.ORDER_LESS : FlagKind.ORDER_EQUAL;
        }
        return NO_ORDER;
    }

    /** UCOMISS and COMISS. */
    static long orderSingles(long[] xmm, int d, int s, Cpu cpu) {
        int a = (int) xmm[2 * d];
        int b = (int) xmm[2 * s];
        if (CompiledFloat.areComparable(a, b)) {
            float x = Float.intBitsToFloat(a);
            float y = Float.intBitsToFloat(b);
            return x > y ? FlagKind.ORDER_GREATER : x < y ? FlagKind.ORDER_LESS : FlagKind.ORDER_EQUAL;
        }
        return NO_ORDER;
    }

    private static boolean holds(double x, double y, int predicate) {
        boolean plain =
                switch (predicate & 3) {
                    case 0 -> x == y;
                    case 1 -> x < y;
                    case 2 -> x <= y;
                    default -> false;
                };
        return plain != predicate >= 4;
    }

    private static long compared(long a, long b, int predicate) {
        return holds(Double.longBitsToDouble(a), Double.longBitsToDouble(b), predicate) ? -1 : 0;
    }

    private static int compared(int a, int b, int predicate) {
        return holds(Float.intBitsToFloat(a), Float.intBitsToFloat(b), predicate) ? -1 : 0;
    }

    /** CMPSD. */
    static boolean compareDouble(long[] xmm, int d, int s, int immediate, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        if (CompiledFloat.areComparable(a, b)) {
            xmm[2 * d] = compared(a, b, immediate & 7);
            return true;
        }
        return false;
    }

    /** CMPPD. */
    static boolean compareDoubles(long[] xmm, int d, int s, int immediate, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        long e = xmm[2 * d + 1];
        long f = xmm[2 * s + 1];
        if (CompiledFloat.areComparable(a, b) && CompiledFloat.areComparable(e, f)) {
            xmm[2 * d] = compared(a, b, immediate & 7);
            xmm[2 * d + 1] = compared(e, f, immediate & 7);
            return true;
        }
        return false;
    }

    /** CMPSS. */
    static boolean compareSingle(long[] xmm, int d, int s, int immediate, Cpu cpu) {
        int a = (int) xmm[2 * d];
        int b = (int) xmm[2 * s];
        if (CompiledFloat.areComparable(a, b)) {
            CompiledFloat.setSingle(xmm, d, compared(a, b, immediate & 7));
            return true;
        }
        return false;
    }

    private static boolean arePairs(long a, long b) {
        return CompiledFloat.areComparable((int) a, (int) b)
                && CompiledFloat.areComparable(CompiledFloat.high(a), CompiledFloat.high(b));
    }

    private static long comparedPairs(long a, long b, int predicate) {
        return CompiledFloat.pair(
                compared((int) a, (int) b, predicate),
                compared(CompiledFloat.high(a), CompiledFloat.high(b), predicate));
    }

    /** CMPPS. */
    static boolean compareSingles(long[] xmm, int d, int s, int immediate, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        long e = xmm[2 * d + 1];
        long f = xmm[2 * s + 1];
        if (arePairs(a, b) && arePairs(e, f)) {
            xmm[2 * d] = comparedPairs(a, b, immediate & 7);
            xmm[2 * d + 1] = comparedPairs(e, f, immediate & 7);
            return true;
        }
        return false;
    }
}
