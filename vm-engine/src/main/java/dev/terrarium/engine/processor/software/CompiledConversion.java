// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.processor.software.floating.BinaryArithmetic;
import dev.terrarium.engine.processor.software.floating.Format;

/** SSE's conversions and comparisons for compiled code, made as {@link CompiledFloat} is. */
final class CompiledConversion {
    private static final long LOW_32 = CompiledFloat.LOW_32;

    private CompiledConversion() {}

    /** CVTSI2SD of a 32-bit integer, which is exact. */
    static void intToDouble(long value, long[] xmm, int d) {
        xmm[2 * d] = Double.doubleToRawLongBits((double) (int) value);
    }

    static void longToDouble(long value, long[] xmm, int d, Cpu cpu) {
        if (value == (int) value || CompiledFloat.fast(cpu)) {
            xmm[2 * d] = Double.doubleToRawLongBits((double) value);
        } else {
            SimdFloat elements = cpu.elements;
            elements.begin();
            long result = elements.integerToDouble(value);
            elements.complete();
            xmm[2 * d] = result;
        }
    }

    static void intToSingle(long value, long[] xmm, int d, Cpu cpu) {
        longToSingle((int) value, xmm, d, cpu);
    }

    static void longToSingle(long value, long[] xmm, int d, Cpu cpu) {
        if (value == value << 40 >> 40 || CompiledFloat.fast(cpu)) {
            CompiledFloat.setSingle(xmm, d, Float.floatToRawIntBits((float) value));
        } else {
            SimdFloat elements = cpu.elements;
            elements.begin();
            long result = elements.integerToSingle(value);
            elements.complete();
            CompiledFloat.setSingle(xmm, d, (int) result);
        }
    }

    /** CVTTSD2SI to 32 bits. */
    static long doubleTruncatedToInt(long[] xmm, int s, Cpu cpu) {
        double value = Double.longBitsToDouble(xmm[2 * s]);
        int integer = (int) value;
        if (integer == value || CompiledFloat.fast(cpu) && Math.abs(value) < 0x1p31) {
            return integer & LOW_32;
        }
        return slowToInteger(cpu, xmm[2 * s], 32, true) & LOW_32;
    }

    static long doubleTruncatedToLong(long[] xmm, int s, Cpu cpu) {
        double value = Double.longBitsToDouble(xmm[2 * s]);
        if (CompiledFloat.fast(cpu) && Math.abs(value) < 0x1p63) {
            return (long) value;
        }
        return slowToInteger(cpu, xmm[2 * s], 64, true);
    }

    /** CVTSD2SI to 32 bits. */
    static long doubleToInt(long[] xmm, int s, Cpu cpu) {
        double value = Double.longBitsToDouble(xmm[2 * s]);
        if (CompiledFloat.fast(cpu) && Math.abs(value) < 0x1p30) {
            return (long) Math.rint(value) & LOW_32;
        }
        return slowToInteger(cpu, xmm[2 * s], 32, false) & LOW_32;
    }

    static long doubleToLong(long[] xmm, int s, Cpu cpu) {
        double value = Double.longBitsToDouble(xmm[2 * s]);
        if (CompiledFloat.fast(cpu) && Math.abs(value) < 0x1p62) {
            return (long) Math.rint(value);
        }
        return slowToInteger(cpu, xmm[2 * s], 64, false);
    }

    static long singleTruncatedToInt(long[] xmm, int s, Cpu cpu) {
        float value = Float.intBitsToFloat((int) xmm[2 * s]);
        if (CompiledFloat.fast(cpu) && Math.abs(value) < 0x1p31f) {
            return (int) value & LOW_32;
        }
        return slowSingleToInteger(cpu, xmm[2 * s], 32, true) & LOW_32;
    }

    static long singleTruncatedToLong(long[] xmm, int s, Cpu cpu) {
        float value = Float.intBitsToFloat((int) xmm[2 * s]);
        if (CompiledFloat.fast(cpu) && Math.abs(value) < 0x1p63f) {
            return (long) value;
        }
        return slowSingleToInteger(cpu, xmm[2 * s], 64, true);
    }

    static long singleToInt(long[] xmm, int s, Cpu cpu) {
        return slowSingleToInteger(cpu, xmm[2 * s], 32, false) & LOW_32;
    }

    static long singleToLong(long[] xmm, int s, Cpu cpu) {
        return slowSingleToInteger(cpu, xmm[2 * s], 64, false);
    }

    private static long slowToInteger(Cpu cpu, long bits, int width, boolean truncate) {
        SimdFloat elements = cpu.elements;
        elements.begin();
        long result = elements.doubleToInteger(bits, width, truncate);
        elements.complete();
        return result;
    }

    private static long slowSingleToInteger(Cpu cpu, long bits, int width, boolean truncate) {
        SimdFloat elements = cpu.elements;
        elements.begin();
        long result = elements.singleToInteger(bits, width, truncate);
        elements.complete();
        return result;
    }

    /** CVTSS2SD. */
    static void singleToDouble(long[] xmm, int d, int s, Cpu cpu) {
        int bits = (int) xmm[2 * s];
        if (CompiledFloat.comparable(bits)) {
            xmm[2 * d] = Double.doubleToRawLongBits(Float.intBitsToFloat(bits));
        } else {
            SimdFloat elements = cpu.elements;
            elements.begin();
            long result = elements.singleToDouble(bits);
            elements.complete();
            xmm[2 * d] = result;
        }
    }

    /** CVTPS2PD. */
    static void singlesToDoubles(long[] xmm, int d, int s, Cpu cpu) {
        long pair = xmm[2 * s];
        SimdFloat elements = cpu.elements;
        elements.begin();
        long low = elements.singleToDouble(pair);
        long high = elements.singleToDouble(pair >>> 32);
        elements.complete();
        xmm[2 * d] = low;
        xmm[2 * d + 1] = high;
    }

    /** CVTSD2SS. */
    static void doubleToSingle(long[] xmm, int d, int s, Cpu cpu) {
        long bits = xmm[2 * s];
        int single = Float.floatToRawIntBits((float) Double.longBitsToDouble(bits));
        if (CompiledFloat.fast(cpu) && CompiledFloat.operand(bits) && (SimdFloat.plain(single) || bits << 1 == 0)) {
            CompiledFloat.setSingle(xmm, d, single);
        } else {
            SimdFloat elements = cpu.elements;
            elements.begin();
            long result = elements.doubleToSingle(bits);
            elements.complete();
            CompiledFloat.setSingle(xmm, d, (int) result);
        }
    }

    /** CVTPD2PS. */
    static void doublesToSingles(long[] xmm, int d, int s, Cpu cpu) {
        SimdFloat elements = cpu.elements;
        elements.begin();
        long result = elements.doubleToSingle(xmm[2 * s]) | elements.doubleToSingle(xmm[2 * s + 1]) << 32;
        elements.complete();
        xmm[2 * d] = result;
        xmm[2 * d + 1] = 0;
    }

    /** CVTDQ2PD, which is exact. */
    static void intsToDoubles(long[] xmm, int d, int s) {
        long pair = xmm[2 * s];
        xmm[2 * d] = Double.doubleToRawLongBits((double) (int) pair);
        xmm[2 * d + 1] = Double.doubleToRawLongBits((double) CompiledFloat.high(pair));
    }

    private static long intsToSingles(SimdFloat elements, long pair) {
        return elements.integerToSingle((int) pair) | elements.integerToSingle(CompiledFloat.high(pair)) << 32;
    }

    /** CVTDQ2PS. */
    static void intsToSingles(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * s];
        long b = xmm[2 * s + 1];
        if (CompiledFloat.fast(cpu)) {
            xmm[2 * d] = CompiledFloat.pair(
                    Float.floatToRawIntBits((float) (int) a), Float.floatToRawIntBits((float) CompiledFloat.high(a)));
            xmm[2 * d + 1] = CompiledFloat.pair(
                    Float.floatToRawIntBits((float) (int) b), Float.floatToRawIntBits((float) CompiledFloat.high(b)));
            return;
        }
        SimdFloat elements = cpu.elements;
        elements.begin();
        long low = intsToSingles(elements, a);
        long high = intsToSingles(elements, b);
        elements.complete();
        xmm[2 * d] = low;
        xmm[2 * d + 1] = high;
    }

    // ---- comparisons

    /** UCOMISD: the order of two doubles as {@link FlagKind#ORDER} has it. */
    static long orderQuiet(long[] xmm, int d, int s, Cpu cpu) {
        return order(xmm[2 * d], xmm[2 * s], cpu, false);
    }

    /** COMISD, to which a quiet NaN is an invalid operand too. */
    static long orderSignaling(long[] xmm, int d, int s, Cpu cpu) {
        return order(xmm[2 * d], xmm[2 * s], cpu, true);
    }

    private static long order(long a, long b, Cpu cpu, boolean signalsQuiet) {
        if (CompiledFloat.comparable(a) && CompiledFloat.comparable(b)) {
            double x = Double.longBitsToDouble(a);
            double y = Double.longBitsToDouble(b);
            return x > y ? FlagKind.ORDER_GREATER : x < y ? FlagKind.ORDER_LESS : FlagKind.ORDER_EQUAL;
        }
        return slowOrder(cpu, Format.DOUBLE, a, b, signalsQuiet);
    }

    /** UCOMISS. */
    static long orderSinglesQuiet(long[] xmm, int d, int s, Cpu cpu) {
        return orderSingles((int) xmm[2 * d], (int) xmm[2 * s], cpu, false);
    }

    /** COMISS. */
    static long orderSinglesSignaling(long[] xmm, int d, int s, Cpu cpu) {
        return orderSingles((int) xmm[2 * d], (int) xmm[2 * s], cpu, true);
    }

    private static long orderSingles(int a, int b, Cpu cpu, boolean signalsQuiet) {
        if (CompiledFloat.comparable(a) && CompiledFloat.comparable(b)) {
            float x = Float.intBitsToFloat(a);
            float y = Float.intBitsToFloat(b);
            return x > y ? FlagKind.ORDER_GREATER : x < y ? FlagKind.ORDER_LESS : FlagKind.ORDER_EQUAL;
        }
        return slowOrder(cpu, Format.SINGLE, a & LOW_32, b & LOW_32, signalsQuiet);
    }

    private static long slowOrder(Cpu cpu, Format format, long a, long b, boolean signalsQuiet) {
        cpu.elements.begin();
        return switch (cpu.elements.compare(format, a, b, signalsQuiet)) {
            case BinaryArithmetic.LESS -> FlagKind.ORDER_LESS;
            case BinaryArithmetic.EQUAL -> FlagKind.ORDER_EQUAL;
            case BinaryArithmetic.GREATER -> FlagKind.ORDER_GREATER;
            default -> FlagKind.ORDER_NONE;
        };
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

    /** CMPSD. */
    static void compareDouble(long[] xmm, int d, int s, int immediate, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        int predicate = immediate & 7;
        if (CompiledFloat.comparable(a) && CompiledFloat.comparable(b)) {
            xmm[2 * d] = holds(Double.longBitsToDouble(a), Double.longBitsToDouble(b), predicate) ? -1 : 0;
        } else {
            SimdFloat elements = cpu.elements;
            elements.begin();
            long result = elements.compareDouble(a, b, predicate);
            elements.complete();
            xmm[2 * d] = result;
        }
    }

    /** CMPPD. */
    static void compareDoubles(long[] xmm, int d, int s, int immediate, Cpu cpu) {
        int predicate = immediate & 7;
        SimdFloat elements = cpu.elements;
        elements.begin();
        long low = elements.compareDouble(xmm[2 * d], xmm[2 * s], predicate);
        long high = elements.compareDouble(xmm[2 * d + 1], xmm[2 * s + 1], predicate);
        elements.complete();
        xmm[2 * d] = low;
        xmm[2 * d + 1] = high;
    }

    /** CMPSS. */
    static void compareSingle(long[] xmm, int d, int s, int immediate, Cpu cpu) {
        int a = (int) xmm[2 * d];
        int b = (int) xmm[2 * s];
        int predicate = immediate & 7;
        if (CompiledFloat.comparable(a) && CompiledFloat.comparable(b)) {
            CompiledFloat.setSingle(
                    xmm, d, holds(Float.intBitsToFloat(a), Float.intBitsToFloat(b), predicate) ? -1 : 0);
        } else {
            SimdFloat elements = cpu.elements;
            elements.begin();
            long result = elements.compareSingle(a, b, predicate);
            elements.complete();
            CompiledFloat.setSingle(xmm, d, (int) result);
        }
    }

    private static long compareSingles(SimdFloat elements, long a, long b, int predicate) {
        return elements.compareSingle(a, b, predicate) | elements.compareSingle(a >>> 32, b >>> 32, predicate) << 32;
    }

    /** CMPPS. */
    static void compareSingles(long[] xmm, int d, int s, int immediate, Cpu cpu) {
        int predicate = immediate & 7;
        SimdFloat elements = cpu.elements;
        elements.begin();
        long low = compareSingles(elements, xmm[2 * d], xmm[2 * s], predicate);
        long high = compareSingles(elements, xmm[2 * d + 1], xmm[2 * s + 1], predicate);
        elements.complete();
        xmm[2 * d] = low;
        xmm[2 * d + 1] = high;
    }
}
