// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/**
 * AES-NI (FIPS 197) and PCLMULQDQ (Intel SDM volume 2). The state's byte i is byte i of the register: row i mod 4, column
 * i / 4. The source operand is what {@link SimdOperands#load} has read.
 */
final class CryptoUnit {
    private static final int[] SUBSTITUTION = new int[256];
    private static final int[] INVERSE_SUBSTITUTION = new int[256];

    /** What a byte of row 0 adds to its column in MixColumns and InvMixColumns, row 0 in the low byte. */
    private static final int[] MIX = new int[256];

    private static final int[] INVERSE_MIX = new int[256];

    static {
        // 3 generates the field: powers of 3 and of its inverse, 0xF6, pair every element with its inverse.
        int power = 1;
        int inverse = 1;
        do {
            power = multiply(power, 3);
            inverse = multiply(inverse, 0xF6);
            int affine =
                    inverse ^ rotated(inverse, 1) ^ rotated(inverse, 2) ^ rotated(inverse, 3) ^ rotated(inverse, 4);
            SUBSTITUTION[power] = affine ^ 0x63;
        } while (power != 1);
        SUBSTITUTION[0] = 0x63;
        for (int value = 0; value < 256; value++) {
            INVERSE_SUBSTITUTION[SUBSTITUTION[value]] = value;
            MIX[value] = multiply(value, 2) | value << 8 | value << 16 | multiply(value, 3) << 24;
            INVERSE_MIX[value] = multiply(value, 14)
                    | multiply(value, 9) << 8
                    | multiply(value, 13) << 16
                    | multiply(value, 11) << 24;
        }
    }

    private final SimdOperands simd;

    CryptoUnit(SimdOperands simd) {
        this.simd = simd;
    }

    /** Multiplies in GF(2<sup>8</sup>) modulo x<sup>8</sup> + x<sup>4</sup> + x<sup>3</sup> + x + 1. */
    private static int multiply(int a, int b) {
        int product = 0;
        int doubled = a;
        for (int rest = b; rest != 0; rest >>>= 1) {
            if ((rest & 1) != 0) {
                product ^= doubled;
            }
            doubled = doubled << 1 ^ ((doubled & 0x80) != 0 ? 0x11B : 0);
        }
        return product;
    }

    private static int rotated(int value, int by) {
        return (value << by | value >>> 8 - by) & 0xFF;
    }

    /** AESIMC, AESENC, AESENCLAST, AESDEC, AESDECLAST. */
    void round(Instruction i) {
        int reg = i.reg;
        if (i.opcode == 0xDB) {
            simd.set(reg, inverseMixColumns(simd.low), inverseMixColumns(simd.high));
            return;
        }
        boolean decrypt = i.opcode >= 0xDE;
        boolean last = (i.opcode & 1) != 0;
        long low = simd.low(reg);
        long high = simd.high(reg);
        long newLow = column(low, high, 0, decrypt, last) | column(low, high, 1, decrypt, last) << 32;
        long newHigh = column(low, high, 2, decrypt, last) | column(low, high, 3, decrypt, last) << 32;
        simd.set(reg, newLow ^ simd.low, newHigh ^ simd.high);
    }

    /** One column after ShiftRows and SubBytes and, but in the last round, MixColumns; or after their inverses. */
    private static long column(long low, long high, int column, boolean decrypt, boolean last) {
        int[] boxes = decrypt ? INVERSE_SUBSTITUTION : SUBSTITUTION;
        int result = 0;
        for (int row = 0; row < 4; row++) {
            int from = 4 * ((decrypt ? column - row : column + row) & 3) + row;
            int value = boxes[(int) ((from < 8 ? low : high) >>> 8 * (from & 7)) & 0xFF];
            int part = last ? value : decrypt ? INVERSE_MIX[value] : MIX[value];
            result ^= last ? part << 8 * row : Integer.rotateLeft(part, 8 * row);
        }
        return result & 0xFFFF_FFFFL;
    }

    private static long inverseMixColumns(long columns) {
        return inverseMixColumn((int) columns) | inverseMixColumn((int) (columns >>> 32)) << 32;
    }

    private static long inverseMixColumn(int column) {
        int result = 0;
        for (int row = 0; row < 4; row++) {
            result ^= Integer.rotateLeft(INVERSE_MIX[column >>> 8 * row & 0xFF], 8 * row);
        }
        return result & 0xFFFF_FFFFL;
    }

    /** AESKEYGENASSIST. */
    void assistKeyGeneration(Instruction i) {
        int constant = (int) i.immediate & 0xFF;
        simd.set(i.reg, assist(simd.low, constant), assist(simd.high, constant));
    }

    private static long assist(long half, int constant) {
        int word = substituteWord((int) (half >>> 32));
        return (word & 0xFFFF_FFFFL) | (long) (Integer.rotateRight(word, 8) ^ constant) << 32;
    }

    private static int substituteWord(int word) {
        return SUBSTITUTION[word & 0xFF]
                | SUBSTITUTION[word >>> 8 & 0xFF] << 8
                | SUBSTITUTION[word >>> 16 & 0xFF] << 16
                | SUBSTITUTION[word >>> 24] << 24;
    }

    /** PCLMULQDQ: the halves that immediate bits 0 and 4 choose, multiplied as polynomials over GF(2). */
    void multiplyCarryless(Instruction i) {
        long a = (i.immediate & 1) != 0 ? simd.high(i.reg) : simd.low(i.reg);
        long b = (i.immediate & 0x10) != 0 ? simd.high : simd.low;
        long low = 0;
        long high = 0;
        for (long rest = b; rest != 0; rest &= rest - 1) {
            int shift = Long.numberOfTrailingZeros(rest);
            low ^= a << shift;
            high ^= shift == 0 ? 0 : a >>> 64 - shift;
        }
        simd.set(i.reg, low, high);
    }
}
