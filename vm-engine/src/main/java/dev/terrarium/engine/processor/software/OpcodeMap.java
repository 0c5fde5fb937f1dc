// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.util.Arrays;

/**
 * The shape of every opcode: what follows it, and its operand size (Intel SDM volume 2, appendix A). One entry an opcode
 * and map; {@link OpSelector} says what the opcode does.
 */
final class OpcodeMap {
    /** Not an opcode of this processor. */
    static final int UNDEFINED = 1;

    /** Not an opcode in 64-bit mode. */
    static final int LEGACY_ONLY = 1 << 1;

    /** A ModRM byte follows. */
    static final int MODRM = 1 << 2;

    /** Byte operands. */
    static final int BYTE = 1 << 3;

    /** In 64-bit mode the operand size is 64 bits, or 16 with a 66 prefix. */
    static final int STACK = 1 << 4;

    /** In 64-bit mode the operand size is 64 bits whatever the prefixes say. */
    static final int NEAR_BRANCH = 1 << 5;

    /** The register is in the opcode's low three bits. */
    static final int LOW_REGISTER = 1 << 6;

    /** ModRM names a register whatever its mod field says. */
    static final int REGISTER_ONLY = 1 << 7;

    /** Executed by another unit. */
    static final int SYSTEM = 1 << 8;

    static final int X87 = 1 << 9;
    static final int SIMD = 1 << 10;

    /** Immediates: 8 bits sign-extended, 8 bits zero-extended, 16 bits, 16 or 32 bits by operand size, full size. */
    static final int IB = 1 << 11;

    static final int UB = 1 << 12;
    static final int IW = 1 << 13;
    static final int IZ = 1 << 14;
    static final int IV = 1 << 15;

    /** A far pointer: offset by operand size, then a selector. */
    static final int FAR_POINTER = 1 << 16;

    /** An offset by address size, which is a memory operand without ModRM. */
    static final int MEMORY_OFFSET = 1 << 17;

    /** A second, 8-bit immediate. */
    static final int SECOND_BYTE = 1 << 18;

    private static final int[] ONE_BYTE = oneByte();
    private static final int[] TWO_BYTE = twoByte();
    private static final int[] MAP_0F38 = new int[256];
    private static final int[] MAP_0F3A = new int[256];

    static {
        Arrays.fill(MAP_0F38, UNDEFINED | MODRM);
        range(MAP_0F38, 0x00, 0x0B, MODRM | SIMD);
        range(MAP_0F38, 0x1C, 0x1E, MODRM | SIMD);
        set(MAP_0F38, MODRM | SIMD, 0x10, 0x14, 0x15, 0x17);
        range(MAP_0F38, 0x20, 0x25, MODRM | SIMD);
        range(MAP_0F38, 0x28, 0x2B, MODRM | SIMD);
        range(MAP_0F38, 0x30, 0x35, MODRM | SIMD);
        range(MAP_0F38, 0x37, 0x41, MODRM | SIMD);
        range(MAP_0F38, 0xDB, 0xDF, MODRM | SIMD);
        set(MAP_0F38, MODRM, 0xF0, 0xF1);
        Arrays.fill(MAP_0F3A, UNDEFINED | MODRM | UB);
        range(MAP_0F3A, 0x08, 0x0F, MODRM | SIMD | UB);
        range(MAP_0F3A, 0x14, 0x17, MODRM | SIMD | UB);
        range(MAP_0F3A, 0x20, 0x22, MODRM | SIMD | UB);
        range(MAP_0F3A, 0x40, 0x42, MODRM | SIMD | UB);
        MAP_0F3A[0x44] = MODRM | SIMD | UB;
        range(MAP_0F3A, 0x60, 0x63, MODRM | SIMD | UB);
        MAP_0F3A[0xDF] = MODRM | SIMD | UB;
    }

    private OpcodeMap() {}

    static int shape(int map, int opcode) {
        return switch (map) {
            case Instruction.MAP_ONE_BYTE -> ONE_BYTE[opcode];
            case Instruction.MAP_0F -> TWO_BYTE[opcode];
            case Instruction.MAP_0F38 -> MAP_0F38[opcode];
            default -> MAP_0F3A[opcode];
        };
    }

    /** The shape of an opcode behind a VEX prefix, where no opcode but VZEROUPPER's is without ModRM. */
    static int vexShape(int map, int opcode) {
        if (map == Instruction.MAP_0F && opcode == 0x77) {
            return SIMD;
        }
        boolean immediate = map == Instruction.MAP_0F3A
                || map == Instruction.MAP_0F
                        && ((opcode >= 0x70 && opcode <= 0x73) || (opcode >= 0xC2 && opcode <= 0xC6));
        boolean general = map == Instruction.MAP_0F38 ? opcode >= 0xF2 : map == Instruction.MAP_0F3A && opcode == 0xF0;
        return MODRM | (general ? 0 : SIMD) | (immediate ? UB : 0);
    }

    private static void range(int[] map, int from, int to, int shape) {
        Arrays.fill(map, from, to + 1, shape);
    }

    private static void set(int[] map, int shape, int... opcodes) {
        for (int opcode : opcodes) {
            map[opcode] = shape;
        }
    }

    private static int[] oneByte() {
        int[] map = new int[256];
        for (int alu = 0; alu < 0x40; alu += 8) {
            set(map, MODRM | BYTE, alu, alu + 2);
            set(map, MODRM, alu + 1, alu + 3);
            map[alu + 4] = BYTE | IB;
            map[alu + 5] = IZ;
        }
        set(map, LEGACY_ONLY | STACK, 0x06, 0x0E, 0x16, 0x1E);
        set(map, LEGACY_ONLY | STACK | SYSTEM, 0x07, 0x17, 0x1F);
        set(map, LEGACY_ONLY, 0x27, 0x2F, 0x37, 0x3F, 0x60, 0x61);
        range(map, 0x40, 0x4F, LEGACY_ONLY | LOW_REGISTER);
        range(map, 0x50, 0x5F, STACK | LOW_REGISTER);
        map[0x62] = LEGACY_ONLY | MODRM;
        map[0x63] = MODRM;
        map[0x68] = STACK | IZ;
        map[0x69] = MODRM | IZ;
        map[0x6A] = STACK | IB;
        map[0x6B] = MODRM | IB;
        set(map, BYTE, 0x6C, 0x6E);
        range(map, 0x70, 0x7F, NEAR_BRANCH | IB);
        map[0x80] = MODRM | BYTE | IB;
        map[0x81] = MODRM | IZ;
        map[0x82] = LEGACY_ONLY | MODRM | BYTE | IB;
        map[0x83] = MODRM | IB;
        set(map, MODRM | BYTE, 0x84, 0x86, 0x88, 0x8A);
        set(map, MODRM, 0x85, 0x87, 0x89, 0x8B, 0x8C, 0x8D);
        map[0x8E] = MODRM | SYSTEM;
        map[0x8F] = MODRM | STACK;
        range(map, 0x90, 0x97, LOW_REGISTER);
        map[0x9A] = LEGACY_ONLY | FAR_POINTER | SYSTEM;
        map[0x9B] = X87;
        set(map, STACK | SYSTEM, 0x9C, 0x9D);
        set(map, MEMORY_OFFSET | BYTE, 0xA0, 0xA2);
        set(map, MEMORY_OFFSET, 0xA1, 0xA3);
        set(map, BYTE, 0xA4, 0xA6, 0xAA, 0xAC, 0xAE);
        map[0xA8] = BYTE | IB;
        map[0xA9] = IZ;
        range(map, 0xB0, 0xB7, LOW_REGISTER | BYTE | IB);
        range(map, 0xB8, 0xBF, LOW_REGISTER | IV);
        map[0xC0] = MODRM | BYTE | UB;
        map[0xC1] = MODRM | UB;
        map[0xC2] = NEAR_BRANCH | IW;
        map[0xC3] = NEAR_BRANCH;
        set(map, LEGACY_ONLY | MODRM | SYSTEM, 0xC4, 0xC5);
        map[0xC6] = MODRM | BYTE | IB;
        map[0xC7] = MODRM | IZ;
        map[0xC8] = STACK | IW | SECOND_BYTE;
        map[0xC9] = STACK;
        map[0xCA] = IW | SYSTEM;
        set(map, SYSTEM, 0xCB, 0xCC, 0xCF);
        map[0xCD] = UB | SYSTEM;
        map[0xCE] = LEGACY_ONLY | SYSTEM;
        set(map, MODRM | BYTE, 0xD0, 0xD2);
        set(map, MODRM, 0xD1, 0xD3);
        set(map, LEGACY_ONLY | UB, 0xD4, 0xD5);
        map[0xD6] = LEGACY_ONLY;
        range(map, 0xD8, 0xDF, MODRM | X87);
        range(map, 0xE0, 0xE3, NEAR_BRANCH | IB);
        set(map, BYTE | UB | SYSTEM, 0xE4, 0xE6);
        set(map, UB | SYSTEM, 0xE5, 0xE7);
        set(map, NEAR_BRANCH | IZ, 0xE8, 0xE9);
        map[0xEA] = LEGACY_ONLY | FAR_POINTER | SYSTEM;
        map[0xEB] = NEAR_BRANCH | IB;
        set(map, BYTE | SYSTEM, 0xEC, 0xEE);
        set(map, SYSTEM, 0xED, 0xEF, 0xF1, 0xF4, 0xFA, 0xFB);
        set(map, MODRM | BYTE, 0xF6, 0xFE);
        set(map, MODRM, 0xF7, 0xFF);
        return map;
    }

    private static int[] twoByte() {
        int[] map = new int[256];
        Arrays.fill(map, UNDEFINED);
        range(map, 0x00, 0x03, MODRM | SYSTEM);
        range(map, 0x05, 0x09, SYSTEM);
        map[0x0D] = MODRM;
        range(map, 0x10, 0x17, MODRM | SIMD);
        range(map, 0x18, 0x1F, MODRM);
        range(map, 0x20, 0x23, MODRM | REGISTER_ONLY | SYSTEM);
        range(map, 0x28, 0x2F, MODRM | SIMD);
        range(map, 0x30, 0x35, SYSTEM);
        range(map, 0x40, 0x4F, MODRM);
        range(map, 0x50, 0x7F, MODRM | SIMD);
        range(map, 0x70, 0x73, MODRM | SIMD | UB);
        map[0x77] = SIMD;
        range(map, 0x78, 0x7B, UNDEFINED | MODRM);
        range(map, 0x80, 0x8F, NEAR_BRANCH | IZ);
        range(map, 0x90, 0x9F, MODRM | BYTE);
        set(map, STACK, 0xA0, 0xA8);
        set(map, STACK | SYSTEM, 0xA1, 0xA9);
        set(map, SYSTEM, 0xA2, 0xAA);
        set(map, MODRM, 0xA3, 0xA5, 0xAB, 0xAD, 0xAE, 0xAF);
        set(map, MODRM | UB, 0xA4, 0xAC, 0xBA);
        set(map, MODRM | BYTE, 0xB0, 0xC0);
        set(map, MODRM, 0xB1, 0xB3, 0xB6, 0xB7, 0xB8, 0xBB, 0xBC, 0xBD, 0xBE, 0xBF, 0xC1, 0xC7);
        set(map, MODRM | SYSTEM, 0xB2, 0xB4, 0xB5);
        map[0xB9] = UNDEFINED | MODRM;
        set(map, MODRM | SIMD | UB, 0xC2, 0xC4, 0xC5, 0xC6);
        map[0xC3] = MODRM | SIMD;
        range(map, 0xC8, 0xCF, LOW_REGISTER);
        range(map, 0xD0, 0xFE, MODRM | SIMD);
        map[0xFF] = UNDEFINED | MODRM;
        return map;
    }
}
