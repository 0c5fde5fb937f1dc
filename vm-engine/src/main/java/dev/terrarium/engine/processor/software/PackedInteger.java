// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/**
 * The integer operations of MMX, SSE2 and SSSE3 on 64 bits of packed elements: a whole MMX register, or one half of an XMM
 * register (Intel SDM volume 2).
 */
final class PackedInteger {
    private static final long BYTE_TOPS = 0x8080_8080_8080_8080L;
    private static final long WORD_TOPS = 0x8000_8000_8000_8000L;
    private static final long DOUBLEWORD_TOPS = 0x8000_0000_8000_0000L;

    private PackedInteger() {}

    /** Element-by-element operations of map 0F, by opcode byte; {@link #isElementwise} says which there are. */
    static long apply(int opcode, long a, long b) {
        return switch (opcode) {
            case 0x64 -> greater(a, b, BYTE_TOPS, 8);
            case 0x65 -> greater(a, b, WORD_TOPS, 16);
            case 0x66 -> greater(a, b, DOUBLEWORD_TOPS, 32);
            case 0x74 -> equalBytes(a, b);
            case 0x75 -> equal(a ^ b, WORD_TOPS, 16);
            case 0x76 -> equalDoublewords(a, b);
            case 0xD4 -> a + b;
            case 0xDB -> a & b;
            case 0xDF -> ~a & b;
            case 0xEB -> a | b;
            case 0xEF -> a ^ b;
            case 0xF4 -> (a & 0xFFFF_FFFFL) * (b & 0xFFFF_FFFFL);
            case 0xF6 -> sumOfDifferences(a, b);
            case 0xF8 -> subtractBytes(a, b);
            case 0xF9 -> subtract(a, b, WORD_TOPS);
            case 0xFA -> subtract(a, b, DOUBLEWORD_TOPS);
            case 0xFB -> a - b;
            case 0xFC -> addBytes(a, b);
            case 0xFD -> add(a, b, WORD_TOPS);
            case 0xFE -> addDoublewords(a, b);
            case 0xDA -> minimumBytes(a, b);
            case 0xDE -> maximumBytes(a, b);
            case 0xD8, 0xDC, 0xE0, 0xE8, 0xEC -> bytes(opcode, a, b);
            case 0xF5 -> multiplyAdd(a, b);
            default -> words(opcode, a, b);
        };
    }

    static boolean isElementwise(int opcode) {
        return switch (opcode) {
            case 0x64, 0x65, 0x66, 0x74, 0x75, 0x76, 0xD4, 0xD5, 0xD8, 0xD9, 0xDA, 0xDB, 0xDC, 0xDD, 0xDE, 0xDF -> true;
            case 0xE0, 0xE3, 0xE4, 0xE5, 0xE8, 0xE9, 0xEA, 0xEB, 0xEC, 0xED, 0xEE, 0xEF -> true;
            case 0xF4, 0xF5, 0xF6, 0xF8, 0xF9, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE -> true;
            default -> false;
        };
    }

    private static long add(long a, long b, long tops) {
        return ((a & ~tops) + (b & ~tops)) ^ ((a ^ b) & tops);
    }

    private static long subtract(long a, long b, long tops) {
        return ((a | tops) - (b & ~tops)) ^ ((a ^ ~b) & tops);
    }

    /** All ones in the elements of {@code difference} that are zero. */
    private static long equal(long difference, long tops, int width) {
        long zeroTops = ~(((difference & ~tops) + ~tops) | difference | ~tops);
        return (zeroTops << 1) - (zeroTops >>> (width - 1));
    }

    static long addBytes(long a, long b) {
        return add(a, b, BYTE_TOPS);
    }

    static long addDoublewords(long a, long b) {
        return add(a, b, DOUBLEWORD_TOPS);
    }

    static long subtractBytes(long a, long b) {
        return subtract(a, b, BYTE_TOPS);
    }

    static long equalBytes(long a, long b) {
        return equal(a ^ b, BYTE_TOPS, 8);
    }

    static long equalDoublewords(long a, long b) {
        return equal(a ^ b, DOUBLEWORD_TOPS, 32);
    }

    static long minimumBytes(long a, long b) {
        long atLeast = atLeast(a, b, BYTE_TOPS, 8);
        return b & atLeast | a & ~atLeast;
    }

    static long maximumBytes(long a, long b) {
        long atLeast = atLeast(a, b, BYTE_TOPS, 8);
        return a & atLeast | b & ~atLeast;
    }

    /** All ones in the elements of {@code a} that are not less than those of {@code b}, both unsigned. */
    private static long atLeast(long a, long b, long tops, int width) {
        long noBorrow = (a & ~b | ~(a ^ b) & ((a | tops) - (b & ~tops))) & tops;
        return (noBorrow << 1) - (noBorrow >>> (width - 1));
    }

    /** All ones in the elements of {@code a} that are greater than those of {@code b}, both signed. */
    private static long greater(long a, long b, long tops, int width) {
        return ~atLeast(b ^ tops, a ^ tops, tops, width);
    }

    private static long sumOfDifferences(long a, long b) {
        long sum = 0;
        for (int shift = 0; shift < 64; shift += 8) {
            sum += Math.abs((a >>> shift & 0xFF) - (b >>> shift & 0xFF));
        }
        return sum;
    }

    private static long bytes(int opcode, long a, long b) {
        long result = 0;
        for (int shift = 0; shift < 64; shift += 8) {
            int x = (int) (a >>> shift) & 0xFF;
            int y = (int) (b >>> shift) & 0xFF;
            int value =
                    switch (opcode) {
                        case 0xD8 -> Math.max(x - y, 0);
                        case 0xDC -> Math.min(x + y, 0xFF);
                        case 0xE0 -> (x + y + 1) >> 1;
                        case 0xE8 -> saturateToByte((byte) x - (byte) y);
                        default -> saturateToByte((byte) x + (byte) y);
                    };
            result |= (value & 0xFFL) << shift;
        }
        return result;
    }

    private static long words(int opcode, long a, long b) {
        long result = 0;
        for (int shift = 0; shift < 64; shift += 16) {
            int x = (int) (a >>> shift) & 0xFFFF;
            int y = (int) (b >>> shift) & 0xFFFF;
            int value =
                    switch (opcode) {
                        case 0xD5 -> (short) x * (short) y;
                        case 0xD9 -> Math.max(x - y, 0);
                        case 0xDD -> Math.min(x + y, 0xFFFF);
                        case 0xE3 -> (x + y + 1) >> 1;
                        case 0xE4 -> x * y >>> 16;
                        case 0xE5 -> (short) x * (short) y >> 16;
                        case 0xE9 -> saturateToWord((short) x - (short) y);
                        case 0xEA -> Math.min((short) x, (short) y);
                        case 0xED -> saturateToWord((short) x + (short) y);
                        default -> Math.max((short) x, (short) y);
                    };
            result |= (value & 0xFFFFL) << shift;
        }
        return result;
    }

    private static long multiplyAdd(long a, long b) {
        int low = (short) a * (short) b + (short) (a >> 16) * (short) (b >> 16);
        int high = (short) (a >> 32) * (short) (b >> 32) + (short) (a >> 48) * (short) (b >> 48);
        return (low & 0xFFFF_FFFFL) | (long) high << 32;
    }

    static int saturateToByte(int value) {
        return Math.clamp(value, Byte.MIN_VALUE, Byte.MAX_VALUE);
    }

    static int saturateToWord(int value) {
        return Math.clamp(value, Short.MIN_VALUE, Short.MAX_VALUE);
    }

    /** PSRL, PSRA, PSLL by opcode (D1 to D3, E1, E2, F1 to F3) with an unsigned 64-bit count. */
    static long shift(int opcode, long a, long count) {
        int width = 8 << (opcode & 3);
        boolean left = opcode >= 0xF0;
        boolean arithmetic = (opcode & 0xF0) == 0xE0;
        boolean all = Long.compareUnsigned(count, width) >= 0;
        if (all && !arithmetic) {
            return 0;
        }
        int by = all ? width - 1 : (int) count;
        if (width == 64) {
            return left ? a << by : a >>> by;
        }
        long ones = width == 16 ? WORD_TOPS >>> 15 : DOUBLEWORD_TOPS >>> 31;
        long mask = -1L >>> (64 - width);
        if (left) {
            return a << by & (mask << by & mask) * ones;
        }
        long shifted = a >>> by & (mask >>> by) * ones;
        if (!arithmetic) {
            return shifted;
        }
        long signs = (1L << (width - 1) >>> by) * ones;
        return subtract(shifted ^ signs, signs, width == 16 ? WORD_TOPS : DOUBLEWORD_TOPS);
    }

    /** PUNPCKL: interleaves the elements of the low halves, of 8, 16 or 32 bits. */
    static long interleaveLow(long a, long b, int width) {
        if (width == 32) {
            return (a & 0xFFFF_FFFFL) | b << 32;
        }
        return width == 16 ? spreadWords(a) | spreadWords(b) << 16 : spreadBytes(a) | spreadBytes(b) << 8;
    }

    /** The low two words, each as a doubleword. */
    private static long spreadWords(long a) {
        long low = a & 0xFFFF_FFFFL;
        return (low | low << 16) & 0x0000_FFFF_0000_FFFFL;
    }

    /** The low four bytes, each as a word. */
    private static long spreadBytes(long a) {
        long words = spreadWords(a);
        return (words | words << 8) & 0x00FF_00FF_00FF_00FFL;
    }

    static long interleaveHigh(long a, long b, int width) {
        return interleaveLow(a >>> 32, b >>> 32, width);
    }

    /** Narrows with saturation to 32 bits: PACKSSWB (63), PACKUSWB (67), PACKSSDW (6B). */
    static long pack(int opcode, long a) {
        if (opcode == 0x6B) {
            return (saturateToWord((int) a) & 0xFFFFL) | (saturateToWord((int) (a >> 32)) & 0xFFFFL) << 16;
        }
        long result = 0;
        for (int i = 0; i < 4; i++) {
            int element = (short) (a >> (16 * i));
            int narrow = opcode == 0x63 ? saturateToByte(element) : Math.clamp(element, 0, 0xFF);
            result |= (narrow & 0xFFL) << (8 * i);
        }
        return result;
    }

    /** Rearranges four words by the four two-bit fields of {@code order}. */
    static long shuffleWords(long a, int order) {
        long result = 0;
        for (int i = 0; i < 4; i++) {
            result |= (a >>> (16 * (order >>> (2 * i) & 3)) & 0xFFFF) << (16 * i);
        }
        return result;
    }

    /** PSHUFB on a table of 8 bytes (high is ignored) or 16. */
    static long shuffleBytes(long low, long high, long selectors, boolean wide) {
        long result = 0;
        for (int shift = 0; shift < 64; shift += 8) {
            int selector = (int) (selectors >>> shift);
            if ((selector & 0x80) == 0) {
                long table = wide && (selector & 8) != 0 ? high : low;
                result |= (table >>> (8 * (selector & 7)) & 0xFF) << shift;
            }
        }
        return result;
    }

    /** Is this a horizontal operation of map 0F38: PHADDW, PHADDD, PHADDSW, PHSUBW, PHSUBD, PHSUBSW? */
    static boolean isHorizontal(int opcode) {
        return opcode == 1 || opcode == 2 || opcode == 3 || opcode == 5 || opcode == 6 || opcode == 7;
    }

    /** Combines neighbours, giving 32 bits. */
    static long horizontal(int opcode, long a) {
        boolean minus = opcode >= 5;
        if (opcode == 2 || opcode == 6) {
            int low = (int) a;
            int high = (int) (a >> 32);
            return (minus ? low - high : low + high) & 0xFFFF_FFFFL;
        }
        long result = 0;
        for (int i = 0; i < 2; i++) {
            int low = (short) (a >> (32 * i));
            int high = (short) (a >> (32 * i + 16));
            int value = minus ? low - high : low + high;
            result |= ((opcode & 3) == 3 ? saturateToWord(value) & 0xFFFFL : value & 0xFFFFL) << (16 * i);
        }
        return result;
    }

    static boolean isElementwise38(int opcode) {
        return opcode == 4 || (opcode >= 8 && opcode <= 0xB) || (opcode >= 0x1C && opcode <= 0x1E);
    }

    /** Element-by-element operations of map 0F38: PMADDUBSW, PSIGN, PMULHRSW, PABS. */
    static long apply38(int opcode, long a, long b) {
        return switch (opcode) {
            case 0x04 -> multiplyAddBytes(a, b);
            case 0x08, 0x09, 0x0A -> signed(a, b, 8 << (opcode - 8));
            case 0x0B -> multiplyRound(a, b);
            default -> signed(b, b, 8 << (opcode - 0x1C));
        };
    }

    private static long multiplyAddBytes(long a, long b) {
        long result = 0;
        for (int shift = 0; shift < 64; shift += 16) {
            int sum = (int) (a >>> shift & 0xFF) * (byte) (b >>> shift)
                    + (int) (a >>> (shift + 8) & 0xFF) * (byte) (b >>> (shift + 8));
            result |= (saturateToWord(sum) & 0xFFFFL) << shift;
        }
        return result;
    }

    /** Each element of a times the sign (-1, 0, 1) of b's. */
    private static long signed(long a, long b, int width) {
        long result = 0;
        long mask = -1L >>> (64 - width);
        for (int shift = 0; shift < 64; shift += width) {
            long element = a >>> shift;
            long control = b << (64 - width - shift) >> (64 - width);
            result |= (element * Long.signum(control) & mask) << shift;
        }
        return result;
    }

    private static long multiplyRound(long a, long b) {
        long result = 0;
        for (int shift = 0; shift < 64; shift += 16) {
            int product = (short) (a >>> shift) * (short) (b >>> shift);
            result |= (((product >> 14) + 1) >> 1 & 0xFFFFL) << shift;
        }
        return result;
    }

    /** The top bit of each byte, as 8 bits. */
    static int byteTops(long a) {
        return (int) ((a >>> 7 & 0x0101_0101_0101_0101L) * 0x0102_0408_1020_4080L >>> 56);
    }

    /** The low 64 bits of high:low shifted right by 0 to 128 bits. */
    static long shiftedRight(long low, long high, int bits) {
        if (bits == 0) {
            return low;
        }
        if (bits < 64) {
            return low >>> bits | high << (64 - bits);
        }
        return bits < 128 ? high >>> (bits - 64) : 0;
    }

    /** The high 64 bits of high:low shifted left by 1 to 128 bits. */
    static long shiftedLeft(long low, long high, int bits) {
        if (bits < 64) {
            return high << bits | low >>> (64 - bits);
        }
        return bits < 128 ? low << (bits - 64) : 0;
    }

    /** 64 bits from bit {@code start} of four longs, the lowest first, with zeros above. */
    static long window(long a, long b, long c, long d, int start) {
        return switch (start >>> 6) {
            case 0 -> shiftedRight(a, b, start & 63);
            case 1 -> shiftedRight(b, c, start & 63);
            case 2 -> shiftedRight(c, d, start & 63);
            case 3 -> shiftedRight(d, 0, start & 63);
            default -> 0;
        };
    }
}
