// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/**
 * The arithmetic flags as compiled code keeps them: what was done to which operands, so that a flag is computed only where
 * somebody asks. A kind is {@code family << 2 | log2(operand size in bytes)}; with it go three longs, a, b and r, of which
 * only the operand's bits count:
 *
 * <ul>
 *   <li>{@link #CANONICAL}: r, a, b are {@link Cpu#flagResult}, {@link Cpu#flagCarries} and {@link Cpu#flagAux};
 *   <li>{@link #ADD}, {@link #SUB}: the operands a and b; r is not used;
 *   <li>{@link #ADC}, {@link #SBB}: the operands and the result r;
 *   <li>{@link #LOGIC}: the result r;
 *   <li>{@link #INC}, {@link #DEC}: the result r, and in a the carry flag, which they leave alone, as 0 or 1;
 *   <li>{@link #SHL}, {@link #SHR}, {@link #SAR}: the value a, the count b, which is not 0, and the result r;
 *   <li>{@link #IMUL}: the sign-extended factors a and b, r their product's low 64 bits;
 *   <li>{@link #WIDE}: r is the product's lower half, a is 0 if the upper half says nothing more;
 *   <li>{@link #ORDER}: r is how two floating-point numbers compare, one of the ORDER_ constants.
 * </ul>
 */
final class FlagKind {
    static final int CANONICAL = 0;
    static final int ADD = 1 << 2;
    static final int SUB = 2 << 2;
    static final int LOGIC = 3 << 2;
    static final int INC = 4 << 2;
    static final int DEC = 5 << 2;
    static final int ADC = 6 << 2;
    static final int SBB = 7 << 2;
    static final int SHL = 8 << 2;
    static final int SHR = 9 << 2;
    static final int SAR = 10 << 2;
    static final int IMUL = 11 << 2;
    static final int WIDE = 12 << 2;

    static final int ORDER = 13 << 2;

    static final int ORDER_EQUAL = 0;
    static final int ORDER_GREATER = 1;
    static final int ORDER_LESS = 2;

    /** One of the numbers is a NaN. */
    static final int ORDER_NONE = 3;

    private static final int FAMILY = ~3;
    private static final int AF = Cpu.FLAG_AF;

    /** What {@link Cpu#flagAux} is when a result of zero shall not set ZF: even parity is turned around. */
    static final long INVERTED_PARITY = 1 << 8;

    private FlagKind() {}

    /** The kind of a family for an operand size of 1, 2, 4 or 8 bytes. */
    static int of(int family, int size) {
        return family | Integer.numberOfTrailingZeros(size);
    }

    private static int unused(int kind) {
        return 64 - (8 << (kind & 3));
    }

    private static long extend(long value, int kind) {
        int unused = unused(kind);
        return value << unused >> unused;
    }

    /** What {@link Cpu#flagResult} would be. */
    static long result(int kind, long a, long b, long r) {
        switch (kind & FAMILY) {
            case CANONICAL:
                return r;
            case ADD:
                return extend(a + b, kind);
            case SUB:
                return extend(a - b, kind);
            case IMUL, WIDE:
                long low = extend(r, kind);
                return low == 0 ? 1 : low;
            case ORDER:
                return r + 1 & 2;
            default:
                return extend(r, kind);
        }
    }

    /** What {@link Cpu#flagCarries} would be. In three methods, each small enough for HotSpot to inline. */
    static long carries(int kind, long a, long b, long r) {
        int unused = unused(kind);
        switch (kind & FAMILY) {
            case CANONICAL:
                return a;
            case ADD:
                return ((a & b) | ((a | b) & ~(a + b))) << unused;
            case SUB:
                return ((~a & b) | ((~a | b) & (a - b))) << unused;
            case LOGIC:
                return 0;
            case INC:
                return carryAndOverflow(a, r << unused == Long.MIN_VALUE ? 1 : 0);
            case DEC:
                return carryAndOverflow(a, (r + 1) << unused == Long.MIN_VALUE ? 1 : 0);
            case ADC:
                return ((a & b) | ((a | b) & ~r)) << unused;
            case SBB:
                return ((~a & b) | ((~a | b) & r)) << unused;
            default:
                return carriesOfShift(kind, a, b, r);
        }
    }

    private static long carriesOfShift(int kind, long a, long b, long r) {
        int unused = unused(kind);
        switch (kind & FAMILY) {
            case SHL:
                return shiftedLeft(a, (int) b, 64 - unused);
            case SHR:
                return carryAndOverflow(a << unused >>> unused >>> ((int) b - 1) & 1, a << unused >>> 63);
            case SAR:
                return carryAndOverflow(a << unused >> unused >> ((int) b - 1) & 1, 0);
            default:
                return carriesOfProduct(kind, a, b, r);
        }
    }

    private static long carriesOfProduct(int kind, long a, long b, long r) {
        int unused = unused(kind);
        switch (kind & FAMILY) {
            case IMUL:
                boolean over = unused == 0 ? Math.multiplyHigh(a, b) != r >> 63 : r << unused >> unused != r;
                return over ? Long.MIN_VALUE : 0;
            case WIDE:
                return a != 0 ? Long.MIN_VALUE : 0;
            default:
                return carryAndOverflow(r >>> 1, 0);
        }
    }

    private static long shiftedLeft(long value, int count, int bits) {
        long carry = count <= bits ? value >>> (bits - count) & 1 : 0;
        return carryAndOverflow(carry, (value >>> (bits - 1) ^ value >>> (bits - 2)) & 1);
    }

    /** What {@link Cpu#flagAux} would be. */
    static long aux(int kind, long a, long b, long r) {
        switch (kind & FAMILY) {
            case CANONICAL:
                return b;
            case ADD:
                return (a ^ b ^ (a + b)) & AF;
            case SUB:
                return (a ^ b ^ (a - b)) & AF;
            case ADC, SBB:
                return (a ^ b ^ r) & AF;
            case INC:
                return (r & 15) == 0 ? AF : 0;
            case DEC:
                return (r & 15) == 15 ? AF : 0;
            case IMUL, WIDE:
                return extend(r, kind) == 0 ? INVERTED_PARITY : 0;
            case ORDER:
                return r == ORDER_EQUAL ? INVERTED_PARITY : 0;
            default:
                return 0;
        }
    }

    /** {@link Cpu#flagCarries} for CF and OF given as 0 or 1. */
    static long carryAndOverflow(long carry, long overflow) {
        return carry << 63 | (carry ^ overflow) << 62;
    }

    /** CF, 0 or 1. */
    static long carry(int kind, long a, long b, long r) {
        int family = kind & FAMILY;
        if (family == INC || family == DEC) {
            return a;
        }
        return carries(kind, a, b, r) >>> 63;
    }

    /** CF after {@link #ADD} and {@link #ADC}. */
    static long carryOfSum(long a, long b, long sum, int unused) {
        return ((a & b) | ((a | b) & ~sum)) << unused >>> 63;
    }

    /** CF after {@link #SUB} and {@link #SBB}. */
    static long carryOfDifference(long a, long b, long difference, int unused) {
        return ((~a & b) | ((~a | b) & difference)) << unused >>> 63;
    }

    /** The carries with another CF, 0 or 1, and the same OF. */
    static long withCarry(int kind, long a, long b, long r, long carry) {
        long carries = carries(kind, a, b, r);
        long overflow = (carries ^ carries << 1) >>> 63;
        return carryAndOverflow(carry, overflow);
    }

    /** {@link Cpu#flagAux} with which another result, 0 or 1, leaves PF, AF and SF as canonical flags have them. */
    static long auxiliaryFor(long result, long aux, long another) {
        long odd = Integer.bitCount((int) (result ^ aux >>> 8) & 0xFF) & 1;
        long sign = (result ^ aux << 47) >>> 63;
        return aux & AF | (odd ^ another) << 8 | sign << 16;
    }

    /** Makes the flags the vCPU's. */
    static void store(int kind, long a, long b, long r, Cpu cpu) {
        cpu.flagResult = result(kind, a, b, r);
        cpu.flagCarries = carries(kind, a, b, r);
        cpu.flagAux = (int) aux(kind, a, b, r);
    }

    /** One of the sixteen conditions of Jcc, SETcc and CMOVcc, by its encoding. */
    static boolean condition(int kind, long a, long b, long r, int code) {
        long result = result(kind, a, b, r);
        long carries = carries(kind, a, b, r);
        boolean holds =
                switch (code >>> 1) {
                    case 0 -> (carries ^ carries << 1) < 0;
                    case 1 -> carries < 0;
                    case 2 -> result == 0;
                    case 3 -> carries < 0 || result == 0;
                    case 4 -> sign(result, aux(kind, a, b, r));
                    case 5 -> (Integer.bitCount((int) (result ^ aux(kind, a, b, r) >>> 8) & 0xFF) & 1) == 0;
                    case 6 -> sign(result, aux(kind, a, b, r)) != (carries ^ carries << 1) < 0;
                    default -> result == 0 || sign(result, aux(kind, a, b, r)) != (carries ^ carries << 1) < 0;
                };
        return holds != ((code & 1) != 0);
    }

    private static boolean sign(long result, long aux) {
        return (result ^ aux << 47) < 0;
    }
}
