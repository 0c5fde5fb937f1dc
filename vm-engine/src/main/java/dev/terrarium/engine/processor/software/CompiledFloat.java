// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/**
 * SSE's floating-point arithmetic for compiled code, with the registers of {@link CompiledSimd}: Java's own arithmetic
 * where {@link SimdFloat}'s conditions for it hold, else {@link SimdFloat} itself. A method that raises #XM has changed no
 * register before.
 *
 * <p>Minimum, maximum and comparisons of numbers that are neither NaN nor denormal are exact, whatever MXCSR says.
 */
final class CompiledFloat {
    static final long LOW_32 = 0xFFFF_FFFFL;
    private static final long DOUBLE_EXPONENT = 0x7FF0_0000_0000_0000L;
    private static final int SINGLE_EXPONENT = 0x7F80_0000;

    /** The smallest normal numbers. */
    private static final long SMALLEST_DOUBLE = 1L << 52;

    private static final int SMALLEST_SINGLE = 1 << 23;

    private CompiledFloat() {}

    // ---- conditions

    static boolean fast(Cpu cpu) {
        return SimdFloat.isFast(cpu.floatingPoint.mxcsr);
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

    private static boolean sum(long bits) {
        return SimdFloat.plain(bits) || bits << 1 == 0;
    }

    private static boolean sum(int bits) {
        return SimdFloat.plain(bits) || bits << 1 == 0;
    }

    /** A product that is zero is exact if a factor is. */
    private static boolean product(long bits, long a, long b) {
        return SimdFloat.plain(bits) || bits << 1 == 0 && (a << 1 == 0 || b << 1 == 0);
    }

    private static boolean product(int bits, int a, int b) {
        return SimdFloat.plain(bits) || bits << 1 == 0 && (a << 1 == 0 || b << 1 == 0);
    }

    private static boolean quotient(long bits, long a) {
        return SimdFloat.plain(bits) || bits << 1 == 0 && a << 1 == 0;
    }

    private static boolean quotient(int bits, int a) {
        return SimdFloat.plain(bits) || bits << 1 == 0 && a << 1 == 0;
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

    // ---- the exact way

    private static void slowDouble(Cpu cpu, long[] xmm, int d, int s, int operation) {
        SimdFloat elements = cpu.elements;
        elements.begin();
        long result = elements.doubles(operation, xmm[2 * d], xmm[2 * s]);
        elements.complete();
        xmm[2 * d] = result;
    }

    private static void slowDoubles(Cpu cpu, long[] xmm, int d, int s, int operation) {
        SimdFloat elements = cpu.elements;
        elements.begin();
        long low = elements.doubles(operation, xmm[2 * d], xmm[2 * s]);
        long high = elements.doubles(operation, xmm[2 * d + 1], xmm[2 * s + 1]);
        elements.complete();
        xmm[2 * d] = low;
        xmm[2 * d + 1] = high;
    }

    private static void slowSingle(Cpu cpu, long[] xmm, int d, int s, int operation) {
        SimdFloat elements = cpu.elements;
        elements.begin();
        long result = elements.singles(operation, xmm[2 * d], xmm[2 * s]);
        elements.complete();
        setSingle(xmm, d, (int) result);
    }

    private static void slowSingles(Cpu cpu, long[] xmm, int d, int s, int operation) {
        SimdFloat elements = cpu.elements;
        elements.begin();
        long low = elements.singlePairs(operation, xmm[2 * d], xmm[2 * s]);
        long high = elements.singlePairs(operation, xmm[2 * d + 1], xmm[2 * s + 1]);
        elements.complete();
        xmm[2 * d] = low;
        xmm[2 * d + 1] = high;
    }

    // ---- arithmetic

    static void addDouble(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        long result = Double.doubleToRawLongBits(Double.longBitsToDouble(a) + Double.longBitsToDouble(b));
        if (fast(cpu) && operand(a) && operand(b) && sum(result)) {
            xmm[2 * d] = result;
        } else {
            slowDouble(cpu, xmm, d, s, SimdFloat.ADD);
        }
    }

    static void addDoubles(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        long e = xmm[2 * d + 1];
        long f = xmm[2 * s + 1];
        long low = Double.doubleToRawLongBits(Double.longBitsToDouble(a) + Double.longBitsToDouble(b));
        long high = Double.doubleToRawLongBits(Double.longBitsToDouble(e) + Double.longBitsToDouble(f));
        boolean exact = operand(a) && operand(b) && operand(e) && operand(f);
        if (fast(cpu) && exact && sum(low) && sum(high)) {
            xmm[2 * d] = low;
            xmm[2 * d + 1] = high;
        } else {
            slowDoubles(cpu, xmm, d, s, SimdFloat.ADD);
        }
    }

    private static int add(int a, int b) {
        return Float.floatToRawIntBits(Float.intBitsToFloat(a) + Float.intBitsToFloat(b));
    }

    private static boolean addIsFast(int a, int b) {
        return operand(a) && operand(b) && sum(add(a, b));
    }

    static void addSingle(long[] xmm, int d, int s, Cpu cpu) {
        int a = (int) xmm[2 * d];
        int b = (int) xmm[2 * s];
        if (fast(cpu) && addIsFast(a, b)) {
            setSingle(xmm, d, add(a, b));
        } else {
            slowSingle(cpu, xmm, d, s, SimdFloat.ADD);
        }
    }

    static void addSingles(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        long e = xmm[2 * d + 1];
        long f = xmm[2 * s + 1];
        if (fast(cpu)
                && addIsFast((int) a, (int) b)
                && addIsFast(high(a), high(b))
                && addIsFast((int) e, (int) f)
                && addIsFast(high(e), high(f))) {
            xmm[2 * d] = pair(add((int) a, (int) b), add(high(a), high(b)));
            xmm[2 * d + 1] = pair(add((int) e, (int) f), add(high(e), high(f)));
        } else {
            slowSingles(cpu, xmm, d, s, SimdFloat.ADD);
        }
    }

    static void subtractDouble(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        long result = Double.doubleToRawLongBits(Double.longBitsToDouble(a) - Double.longBitsToDouble(b));
        if (fast(cpu) && operand(a) && operand(b) && sum(result)) {
            xmm[2 * d] = result;
        } else {
            slowDouble(cpu, xmm, d, s, SimdFloat.SUBTRACT);
        }
    }

    static void subtractDoubles(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        long e = xmm[2 * d + 1];
        long f = xmm[2 * s + 1];
        long low = Double.doubleToRawLongBits(Double.longBitsToDouble(a) - Double.longBitsToDouble(b));
        long high = Double.doubleToRawLongBits(Double.longBitsToDouble(e) - Double.longBitsToDouble(f));
        boolean exact = operand(a) && operand(b) && operand(e) && operand(f);
        if (fast(cpu) && exact && sum(low) && sum(high)) {
            xmm[2 * d] = low;
            xmm[2 * d + 1] = high;
        } else {
            slowDoubles(cpu, xmm, d, s, SimdFloat.SUBTRACT);
        }
    }

    private static int subtract(int a, int b) {
        return Float.floatToRawIntBits(Float.intBitsToFloat(a) - Float.intBitsToFloat(b));
    }

    private static boolean subtractIsFast(int a, int b) {
        return operand(a) && operand(b) && sum(subtract(a, b));
    }

    static void subtractSingle(long[] xmm, int d, int s, Cpu cpu) {
        int a = (int) xmm[2 * d];
        int b = (int) xmm[2 * s];
        if (fast(cpu) && subtractIsFast(a, b)) {
            setSingle(xmm, d, subtract(a, b));
        } else {
            slowSingle(cpu, xmm, d, s, SimdFloat.SUBTRACT);
        }
    }

    static void subtractSingles(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        long e = xmm[2 * d + 1];
        long f = xmm[2 * s + 1];
        if (fast(cpu)
                && subtractIsFast((int) a, (int) b)
                && subtractIsFast(high(a), high(b))
                && subtractIsFast((int) e, (int) f)
                && subtractIsFast(high(e), high(f))) {
            xmm[2 * d] = pair(subtract((int) a, (int) b), subtract(high(a), high(b)));
            xmm[2 * d + 1] = pair(subtract((int) e, (int) f), subtract(high(e), high(f)));
        } else {
            slowSingles(cpu, xmm, d, s, SimdFloat.SUBTRACT);
        }
    }

    static void multiplyDouble(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        long result = Double.doubleToRawLongBits(Double.longBitsToDouble(a) * Double.longBitsToDouble(b));
        if (fast(cpu) && operand(a) && operand(b) && product(result, a, b)) {
            xmm[2 * d] = result;
        } else {
            slowDouble(cpu, xmm, d, s, SimdFloat.MULTIPLY);
        }
    }

    static void multiplyDoubles(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        long e = xmm[2 * d + 1];
        long f = xmm[2 * s + 1];
        long low = Double.doubleToRawLongBits(Double.longBitsToDouble(a) * Double.longBitsToDouble(b));
        long high = Double.doubleToRawLongBits(Double.longBitsToDouble(e) * Double.longBitsToDouble(f));
        boolean exact = operand(a) && operand(b) && operand(e) && operand(f);
        if (fast(cpu) && exact && product(low, a, b) && product(high, e, f)) {
            xmm[2 * d] = low;
            xmm[2 * d + 1] = high;
        } else {
            slowDoubles(cpu, xmm, d, s, SimdFloat.MULTIPLY);
        }
    }

    private static int multiply(int a, int b) {
        return Float.floatToRawIntBits(Float.intBitsToFloat(a) * Float.intBitsToFloat(b));
    }

    private static boolean multiplyIsFast(int a, int b) {
        return operand(a) && operand(b) && product(multiply(a, b), a, b);
    }

    static void multiplySingle(long[] xmm, int d, int s, Cpu cpu) {
        int a = (int) xmm[2 * d];
        int b = (int) xmm[2 * s];
        if (fast(cpu) && multiplyIsFast(a, b)) {
            setSingle(xmm, d, multiply(a, b));
        } else {
            slowSingle(cpu, xmm, d, s, SimdFloat.MULTIPLY);
        }
    }

    static void multiplySingles(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        long e = xmm[2 * d + 1];
        long f = xmm[2 * s + 1];
        if (fast(cpu)
                && multiplyIsFast((int) a, (int) b)
                && multiplyIsFast(high(a), high(b))
                && multiplyIsFast((int) e, (int) f)
                && multiplyIsFast(high(e), high(f))) {
            xmm[2 * d] = pair(multiply((int) a, (int) b), multiply(high(a), high(b)));
            xmm[2 * d + 1] = pair(multiply((int) e, (int) f), multiply(high(e), high(f)));
        } else {
            slowSingles(cpu, xmm, d, s, SimdFloat.MULTIPLY);
        }
    }

    static void divideDouble(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        long result = Double.doubleToRawLongBits(Double.longBitsToDouble(a) / Double.longBitsToDouble(b));
        if (fast(cpu) && operand(a) && operand(b) && quotient(result, a)) {
            xmm[2 * d] = result;
        } else {
            slowDouble(cpu, xmm, d, s, SimdFloat.DIVIDE);
        }
    }

    static void divideDoubles(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        long e = xmm[2 * d + 1];
        long f = xmm[2 * s + 1];
        long low = Double.doubleToRawLongBits(Double.longBitsToDouble(a) / Double.longBitsToDouble(b));
        long high = Double.doubleToRawLongBits(Double.longBitsToDouble(e) / Double.longBitsToDouble(f));
        boolean exact = operand(a) && operand(b) && operand(e) && operand(f);
        if (fast(cpu) && exact && quotient(low, a) && quotient(high, e)) {
            xmm[2 * d] = low;
            xmm[2 * d + 1] = high;
        } else {
            slowDoubles(cpu, xmm, d, s, SimdFloat.DIVIDE);
        }
    }

    private static int divide(int a, int b) {
        return Float.floatToRawIntBits(Float.intBitsToFloat(a) / Float.intBitsToFloat(b));
    }

    private static boolean divideIsFast(int a, int b) {
        return operand(a) && operand(b) && quotient(divide(a, b), a);
    }

    static void divideSingle(long[] xmm, int d, int s, Cpu cpu) {
        int a = (int) xmm[2 * d];
        int b = (int) xmm[2 * s];
        if (fast(cpu) && divideIsFast(a, b)) {
            setSingle(xmm, d, divide(a, b));
        } else {
            slowSingle(cpu, xmm, d, s, SimdFloat.DIVIDE);
        }
    }

    static void divideSingles(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        long e = xmm[2 * d + 1];
        long f = xmm[2 * s + 1];
        if (fast(cpu)
                && divideIsFast((int) a, (int) b)
                && divideIsFast(high(a), high(b))
                && divideIsFast((int) e, (int) f)
                && divideIsFast(high(e), high(f))) {
            xmm[2 * d] = pair(divide((int) a, (int) b), divide(high(a), high(b)));
            xmm[2 * d + 1] = pair(divide((int) e, (int) f), divide(high(e), high(f)));
        } else {
            slowSingles(cpu, xmm, d, s, SimdFloat.DIVIDE);
        }
    }

    static void minimumDouble(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        if (comparable(a) && comparable(b)) {
            xmm[2 * d] = Double.longBitsToDouble(a) < Double.longBitsToDouble(b) ? a : b;
        } else {
            slowDouble(cpu, xmm, d, s, SimdFloat.MINIMUM);
        }
    }

    static void minimumSingle(long[] xmm, int d, int s, Cpu cpu) {
        int a = (int) xmm[2 * d];
        int b = (int) xmm[2 * s];
        if (comparable(a) && comparable(b)) {
            setSingle(xmm, d, Float.intBitsToFloat(a) < Float.intBitsToFloat(b) ? a : b);
        } else {
            slowSingle(cpu, xmm, d, s, SimdFloat.MINIMUM);
        }
    }

    static void minimumDoubles(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        long e = xmm[2 * d + 1];
        long f = xmm[2 * s + 1];
        if (comparable(a) && comparable(b) && comparable(e) && comparable(f)) {
            xmm[2 * d] = Double.longBitsToDouble(a) < Double.longBitsToDouble(b) ? a : b;
            xmm[2 * d + 1] = Double.longBitsToDouble(e) < Double.longBitsToDouble(f) ? e : f;
        } else {
            slowDoubles(cpu, xmm, d, s, SimdFloat.MINIMUM);
        }
    }

    static void minimumSingles(long[] xmm, int d, int s, Cpu cpu) {
        slowSingles(cpu, xmm, d, s, SimdFloat.MINIMUM);
    }

    static void maximumDouble(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        if (comparable(a) && comparable(b)) {
            xmm[2 * d] = Double.longBitsToDouble(a) > Double.longBitsToDouble(b) ? a : b;
        } else {
            slowDouble(cpu, xmm, d, s, SimdFloat.MAXIMUM);
        }
    }

    static void maximumSingle(long[] xmm, int d, int s, Cpu cpu) {
        int a = (int) xmm[2 * d];
        int b = (int) xmm[2 * s];
        if (comparable(a) && comparable(b)) {
            setSingle(xmm, d, Float.intBitsToFloat(a) > Float.intBitsToFloat(b) ? a : b);
        } else {
            slowSingle(cpu, xmm, d, s, SimdFloat.MAXIMUM);
        }
    }

    static void maximumDoubles(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        long e = xmm[2 * d + 1];
        long f = xmm[2 * s + 1];
        if (comparable(a) && comparable(b) && comparable(e) && comparable(f)) {
            xmm[2 * d] = Double.longBitsToDouble(a) > Double.longBitsToDouble(b) ? a : b;
            xmm[2 * d + 1] = Double.longBitsToDouble(e) > Double.longBitsToDouble(f) ? e : f;
        } else {
            slowDoubles(cpu, xmm, d, s, SimdFloat.MAXIMUM);
        }
    }

    static void maximumSingles(long[] xmm, int d, int s, Cpu cpu) {
        slowSingles(cpu, xmm, d, s, SimdFloat.MAXIMUM);
    }

    static void squareRootDouble(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * s];
        if (fast(cpu) && a > 0 && SimdFloat.plain(a)) {
            xmm[2 * d] = Double.doubleToRawLongBits(Math.sqrt(Double.longBitsToDouble(a)));
        } else {
            SimdFloat elements = cpu.elements;
            elements.begin();
            long result = elements.squareRootDouble(a);
            elements.complete();
            xmm[2 * d] = result;
        }
    }

    static void squareRootDoubles(long[] xmm, int d, int s, Cpu cpu) {
        SimdFloat elements = cpu.elements;
        elements.begin();
        long low = elements.squareRootDouble(xmm[2 * s]);
        long high = elements.squareRootDouble(xmm[2 * s + 1]);
        elements.complete();
        xmm[2 * d] = low;
        xmm[2 * d + 1] = high;
    }

    static void squareRootSingle(long[] xmm, int d, int s, Cpu cpu) {
        SimdFloat elements = cpu.elements;
        elements.begin();
        long result = elements.squareRootSingle(xmm[2 * s]);
        elements.complete();
        setSingle(xmm, d, (int) result);
    }

    static void squareRootSingles(long[] xmm, int d, int s, Cpu cpu) {
        long a = xmm[2 * s];
        long b = xmm[2 * s + 1];
        SimdFloat elements = cpu.elements;
        elements.begin();
        long low = elements.squareRootSingle(a) | elements.squareRootSingle(a >>> 32) << 32;
        long high = elements.squareRootSingle(b) | elements.squareRootSingle(b >>> 32) << 32;
        elements.complete();
        xmm[2 * d] = low;
        xmm[2 * d + 1] = high;
    }
}
