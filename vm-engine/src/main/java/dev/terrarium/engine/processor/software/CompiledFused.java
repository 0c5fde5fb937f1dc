// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/**
 * FMA for compiled code, made as {@link CompiledFloat} is: {@code a * b + c} to {@code d}, with the product or the addend
 * negated by {@link #NEGATE_PRODUCT} and {@link #NEGATE_ADDEND} in {@code signs}.
 */
final class CompiledFused {
    static final int NEGATE_PRODUCT = 1;
    static final int NEGATE_ADDEND = 2;

    /** A zero result is exact if the addend is greater than this. */
    private static final double LARGE_DOUBLE = 0x1p-900;

    private static final double LARGE_SINGLE = 0x1p-60;

    private CompiledFused() {}

    private static long negated(long bits, int signs, int which) {
        return (signs & which) != 0 ? bits ^ Long.MIN_VALUE : bits;
    }

    private static int negated(int bits, int signs, int which) {
        return (signs & which) != 0 ? bits ^ Integer.MIN_VALUE : bits;
    }

    private static long fuse(long a, long b, long c) {
        return Double.doubleToRawLongBits(
                Math.fma(Double.longBitsToDouble(a), Double.longBitsToDouble(b), Double.longBitsToDouble(c)));
    }

    private static int fuse(int a, int b, int c) {
        return Float.floatToRawIntBits(
                Math.fma(Float.intBitsToFloat(a), Float.intBitsToFloat(b), Float.intBitsToFloat(c)));
    }

    private static boolean may(Cpu cpu, long a, long b, long c, long result) {
        boolean large = Math.abs(Double.longBitsToDouble(c)) > LARGE_DOUBLE;
        return CompiledFloat.operand(a)
                && CompiledFloat.operand(b)
                && CompiledFloat.operand(c)
                && (SimdFloat.plain(result)
                        ? CompiledFloat.inexact(cpu) || isExact(a, b, c)
                        : result << 1 == 0 && large);
    }

    /** Enough to know programs that count in floating point: the product is exact, and the sum. */
    private static boolean isExact(long a, long b, long c) {
        double x = Double.longBitsToDouble(a);
        double y = Double.longBitsToDouble(b);
        double z = Double.longBitsToDouble(c);
        double product = x * y;
        return CompiledFloat.isExactProduct(x, y, product) && CompiledFloat.isExactSum(product, z, product + z);
    }

    private static boolean may(Cpu cpu, int a, int b, int c, int result) {
        boolean large = Math.abs(Float.intBitsToFloat(c)) > LARGE_SINGLE;
        return CompiledFloat.operand(a)
                && CompiledFloat.operand(b)
                && CompiledFloat.operand(c)
                && (SimdFloat.plain(result)
                        ? CompiledFloat.inexact(cpu) || isExact(a, b, c, result)
                        : result << 1 == 0 && large);
    }

    /** The product of two singles is a double. */
    private static boolean isExact(int a, int b, int c, int result) {
        double product = (double) Float.intBitsToFloat(a) * Float.intBitsToFloat(b);
        double sum = product + Float.intBitsToFloat(c);
        return sum == Float.intBitsToFloat(result) && CompiledFloat.isExactSum(product, Float.intBitsToFloat(c), sum);
    }

    static boolean fuseDouble(long[] xmm, int d, int a, int b, int c, int signs, Cpu cpu) {
        long x = negated(xmm[2 * a], signs, NEGATE_PRODUCT);
        long z = negated(xmm[2 * c], signs, NEGATE_ADDEND);
        long result = fuse(x, xmm[2 * b], z);
        if (CompiledFloat.usual(cpu) && may(cpu, x, xmm[2 * b], z, result)) {
            xmm[2 * d] = result;
            return true;
        }
        return false;
    }

    static boolean fuseDoubles(long[] xmm, int d, int a, int b, int c, int signs, Cpu cpu) {
        long x = negated(xmm[2 * a], signs, NEGATE_PRODUCT);
        long z = negated(xmm[2 * c], signs, NEGATE_ADDEND);
        long low = fuse(x, xmm[2 * b], z);
        long e = negated(xmm[2 * a + 1], signs, NEGATE_PRODUCT);
        long g = negated(xmm[2 * c + 1], signs, NEGATE_ADDEND);
        long high = fuse(e, xmm[2 * b + 1], g);
        if (CompiledFloat.usual(cpu) && may(cpu, x, xmm[2 * b], z, low) && may(cpu, e, xmm[2 * b + 1], g, high)) {
            xmm[2 * d] = low;
            xmm[2 * d + 1] = high;
            return true;
        }
        return false;
    }

    static boolean fuseSingle(long[] xmm, int d, int a, int b, int c, int signs, Cpu cpu) {
        int x = negated((int) xmm[2 * a], signs, NEGATE_PRODUCT);
        int y = (int) xmm[2 * b];
        int z = negated((int) xmm[2 * c], signs, NEGATE_ADDEND);
        int result = fuse(x, y, z);
        if (CompiledFloat.usual(cpu) && may(cpu, x, y, z, result)) {
            CompiledFloat.setSingle(xmm, d, result);
            return true;
        }
        return false;
    }
}
