// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/**
 * SSE's floating-point arithmetic for compiled code, with the registers of {@link CompiledSimd}: Java's own arithmetic where
 * it gives the same bits and the same flags. A method does so and returns true, or changes nothing and returns false: then
 * the interpreter executes the instruction.
 *
 * <p>Java's is used while all exceptions are masked and rounding is to nearest; if neither an operand nor the result is a
 * denormal (so that it is all one whether they are treated as zero), and the result is neither a NaN nor infinite; and if MXCSR has the inexact flag
 * already or the result is exact, which its error tells (Knuth, volume 2, section 4.2.2, theorem B; for products and
 * quotients a fused multiply-add). Minimum, maximum and comparisons of numbers that are neither NaN nor denormal are
 * exact, whatever MXCSR says.
 */
final class CompiledFloat {
    static final long LOW_32 = 0xFFFF_FFFFL;
    private static final long DOUBLE_EXPONENT = 0x7FF0_0000_0000_0000L;
    private static final int SINGLE_EXPONENT = 0x7F80_0000;

    /** The smallest normal numbers. */
    private static final long SMALLEST_DOUBLE = 1L << 52;

    private static final int SMALLEST_SINGLE = 1 << 23;

    /** MXCSR but for the sticky flags, FTZ and DAZ, and what it has to be. */
    private static final int CONTROL = 0x7F80;

    private static final int USUAL = 0x1F80;
    private static final int INEXACT = 0x20;

    /** Errors of doubles greater than this in magnitude are doubles themselves. */
    private static final double LARGE = 0x1p-900;

    private CompiledFloat() {}

    // ---- conditions

    /** Exceptions masked, rounding to nearest. */
    static boolean usual(Cpu cpu) {
        return (cpu.floatingPoint.mxcsr & CONTROL) == USUAL;
    }

    /** Inexact results leave no new flag. */
    static boolean inexact(Cpu cpu) {
        return (cpu.floatingPoint.mxcsr & INEXACT) != 0;
    }

    /** Not a denormal. */
    static boolean operand(long bits) {
        return (bits & DOUBLE_EXPONENT) != 0 || bits << 1 == 0;
    }

    static boolean operand(int bits) {
        return (bits & SINGLE_EXPONENT) != 0 || bits << 1 == 0;
    }

    /** Neither a denormal nor a NaN. */
    static boolean comparable(long bits) {
        long magnitude = bits & Long.MAX_VALUE;
        return magnitude >= SMALLEST_DOUBLE && magnitude <= DOUBLE_EXPONENT || magnitude == 0;
    }

    static boolean comparable(int bits) {
        int magnitude = bits & Integer.MAX_VALUE;
        return magnitude >= SMALLEST_SINGLE && magnitude <= SINGLE_EXPONENT || magnitude == 0;
    }

    static long pair(int low, int high) {
        return low & LOW_32 | (long) high << 32;
    }

    static void setSingle(long[] xmm, int d, int bits) {
        xmm[2 * d] = xmm[2 * d] & ~LOW_32 | bits & LOW_32;
    }

    static int high(long pair) {
        return (int) (pair >> 32);
    }

    private static double number(long bits) {
        return Double.longBitsToDouble(bits);
    }

    private static float number(int bits) {
        return Float.intBitsToFloat(bits);
    }

    // ---- one element: the result, and whether it is the instruction's

    private static long add(long a, long b) {
        return Double.doubleToRawLongBits(number(a) + number(b));
    }

    private static int add(int a, int b) {
        return Float.floatToRawIntBits(number(a) + number(b));
    }

    static boolean isExactSum(double a, double b, double sum) {
        double part = sum - a;
        return (a - (sum - part)) + (b - part) == 0;
    }

    private static boolean isSum(Cpu cpu, long a, long b, long result) {
        return (SimdFloat.plain(result) || result << 1 == 0)
                && operand(a)
                && operand(b)
                && (inexact(cpu) || isExactSum(number(a), number(b), number(result)));
    }

    private static boolean isSum(Cpu cpu, int a, int b, int result) {
        return (SimdFloat.plain(result) || result << 1 == 0)
                && operand(a)
                && operand(b)
                && (inexact(cpu) || (double) number(a) + number(b) == number(result) && isNear(a, b));
    }

    /** Is the sum of two singles a double? Their exponents differ by less than the double's additional digits. */
    private static boolean isNear(int a, int b) {
        return Math.abs((a >>> 23 & 0xFF) - (b >>> 23 & 0xFF)) < 29 || a << 1 == 0 || b << 1 == 0;
    }

    private static boolean mayAdd(Cpu cpu, long a, long b) {
        return isSum(cpu, a, b, add(a, b));
    }

    private static boolean mayAdd(Cpu cpu, int a, int b) {
        return isSum(cpu, a, b, add(a, b));
    }

    private static long subtract(long a, long b) {
        return Double.doubleToRawLongBits(number(a) - number(b));
    }

    private static int subtract(int a, int b) {
        return Float.floatToRawIntBits(number(a) - number(b));
    }

    private static boolean maySubtract(Cpu cpu, long a, long b) {
        return isSum(cpu, a, b ^ Long.MIN_VALUE, subtract(a, b));
    }

    private static boolean maySubtract(Cpu cpu, int a, int b) {
        return isSum(cpu, a, b ^ Integer.MIN_VALUE, subtract(a, b));
    }

    private static long multiply(long a, long b) {
        return Double.doubleToRawLongBits(number(a) * number(b));
    }

    private static int multiply(int a, int b) {
        return Float.floatToRawIntBits(number(a) * number(b));
    }

    /** Is a product or quotient of doubles, {@code a * b == c} but for rounding, exact? {@code c} is not small. */
    static boolean isExactProduct(double a, double b, double c) {
        return Math.abs(c) > LARGE && Math.fma(a, b, -c) == 0;
    }

    /** A product that is zero is exact if a factor is. */
    private static boolean mayMultiply(Cpu cpu, long a, long b) {
        long result = multiply(a, b);
        if (!operand(a) || !operand(b)) {
            return false;
        }
        return SimdFloat.plain(result)
                ? inexact(cpu) || isExactProduct(number(a), number(b), number(result))
                : result << 1 == 0 && (a << 1 == 0 || b << 1 == 0);
    }

    private static boolean mayMultiply(Cpu cpu, int a, int b) {
        int result = multiply(a, b);
        if (!operand(a) || !operand(b)) {
            return false;
        }
        return SimdFloat.plain(result)
                ? inexact(cpu) || (double) number(a) * number(b) == number(result)
                : result << 1 == 0 && (a << 1 == 0 || b << 1 == 0);
    }

    private static long divide(long a, long b) {
        return Double.doubleToRawLongBits(number(a) / number(b));
    }

    private static int divide(int a, int b) {
        return Float.floatToRawIntBits(number(a) / number(b));
    }

    private static boolean mayDivide(Cpu cpu, long a, long b) {
        long result = divide(a, b);
        if (!operand(a) || !operand(b)) {
            return false;
        }
        return SimdFloat.plain(result)
                ? inexact(cpu) || isExactProduct(number(result), number(b), number(a))
                : result << 1 == 0 && a << 1 == 0;
    }

    private static boolean mayDivide(Cpu cpu, int a, int b) {
        int result = divide(a, b);
        if (!operand(a) || !operand(b)) {
            return false;
        }
        return SimdFloat.plain(result)
                ? inexact(cpu) || (double) number(result) * number(b) == number(a)
                : result << 1 == 0 && a << 1 == 0;
    }

    private static long minimum(long a, long b) {
        return number(a) < number(b) ? a : b;
    }

    private static int minimum(int a, int b) {
        return number(a) < number(b) ? a : b;
    }

    private static long maximum(long a, long b) {
        return number(a) > number(b) ? a : b;
    }

    private static int maximum(int a, int b) {
        return number(a) > number(b) ? a : b;
    }

    static boolean areComparable(long a, long b) {
        return comparable(a) && comparable(b);
    }

    static boolean areComparable(int a, int b) {
        return comparable(a) && comparable(b);
    }

    // ---- instructions

    static boolean addDouble(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        if (usual(cpu) && mayAdd(cpu, a, b)) {
            xmm[2 * d] = add(a, b);
            return true;
        }
        return false;
    }

    static boolean addDoubles(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        long e = xmm[2 * d + 1];
        long f = xmm[2 * s + 1];
        if (usual(cpu) && mayAdd(cpu, a, b) && mayAdd(cpu, e, f)) {
            xmm[2 * d] = add(a, b);
            xmm[2 * d + 1] = add(e, f);
            return true;
        }
        return false;
    }

    static boolean addSingle(long[] xmm, int d, int s, Cpu cpu) {
        int a = (int) xmm[2 * d];
        int b = (int) xmm[2 * s];
        if (usual(cpu) && mayAdd(cpu, a, b)) {
            setSingle(xmm, d, add(a, b));
            return true;
        }
        return false;
    }

    static boolean addSingles(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        long e = xmm[2 * d + 1];
        long f = xmm[2 * s + 1];
        if (usual(cpu)
                && mayAdd(cpu, (int) a, (int) b)
                && mayAdd(cpu, high(a), high(b))
                && mayAdd(cpu, (int) e, (int) f)
                && mayAdd(cpu, high(e), high(f))) {
            xmm[2 * d] = pair(add((int) a, (int) b), add(high(a), high(b)));
            xmm[2 * d + 1] = pair(add((int) e, (int) f), add(high(e), high(f)));
            return true;
        }
        return false;
    }

    static boolean subtractDouble(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        if (usual(cpu) && maySubtract(cpu, a, b)) {
            xmm[2 * d] = subtract(a, b);
            return true;
        }
        return false;
    }

    static boolean subtractDoubles(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        long e = xmm[2 * d + 1];
        long f = xmm[2 * s + 1];
        if (usual(cpu) && maySubtract(cpu, a, b) && maySubtract(cpu, e, f)) {
            xmm[2 * d] = subtract(a, b);
            xmm[2 * d + 1] = subtract(e, f);
            return true;
        }
        return false;
    }

    static boolean subtractSingle(long[] xmm, int d, int s, Cpu cpu) {
        int a = (int) xmm[2 * d];
        int b = (int) xmm[2 * s];
        if (usual(cpu) && maySubtract(cpu, a, b)) {
            setSingle(xmm, d, subtract(a, b));
            return true;
        }
        return false;
    }

    static boolean subtractSingles(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        long e = xmm[2 * d + 1];
        long f = xmm[2 * s + 1];
        if (usual(cpu)
                && maySubtract(cpu, (int) a, (int) b)
                && maySubtract(cpu, high(a), high(b))
                && maySubtract(cpu, (int) e, (int) f)
                && maySubtract(cpu, high(e), high(f))) {
            xmm[2 * d] = pair(subtract((int) a, (int) b), subtract(high(a), high(b)));
            xmm[2 * d + 1] = pair(subtract((int) e, (int) f), subtract(high(e), high(f)));
            return true;
        }
        return false;
    }

    static boolean multiplyDouble(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        if (usual(cpu) && mayMultiply(cpu, a, b)) {
            xmm[2 * d] = multiply(a, b);
            return true;
        }
        return false;
    }

    static boolean multiplyDoubles(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        long e = xmm[2 * d + 1];
        long f = xmm[2 * s + 1];
        if (usual(cpu) && mayMultiply(cpu, a, b) && mayMultiply(cpu, e, f)) {
            xmm[2 * d] = multiply(a, b);
            xmm[2 * d + 1] = multiply(e, f);
            return true;
        }
        return false;
    }

    static boolean multiplySingle(long[] xmm, int d, int s, Cpu cpu) {
        int a = (int) xmm[2 * d];
        int b = (int) xmm[2 * s];
        if (usual(cpu) && mayMultiply(cpu, a, b)) {
            setSingle(xmm, d, multiply(a, b));
            return true;
        }
        return false;
    }

    static boolean multiplySingles(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        long e = xmm[2 * d + 1];
        long f = xmm[2 * s + 1];
        if (usual(cpu)
                && mayMultiply(cpu, (int) a, (int) b)
                && mayMultiply(cpu, high(a), high(b))
                && mayMultiply(cpu, (int) e, (int) f)
                && mayMultiply(cpu, high(e), high(f))) {
            xmm[2 * d] = pair(multiply((int) a, (int) b), multiply(high(a), high(b)));
            xmm[2 * d + 1] = pair(multiply((int) e, (int) f), multiply(high(e), high(f)));
            return true;
        }
        return false;
    }

    static boolean divideDouble(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        if (usual(cpu) && mayDivide(cpu, a, b)) {
            xmm[2 * d] = divide(a, b);
            return true;
        }
        return false;
    }

    static boolean divideDoubles(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        long e = xmm[2 * d + 1];
        long f = xmm[2 * s + 1];
        if (usual(cpu) && mayDivide(cpu, a, b) && mayDivide(cpu, e, f)) {
            xmm[2 * d] = divide(a, b);
            xmm[2 * d + 1] = divide(e, f);
            return true;
        }
        return false;
    }

    static boolean divideSingle(long[] xmm, int d, int s, Cpu cpu) {
        int a = (int) xmm[2 * d];
        int b = (int) xmm[2 * s];
        if (usual(cpu) && mayDivide(cpu, a, b)) {
            setSingle(xmm, d, divide(a, b));
            return true;
        }
        return false;
    }

    static boolean divideSingles(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        long e = xmm[2 * d + 1];
        long f = xmm[2 * s + 1];
        if (usual(cpu)
                && mayDivide(cpu, (int) a, (int) b)
                && mayDivide(cpu, high(a), high(b))
                && mayDivide(cpu, (int) e, (int) f)
                && mayDivide(cpu, high(e), high(f))) {
            xmm[2 * d] = pair(divide((int) a, (int) b), divide(high(a), high(b)));
            xmm[2 * d + 1] = pair(divide((int) e, (int) f), divide(high(e), high(f)));
            return true;
        }
        return false;
    }

    static boolean minimumDouble(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        if (areComparable(a, b)) {
            xmm[2 * d] = minimum(a, b);
            return true;
        }
        return false;
    }

    static boolean minimumDoubles(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        long e = xmm[2 * d + 1];
        long f = xmm[2 * s + 1];
        if (areComparable(a, b) && areComparable(e, f)) {
            xmm[2 * d] = minimum(a, b);
            xmm[2 * d + 1] = minimum(e, f);
            return true;
        }
        return false;
    }

    static boolean minimumSingle(long[] xmm, int d, int s, Cpu cpu) {
        int a = (int) xmm[2 * d];
        int b = (int) xmm[2 * s];
        if (areComparable(a, b)) {
            setSingle(xmm, d, minimum(a, b));
            return true;
        }
        return false;
    }

    static boolean minimumSingles(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        long e = xmm[2 * d + 1];
        long f = xmm[2 * s + 1];
        if (areComparable((int) a, (int) b)
                && areComparable(high(a), high(b))
                && areComparable((int) e, (int) f)
                && areComparable(high(e), high(f))) {
            xmm[2 * d] = pair(minimum((int) a, (int) b), minimum(high(a), high(b)));
            xmm[2 * d + 1] = pair(minimum((int) e, (int) f), minimum(high(e), high(f)));
            return true;
        }
        return false;
    }

    static boolean maximumDouble(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        if (areComparable(a, b)) {
            xmm[2 * d] = maximum(a, b);
            return true;
        }
        return false;
    }

    static boolean maximumDoubles(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        long e = xmm[2 * d + 1];
        long f = xmm[2 * s + 1];
        if (areComparable(a, b) && areComparable(e, f)) {
            xmm[2 * d] = maximum(a, b);
            xmm[2 * d + 1] = maximum(e, f);
            return true;
        }
        return false;
    }

    static boolean maximumSingle(long[] xmm, int d, int s, Cpu cpu) {
        int a = (int) xmm[2 * d];
        int b = (int) xmm[2 * s];
        if (areComparable(a, b)) {
            setSingle(xmm, d, maximum(a, b));
            return true;
        }
        return false;
    }

    static boolean maximumSingles(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        long e = xmm[2 * d + 1];
        long f = xmm[2 * s + 1];
        if (areComparable((int) a, (int) b)
                && areComparable(high(a), high(b))
                && areComparable((int) e, (int) f)
                && areComparable(high(e), high(f))) {
            xmm[2 * d] = pair(maximum((int) a, (int) b), maximum(high(a), high(b)));
            xmm[2 * d + 1] = pair(maximum((int) e, (int) f), maximum(high(e), high(f)));
            return true;
        }
        return false;
    }

    private static long squareRoot(long a) {
        return Double.doubleToRawLongBits(Math.sqrt(number(a)));
    }

    private static int squareRoot(int a) {
        return Float.floatToRawIntBits((float) Math.sqrt(number(a)));
    }

    private static boolean hasSquareRoot(Cpu cpu, long a) {
        double root = Math.sqrt(number(a));
        return a == 0 || a > 0 && SimdFloat.plain(a) && (inexact(cpu) || isExactProduct(root, root, number(a)));
    }

    private static boolean hasSquareRoot(Cpu cpu, int a) {
        double root = number(squareRoot(a));
        return a == 0 || a > 0 && SimdFloat.plain(a) && (inexact(cpu) || root * root == number(a));
    }

    static boolean squareRootDouble(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * s];
        if (usual(cpu) && hasSquareRoot(cpu, a)) {
            xmm[2 * d] = squareRoot(a);
            return true;
        }
        return false;
    }

    static boolean squareRootDoubles(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * s];
        long b = xmm[2 * s + 1];
        if (usual(cpu) && hasSquareRoot(cpu, a) && hasSquareRoot(cpu, b)) {
            xmm[2 * d] = squareRoot(a);
            xmm[2 * d + 1] = squareRoot(b);
            return true;
        }
        return false;
    }

    static boolean squareRootSingle(long[] xmm, int d, int s, Cpu cpu) {
        int a = (int) xmm[2 * s];
        if (usual(cpu) && hasSquareRoot(cpu, a)) {
            setSingle(xmm, d, squareRoot(a));
            return true;
        }
        return false;
    }

    static boolean squareRootSingles(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * s];
        long b = xmm[2 * s + 1];
        if (usual(cpu)
                && hasSquareRoot(cpu, (int) a)
                && hasSquareRoot(cpu, high(a))
                && hasSquareRoot(cpu, (int) b)
                && hasSquareRoot(cpu, high(b))) {
            xmm[2 * d] = pair(squareRoot((int) a), squareRoot(high(a)));
            xmm[2 * d + 1] = pair(squareRoot((int) b), squareRoot(high(b)));
            return true;
        }
        return false;
    }
}
