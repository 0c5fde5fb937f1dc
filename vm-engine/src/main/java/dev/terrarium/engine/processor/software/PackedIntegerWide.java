// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** The integer operations of SSE4.1 and SSE4.2 on one 64-bit half of an XMM register (Intel SDM volume 2). */
final class PackedIntegerWide {
    private static final long LOW_32 = 0xFFFF_FFFFL;

    private PackedIntegerWide() {}

    /** Element-by-element operations of map 0F38, by opcode byte: 28, 29, 37 to 40. */
    static long apply(int opcode, long a, long b) {
        return switch (opcode) {
            case 0x28 -> (long) (int) a * (int) b; // PMULDQ
            case 0x29 -> a == b ? -1 : 0; // PCMPEQQ
            case 0x37 -> a > b ? -1 : 0; // PCMPGTQ
            case 0x38 -> bytes(a, b, false);
            case 0x3A, 0x3E -> words(a, b, opcode == 0x3E);
            case 0x3C -> bytes(a, b, true);
            default ->
                (doublewords(opcode, (int) a, (int) b) & LOW_32)
                        | (long) doublewords(opcode, (int) (a >>> 32), (int) (b >>> 32)) << 32;
        };
    }

    private static int doublewords(int opcode, int a, int b) {
        return switch (opcode) {
            case 0x39 -> Math.min(a, b);
            case 0x3B -> Integer.compareUnsigned(a, b) < 0 ? a : b;
            case 0x3D -> Math.max(a, b);
            case 0x3F -> Integer.compareUnsigned(a, b) > 0 ? a : b;
            default -> a * b; // PMULLD
        };
    }

    /** PMINSB, PMAXSB. */
    private static long bytes(long a, long b, boolean maximum) {
        long result = 0;
        for (int shift = 0; shift < 64; shift += 8) {
            byte x = (byte) (a >>> shift);
            byte y = (byte) (b >>> shift);
            result |= (x < y != maximum ? x & 0xFFL : y & 0xFFL) << shift;
        }
        return result;
    }

    /** PMINUW, PMAXUW. */
    private static long words(long a, long b, boolean maximum) {
        long result = 0;
        for (int shift = 0; shift < 64; shift += 16) {
            long x = a >>> shift & 0xFFFF;
            long y = b >>> shift & 0xFFFF;
            result |= (x < y != maximum ? x : y) << shift;
        }
        return result;
    }

    /** The elements of {@code b} where the mask's element has its top bit set, else those of {@code a}. */
    static long blend(long a, long b, long mask, int width) {
        long chosen = spread(mask, width);
        return a & ~chosen | b & chosen;
    }

    /** All ones in the elements, of 8, 32 or 64 bits, whose top bit is set. */
    static long spread(long mask, int width) {
        return switch (width) {
            case 8 -> (mask >>> 7 & 0x0101_0101_0101_0101L) * 0xFF;
            case 32 -> (mask >>> 31 & 0x0000_0001_0000_0001L) * 0xFFFF_FFFFL;
            default -> mask >> 63;
        };
    }

    /** The elements of {@code b} where {@code choice} has a bit set, from bit 0 on. */
    static long choose(long a, long b, int choice, int width) {
        long element = (1L << width) - 1;
        long chosen = 0;
        for (int n = 0; n * width < 64; n++) {
            if ((choice >>> n & 1) != 0) {
                chosen |= element << n * width;
            }
        }
        return a & ~chosen | b & chosen;
    }

    /** How many bytes PMOVSX and PMOVZX of a kind (the opcode's low digit) read: BW, BD, BQ, WD, WQ, DQ. */
    static int extendedBytes(int kind) {
        return switch (kind) {
            case 0, 3, 5 -> 8;
            case 1, 4 -> 4;
            default -> 2;
        };
    }

    /** Makes 64 bits of wide elements from the lowest narrow ones. */
    static long extend(long source, int kind, boolean signed) {
        int from = kind < 3 ? 8 : kind < 5 ? 16 : 32;
        int to = from * 16 / extendedBytes(kind);
        long result = 0;
        for (int n = 0; n * to < 64; n++) {
            long top = source << (64 - from - n * from);
            long element = signed ? top >> (64 - from) : top >>> (64 - from);
            result |= (to == 64 ? element : element & (1L << to) - 1) << n * to;
        }
        return result;
    }

    /** PACKUSDW: two doublewords to 32 bits. */
    static long packUnsigned(long a) {
        return Math.clamp((int) a, 0, 0xFFFF) | (long) Math.clamp((int) (a >> 32), 0, 0xFFFF) << 16;
    }

    /** PHMINPOSUW: the smallest of eight words, and above it the first place where it is. */
    static long minimumPosition(long low, long high) {
        int smallest = 0x1_0000;
        int position = 0;
        for (int n = 0; n < 8; n++) {
            int word = (int) ((n < 4 ? low : high) >>> 16 * (n & 3)) & 0xFFFF;
            if (word < smallest) {
                smallest = word;
                position = n;
            }
        }
        return smallest | (long) position << 16;
    }

    /** MPSADBW: four sums of absolute differences between {@code block} and the 4 bytes from {@code first} on, and on. */
    static long differences(long low, long high, int first, long block) {
        long result = 0;
        for (int n = 0; n < 4; n++) {
            int sum = 0;
            for (int k = 0; k < 4; k++) {
                int at = first + n + k;
                int a = (int) ((at < 8 ? low : high) >>> 8 * (at & 7)) & 0xFF;
                sum += Math.abs(a - (int) (block >>> 8 * k & 0xFF));
            }
            result |= (long) sum << 16 * n;
        }
        return result;
    }
}
