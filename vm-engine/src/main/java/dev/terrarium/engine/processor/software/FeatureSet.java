// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.processor.CpuidSource;

/**
 * The instruction-set extensions that a processor announces and executes, beyond those every x86-64 processor has. The
 * levels are those of the x86-64 psABI (section 3.1.1, table 3.1): x86-64-v1 to x86-64-v3.
 *
 * @param bits a set of the constants of this class
 */
public record FeatureSet(int bits) {
    static final int SSE3 = 1;
    static final int SSSE3 = 1 << 1;
    static final int CMPXCHG16B = 1 << 2;
    static final int LAHF = 1 << 3;
    static final int SSE4_1 = 1 << 4;
    static final int SSE4_2 = 1 << 5;
    static final int POPCNT = 1 << 6;
    static final int LZCNT = 1 << 7;
    static final int MOVBE = 1 << 8;
    static final int BMI1 = 1 << 9;
    static final int BMI2 = 1 << 10;
    static final int AES = 1 << 11;
    static final int PCLMULQDQ = 1 << 12;
    static final int RDRAND = 1 << 13;
    static final int RDSEED = 1 << 14;
    static final int FSGSBASE = 1 << 15;
    static final int XSAVE = 1 << 16;
    static final int AVX = 1 << 17;
    static final int AVX2 = 1 << 18;
    static final int F16C = 1 << 19;
    static final int FMA = 1 << 20;

    private static final int LEVEL_2 = SSE3 | SSSE3 | CMPXCHG16B | LAHF | SSE4_1 | SSE4_2 | POPCNT;
    private static final int LEVEL_3 = LEVEL_2 | LZCNT | MOVBE | BMI1 | BMI2 | XSAVE | AVX | AVX2 | F16C | FMA;
    private static final int ALL = LEVEL_3 | AES | PCLMULQDQ | RDRAND | RDSEED | FSGSBASE;

    /** The first level: SSE2 and nothing after it. */
    public static final FeatureSet X86_64_V1 = new FeatureSet(0);

    /** The second level: to SSE4.2, POPCNT and CMPXCHG16B. */
    public static final FeatureSet X86_64_V2 = new FeatureSet(LEVEL_2);

    /** The third level: to AVX2, BMI2 and FMA. */
    public static final FeatureSet X86_64_V3 = new FeatureSet(LEVEL_3);

    /** Everything this processor has. */
    public static final FeatureSet BEST = new FeatureSet(ALL);

    /** Those of them that another processor announces too. */
    public FeatureSet alsoOf(CpuidSource processor) {
        return new FeatureSet(bits & CpuIdentity.announcedBy(processor).bits);
    }

    /** Are all of {@code wanted} in the set? */
    boolean has(int wanted) {
        return (bits & wanted) == wanted;
    }

    /** Turns an instruction of an extension that is not in the set into what a processor without it makes of its bytes. */
    void restrict(Instruction i, int codeSize) {
        if (i.op == Op.TZCNT && !has(BMI1)) {
            i.op = Op.BSF;
        } else if (i.op == Op.LZCNT && !has(LZCNT)) {
            i.op = Op.BSR;
        } else if (!has(required(i, codeSize))) {
            i.op = Op.INVALID;
        }
    }

    /** The extensions that an instruction with a valid encoding belongs to; 0 for what every processor has. */
    private static int required(Instruction i, int codeSize) {
        if (i.vex) {
            return requiredVex(i);
        }
        return switch (i.map) {
            case Instruction.MAP_ONE_BYTE -> requiredOneByte(i, codeSize);
            case Instruction.MAP_0F -> requiredTwoByte(i);
            case Instruction.MAP_0F38 -> required0F38(i);
            default -> required0F3A(i);
        };
    }

    private static int requiredOneByte(Instruction i, int codeSize) {
        return switch (i.opcode) {
            case 0x9E, 0x9F -> codeSize == 8 ? LAHF : 0;
            case 0xDB, 0xDD, 0xDF -> i.memory && i.extension() == 1 ? SSE3 : 0; // FISTTP
            default -> 0;
        };
    }

    private static int requiredTwoByte(Instruction i) {
        return switch (i.opcode) {
            case 0x12 -> i.repeat != 0 ? SSE3 : 0;
            case 0x16 -> i.repeat == 0xF3 ? SSE3 : 0;
            case 0x7C, 0x7D, 0xD0, 0xF0 -> SSE3;
            case 0x01 -> i.modrm == 0xD0 || i.modrm == 0xD1 ? XSAVE : 0;
            case 0xAE -> {
                if (i.memory) {
                    yield i.extension() == 4 || i.extension() == 5 ? XSAVE : 0;
                }
                yield i.extension() < 4 ? FSGSBASE : 0;
            }
            case 0xB8 -> POPCNT;
            case 0xC7 -> {
                if (i.memory) {
                    yield i.rexW ? CMPXCHG16B : 0;
                }
                yield i.extension() == 6 ? RDRAND : RDSEED;
            }
            default -> 0;
        };
    }

    private static int required0F38(Instruction i) {
        if (i.opcode < 0x0C || (i.opcode >= 0x1C && i.opcode <= 0x1E)) {
            return SSSE3;
        }
        if (i.opcode >= 0xF0) {
            return i.repeat == 0xF2 ? SSE4_2 : MOVBE;
        }
        return i.opcode >= 0xDB ? AES : i.opcode == 0x37 ? SSE4_2 : SSE4_1;
    }

    private static int required0F3A(Instruction i) {
        return switch (i.opcode) {
            case 0x0F -> SSSE3;
            case 0x44 -> PCLMULQDQ;
            case 0x60, 0x61, 0x62, 0x63 -> SSE4_2;
            case 0xDF -> AES;
            default -> SSE4_1;
        };
    }

    private static int requiredVex(Instruction i) {
        return switch (i.op) {
            case Op.ANDN, Op.BEXTR, Op.BLSR, Op.BLSMSK, Op.BLSI -> BMI1;
            case Op.AVX -> i.requires;
            default -> BMI2;
        };
    }
}
