// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.memory.Unchecked;
import java.lang.invoke.VarHandle;

/**
 * The vector moves and integer operations of compiled code, as static methods that are inlined with constant register
 * numbers (Intel SDM volume 2). Registers are those of {@link FloatingPointState#xmm}; {@code d} is the destination, and
 * the first source where there are two, {@code s} the source. {@link SimdForms} names the methods.
 */
final class CompiledSimd {
    private static final long LOW_32 = 0xFFFF_FFFFL;
    private static final int VECTOR = 16;

    private CompiledSimd() {}

    private static void set(long[] xmm, int d, long low, long high) {
        xmm[2 * d] = low;
        xmm[2 * d + 1] = high;
    }

    // ---- memory

    /** Reads 16 bytes that do not miss. */
    static void load(long linear, long reads, long[] xmm, int d) {
        long host = CompiledMemory.host(linear, reads);
        set(xmm, d, Unchecked.getLong(host), Unchecked.getLong(host + 8));
    }

    /** Writes 16 bytes that do not miss. */
    static void store(long linear, long writes, long[] xmm, int s) {
        long host = CompiledMemory.host(linear, writes);
        Unchecked.putLong(host, xmm[2 * s]);
        Unchecked.putLong(host + 8, xmm[2 * s + 1]);
    }

    // The same on machines with several vCPUs: see CompiledMemory.

    static void loadOrdered(long linear, long reads, long[] xmm, int d) {
        load(linear, reads, xmm, d);
        VarHandle.acquireFence();
    }

    static void storeOrdered(long linear, long writes, long[] xmm, int s) {
        VarHandle.releaseFence();
        store(linear, writes, xmm, s);
    }

    // ---- moves

    static void copy(long[] xmm, int d, int s) {
        set(xmm, d, xmm[2 * s], xmm[2 * s + 1]);
    }

    static void copyLow32(long[] xmm, int d, int s) {
        xmm[2 * d] = xmm[2 * d] & ~LOW_32 | xmm[2 * s] & LOW_32;
    }

    static void copyLow64(long[] xmm, int d, int s) {
        xmm[2 * d] = xmm[2 * s];
    }

    /** MOVQ: the low half, with zeros above. */
    static void extendLow64(long[] xmm, int d, int s) {
        set(xmm, d, xmm[2 * s], 0);
    }

    static void lowToHigh(long[] xmm, int d, int s) {
        xmm[2 * d + 1] = xmm[2 * s];
    }

    static void highToLow(long[] xmm, int d, int s) {
        xmm[2 * d] = xmm[2 * s + 1];
    }

    /** MOVDDUP. */
    static void duplicateLow64(long[] xmm, int d, int s) {
        set(xmm, d, xmm[2 * s], xmm[2 * s]);
    }

    /** MOVSLDUP. */
    static void duplicateEven(long[] xmm, int d, int s) {
        set(xmm, d, doubledLow(xmm[2 * s]), doubledLow(xmm[2 * s + 1]));
    }

    /** MOVSHDUP. */
    static void duplicateOdd(long[] xmm, int d, int s) {
        set(xmm, d, doubledHigh(xmm[2 * s]), doubledHigh(xmm[2 * s + 1]));
    }

    private static long doubledLow(long pair) {
        return pair & LOW_32 | pair << 32;
    }

    private static long doubledHigh(long pair) {
        return pair >>> 32 | pair & ~LOW_32;
    }

    /** Loads of 4 and 8 bytes and MOVD, MOVQ: a value with zeros above. */
    static void setLow(long value, long[] xmm, int d) {
        set(xmm, d, value, 0);
    }

    static void insertWord(long value, long[] xmm, int d, int position) {
        int shift = 16 * (position & 3);
        int half = 2 * d + (position >>> 2 & 1);
        xmm[half] = xmm[half] & ~(0xFFFFL << shift) | (value & 0xFFFF) << shift;
    }

    static long extractWord(long[] xmm, int s, int position) {
        return xmm[2 * s + (position >>> 2 & 1)] >>> 16 * (position & 3) & 0xFFFF;
    }

    /** PMOVMSKB. */
    static long byteTops(long[] xmm, int s) {
        return PackedInteger.byteTops(xmm[2 * s]) | PackedInteger.byteTops(xmm[2 * s + 1]) << 8;
    }

    /** MOVMSKPS. */
    static long singleSigns(long[] xmm, int s) {
        long low = xmm[2 * s];
        long high = xmm[2 * s + 1];
        return low >>> 31 & 1 | low >>> 62 & 2 | high >>> 29 & 4 | high >>> 60 & 8;
    }

    /** MOVMSKPD. */
    static long doubleSigns(long[] xmm, int s) {
        return xmm[2 * s] >>> 63 | xmm[2 * s + 1] >>> 62 & 2;
    }

    // ---- logic and arithmetic

    static void and(long[] xmm, int d, int s) {
        set(xmm, d, xmm[2 * d] & xmm[2 * s], xmm[2 * d + 1] & xmm[2 * s + 1]);
    }

    static void andNot(long[] xmm, int d, int s) {
        set(xmm, d, ~xmm[2 * d] & xmm[2 * s], ~xmm[2 * d + 1] & xmm[2 * s + 1]);
    }

    static void or(long[] xmm, int d, int s) {
        set(xmm, d, xmm[2 * d] | xmm[2 * s], xmm[2 * d + 1] | xmm[2 * s + 1]);
    }

    static void xor(long[] xmm, int d, int s) {
        set(xmm, d, xmm[2 * d] ^ xmm[2 * s], xmm[2 * d + 1] ^ xmm[2 * s + 1]);
    }

    /** PXOR of a register with itself. */
    static void clear(long[] xmm, int d) {
        set(xmm, d, 0, 0);
    }

    static void add8(long[] xmm, int d, int s) {
        set(
                xmm,
                d,
                PackedInteger.addBytes(xmm[2 * d], xmm[2 * s]),
                PackedInteger.addBytes(xmm[2 * d + 1], xmm[2 * s + 1]));
    }

    static void add32(long[] xmm, int d, int s) {
        set(
                xmm,
                d,
                PackedInteger.addDoublewords(xmm[2 * d], xmm[2 * s]),
                PackedInteger.addDoublewords(xmm[2 * d + 1], xmm[2 * s + 1]));
    }

    static void add64(long[] xmm, int d, int s) {
        set(xmm, d, xmm[2 * d] + xmm[2 * s], xmm[2 * d + 1] + xmm[2 * s + 1]);
    }

    static void subtract8(long[] xmm, int d, int s) {
        set(
                xmm,
                d,
                PackedInteger.subtractBytes(xmm[2 * d], xmm[2 * s]),
                PackedInteger.subtractBytes(xmm[2 * d + 1], xmm[2 * s + 1]));
    }

    static void subtract64(long[] xmm, int d, int s) {
        set(xmm, d, xmm[2 * d] - xmm[2 * s], xmm[2 * d + 1] - xmm[2 * s + 1]);
    }

    static void equal8(long[] xmm, int d, int s) {
        set(
                xmm,
                d,
                PackedInteger.equalBytes(xmm[2 * d], xmm[2 * s]),
                PackedInteger.equalBytes(xmm[2 * d + 1], xmm[2 * s + 1]));
    }

    static void equal32(long[] xmm, int d, int s) {
        set(
                xmm,
                d,
                PackedInteger.equalDoublewords(xmm[2 * d], xmm[2 * s]),
                PackedInteger.equalDoublewords(xmm[2 * d + 1], xmm[2 * s + 1]));
    }

    static void minimum8(long[] xmm, int d, int s) {
        set(
                xmm,
                d,
                PackedInteger.minimumBytes(xmm[2 * d], xmm[2 * s]),
                PackedInteger.minimumBytes(xmm[2 * d + 1], xmm[2 * s + 1]));
    }

    static void maximum8(long[] xmm, int d, int s) {
        set(
                xmm,
                d,
                PackedInteger.maximumBytes(xmm[2 * d], xmm[2 * s]),
                PackedInteger.maximumBytes(xmm[2 * d + 1], xmm[2 * s + 1]));
    }

    /** PMULUDQ. */
    static void multiply32(long[] xmm, int d, int s) {
        set(
                xmm,
                d,
                (xmm[2 * d] & LOW_32) * (xmm[2 * s] & LOW_32),
                (xmm[2 * d + 1] & LOW_32) * (xmm[2 * s + 1] & LOW_32));
    }

    /** The other element-by-element operations of map 0F. */
    static void elementwise(long[] xmm, int d, int s, int opcode) {
        long low = PackedInteger.apply(opcode, xmm[2 * d], xmm[2 * s]);
        set(xmm, d, low, PackedInteger.apply(opcode, xmm[2 * d + 1], xmm[2 * s + 1]));
    }

    /** Those of map 0F38. */
    static void elementwise38(long[] xmm, int d, int s, int opcode) {
        long low = PackedInteger.apply38(opcode, xmm[2 * d], xmm[2 * s]);
        set(xmm, d, low, PackedInteger.apply38(opcode, xmm[2 * d + 1], xmm[2 * s + 1]));
    }

    // ---- shifts

    /** By the count in the low half of a register, which is unsigned. */
    static void shift(long[] xmm, int d, int s, int opcode) {
        long count = xmm[2 * s];
        set(xmm, d, PackedInteger.shift(opcode, xmm[2 * d], count), PackedInteger.shift(opcode, xmm[2 * d + 1], count));
    }

    static void shiftImmediate(long[] xmm, int d, int count, int opcode) {
        set(xmm, d, PackedInteger.shift(opcode, xmm[2 * d], count), PackedInteger.shift(opcode, xmm[2 * d + 1], count));
    }

    /** PSRLDQ. */
    static void shiftRightBytes(long[] xmm, int d, int bytes) {
        long low = xmm[2 * d];
        long high = xmm[2 * d + 1];
        int bits = 8 * Math.min(bytes, VECTOR);
        set(xmm, d, PackedInteger.shiftedRight(low, high, bits), bits < 64 ? high >>> bits : 0);
    }

    /** PSLLDQ. */
    static void shiftLeftBytes(long[] xmm, int d, int bytes) {
        long low = xmm[2 * d];
        long high = xmm[2 * d + 1];
        int bits = 8 * Math.min(bytes, VECTOR);
        long newHigh = bits == 0 ? high : PackedInteger.shiftedLeft(low, high, bits);
        set(xmm, d, bits < 64 ? low << bits : 0, newHigh);
    }

    /** PALIGNR. */
    static void align(long[] xmm, int d, int s, int bytes) {
        long a = xmm[2 * s];
        long b = xmm[2 * s + 1];
        long c = xmm[2 * d];
        long e = xmm[2 * d + 1];
        int bits = 8 * (bytes & 0xFF);
        set(xmm, d, PackedInteger.window(a, b, c, e, bits), PackedInteger.window(a, b, c, e, bits + 64));
    }

    // ---- shuffles

    private static long doubleword(long low, long high, int selector) {
        return ((selector & 2) == 0 ? low : high) >>> 32 * (selector & 1) & LOW_32;
    }

    private static long pair(long low, long high, int order) {
        return doubleword(low, high, order) | doubleword(low, high, order >>> 2) << 32;
    }

    /** PSHUFD. */
    static void shuffle32(long[] xmm, int d, int s, int order) {
        long low = xmm[2 * s];
        long high = xmm[2 * s + 1];
        set(xmm, d, pair(low, high, order), pair(low, high, order >>> 4));
    }

    /** SHUFPS. */
    static void shuffleSingles(long[] xmm, int d, int s, int order) {
        long low = pair(xmm[2 * d], xmm[2 * d + 1], order);
        set(xmm, d, low, pair(xmm[2 * s], xmm[2 * s + 1], order >>> 4));
    }

    /** SHUFPD. */
    static void shuffleDoubles(long[] xmm, int d, int s, int order) {
        long low = xmm[2 * d + (order & 1)];
        set(xmm, d, low, xmm[2 * s + (order >>> 1 & 1)]);
    }

    /** PSHUFLW. */
    static void shuffleLowWords(long[] xmm, int d, int s, int order) {
        set(xmm, d, PackedInteger.shuffleWords(xmm[2 * s], order), xmm[2 * s + 1]);
    }

    /** PSHUFHW. */
    static void shuffleHighWords(long[] xmm, int d, int s, int order) {
        set(xmm, d, xmm[2 * s], PackedInteger.shuffleWords(xmm[2 * s + 1], order));
    }

    /** PSHUFB. */
    static void shuffleBytes(long[] xmm, int d, int s) {
        long low = xmm[2 * d];
        long high = xmm[2 * d + 1];
        long newLow = PackedInteger.shuffleBytes(low, high, xmm[2 * s], true);
        set(xmm, d, newLow, PackedInteger.shuffleBytes(low, high, xmm[2 * s + 1], true));
    }

    /** PUNPCKL of 8, 16 or 32 bits, UNPCKLPS. */
    static void interleaveLow(long[] xmm, int d, int s, int width) {
        long a = xmm[2 * d];
        long b = xmm[2 * s];
        set(xmm, d, PackedInteger.interleaveLow(a, b, width), PackedInteger.interleaveHigh(a, b, width));
    }

    /** PUNPCKH of 8, 16 or 32 bits, UNPCKHPS. */
    static void interleaveHigh(long[] xmm, int d, int s, int width) {
        long a = xmm[2 * d + 1];
        long b = xmm[2 * s + 1];
        set(xmm, d, PackedInteger.interleaveLow(a, b, width), PackedInteger.interleaveHigh(a, b, width));
    }

    /** PUNPCKHQDQ, UNPCKHPD. */
    static void highHalves(long[] xmm, int d, int s) {
        set(xmm, d, xmm[2 * d + 1], xmm[2 * s + 1]);
    }

    /** PACKSSWB, PACKUSWB, PACKSSDW. */
    static void pack(long[] xmm, int d, int s, int opcode) {
        long low = PackedInteger.pack(opcode, xmm[2 * d]) | PackedInteger.pack(opcode, xmm[2 * d + 1]) << 32;
        long high = PackedInteger.pack(opcode, xmm[2 * s]) | PackedInteger.pack(opcode, xmm[2 * s + 1]) << 32;
        set(xmm, d, low, high);
    }

    // ---- SSE4.1

    /** PACKUSDW. */
    static void packUnsigned(long[] xmm, int d, int s) {
        long low = PackedIntegerWide.packUnsigned(xmm[2 * d]) | PackedIntegerWide.packUnsigned(xmm[2 * d + 1]) << 32;
        long high = PackedIntegerWide.packUnsigned(xmm[2 * s]) | PackedIntegerWide.packUnsigned(xmm[2 * s + 1]) << 32;
        set(xmm, d, low, high);
    }

    static void elementwise41(long[] xmm, int d, int s, int opcode) {
        long low = PackedIntegerWide.apply(opcode, xmm[2 * d], xmm[2 * s]);
        set(xmm, d, low, PackedIntegerWide.apply(opcode, xmm[2 * d + 1], xmm[2 * s + 1]));
    }

    /** PBLENDVB, BLENDVPS, BLENDVPD, by XMM0. */
    static void blend(long[] xmm, int d, int s, int width) {
        long low = PackedIntegerWide.blend(xmm[2 * d], xmm[2 * s], xmm[0], width);
        set(xmm, d, low, PackedIntegerWide.blend(xmm[2 * d + 1], xmm[2 * s + 1], xmm[1], width));
    }

    static void blendSingles(long[] xmm, int d, int s, int choice) {
        long low = PackedIntegerWide.choose(xmm[2 * d], xmm[2 * s], choice, 32);
        set(xmm, d, low, PackedIntegerWide.choose(xmm[2 * d + 1], xmm[2 * s + 1], choice >>> 2, 32));
    }

    static void blendDoubles(long[] xmm, int d, int s, int choice) {
        long low = (choice & 1) != 0 ? xmm[2 * s] : xmm[2 * d];
        set(xmm, d, low, (choice & 2) != 0 ? xmm[2 * s + 1] : xmm[2 * d + 1]);
    }

    /** PBLENDW. */
    static void blendWords(long[] xmm, int d, int s, int choice) {
        long low = PackedIntegerWide.choose(xmm[2 * d], xmm[2 * s], choice, 16);
        set(xmm, d, low, PackedIntegerWide.choose(xmm[2 * d + 1], xmm[2 * s + 1], choice >>> 4, 16));
    }

    /** PMOVSX, PMOVZX. */
    static void widen(long value, long[] xmm, int d, int opcode) {
        int kind = opcode & 15;
        boolean signed = opcode < 0x30;
        int half = PackedIntegerWide.extendedBytes(kind) / 2;
        set(
                xmm,
                d,
                PackedIntegerWide.extend(value, kind, signed),
                PackedIntegerWide.extend(value >>> 8 * half, kind, signed));
    }

    /** PEXTRB, PEXTRW, PEXTRD, PEXTRQ, EXTRACTPS. */
    static long extract(long[] xmm, int s, int position, int size) {
        int bit = position * 8 * size & 127;
        return Operands.zeroExtend(xmm[2 * s + (bit >>> 6)] >>> (bit & 63), size);
    }

    /** PINSRB, PINSRD, PINSRQ. */
    static void insert(long value, long[] xmm, int d, int position, int size) {
        int bit = position * 8 * size & 127;
        int half = 2 * d + (bit >>> 6);
        long mask = Operands.zeroExtend(-1L, size) << (bit & 63);
        xmm[half] = xmm[half] & ~mask | value << (bit & 63) & mask;
    }

    /** PTEST: 0 if the two have no bit in common. */
    static long common(long[] xmm, int d, int s) {
        return xmm[2 * d] & xmm[2 * s] | xmm[2 * d + 1] & xmm[2 * s + 1];
    }

    /** PTEST: 0 if the source has no bit that the destination has not. */
    static long beyond(long[] xmm, int d, int s) {
        return ~xmm[2 * d] & xmm[2 * s] | ~xmm[2 * d + 1] & xmm[2 * s + 1];
    }

    // ---- AVX, where the upper halves of registers are an array like that of the lower

    static void move(long[] from, int s, long[] to, int d) {
        set(to, d, from[2 * s], from[2 * s + 1]);
    }

    static void fill(long value, long[] xmm, int d) {
        set(xmm, d, value, value);
    }

    /** VZEROUPPER, of one array. */
    static void clearAll(long[] halves) {
        java.util.Arrays.fill(halves, 0);
    }

    /** VPERMQ: each quadword any of the source's, which are in two arrays. */
    static void permute(long[] lower, long[] upper, int d, int s, int control) {
        long a = quadword(lower, upper, s, control);
        long b = quadword(lower, upper, s, control >>> 2);
        long c = quadword(lower, upper, s, control >>> 4);
        set(upper, d, c, quadword(lower, upper, s, control >>> 6));
        set(lower, d, a, b);
    }

    private static long quadword(long[] lower, long[] upper, int s, int selector) {
        return ((selector & 2) == 0 ? lower : upper)[2 * s + (selector & 1)];
    }

    /** VPERM2F128, VPERM2I128: each lane any of the two sources', or zero. */
    static void permuteLanes(long[] lower, long[] upper, int d, int first, int second, int control) {
        long a = laneHalf(lower, upper, first, second, control, 0);
        long b = laneHalf(lower, upper, first, second, control, 1);
        long c = laneHalf(lower, upper, first, second, control >>> 4, 0);
        set(upper, d, c, laneHalf(lower, upper, first, second, control >>> 4, 1));
        set(lower, d, a, b);
    }

    private static long laneHalf(long[] lower, long[] upper, int first, int second, int control, int half) {
        if ((control & 8) != 0) {
            return 0;
        }
        int register = (control & 2) == 0 ? first : second;
        return ((control & 1) == 0 ? lower : upper)[2 * register + half];
    }

    /** A value in every element. */
    static long repeat(long value, int size) {
        return switch (size) {
            case 1 -> (value & 0xFF) * 0x0101_0101_0101_0101L;
            case 2 -> (value & 0xFFFF) * 0x0001_0001_0001_0001L;
            case 4 -> (value & LOW_32) * 0x0000_0001_0000_0001L;
            default -> value;
        };
    }
}
