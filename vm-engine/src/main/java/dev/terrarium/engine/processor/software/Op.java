// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/**
 * What an {@link Instruction} does, as a dense number for the interpreter's switch.
 *
 * <p>Names of frequent forms end in the operand size in bits and the form: {@code _R} register destination and source a
 * register plus immediate, {@code _L} register destination and memory source, {@code _M} memory operand and source a
 * register plus immediate. What has no such form of its own is done by an operation of any size.
 */
final class Op {
    /** Undefined: raises #UD. */
    static final int INVALID = 0;

    /** Executed by {@code X87Unit}: opcodes D8 to DF and FWAIT (9B). */
    static final int X87 = 1;

    /** Executed by {@code SimdUnit}: MMX, SSE to SSE4.2, AES, PCLMULQDQ, FXSAVE, FXRSTOR, LDMXCSR, STMXCSR, EMMS, MOVNTI. */
    static final int SIMD = 2;

    /** Executed by {@code SystemUnit}; the block ends after it. */
    static final int SYSTEM = 3;

    /** Marks the end of a block that does not end in a control transfer. */
    static final int END_OF_BLOCK = 4;

    /** Stands in for every instruction of a block that a write has hit. */
    static final int STALE = 5;

    /** More than 15 bytes: raises #GP. */
    static final int TOO_LONG = 6;

    /** Register destination, source a register plus immediate. */
    static final int ADD32_R = 7;

    static final int OR32_R = 8;
    static final int ADC32_R = 9;
    static final int SBB32_R = 10;
    static final int AND32_R = 11;
    static final int SUB32_R = 12;
    static final int XOR32_R = 13;
    static final int CMP32_R = 14;
    static final int TEST32_R = 15;

    static final int ADD64_R = 16;
    static final int OR64_R = 17;
    static final int ADC64_R = 18;
    static final int SBB64_R = 19;
    static final int AND64_R = 20;
    static final int SUB64_R = 21;
    static final int XOR64_R = 22;
    static final int CMP64_R = 23;
    static final int TEST64_R = 24;

    /** Register destination, memory source. */
    static final int ADD32_L = 25;

    static final int OR32_L = 26;
    static final int ADC32_L = 27;
    static final int SBB32_L = 28;
    static final int AND32_L = 29;
    static final int SUB32_L = 30;
    static final int XOR32_L = 31;
    static final int CMP32_L = 32;

    static final int ADD64_L = 33;
    static final int OR64_L = 34;
    static final int ADC64_L = 35;
    static final int SBB64_L = 36;
    static final int AND64_L = 37;
    static final int SUB64_L = 38;
    static final int XOR64_L = 39;
    static final int CMP64_L = 40;

    /** Memory first operand, source a register plus immediate. */
    static final int ADD32_M = 41;

    static final int OR32_M = 42;
    static final int ADC32_M = 43;
    static final int SBB32_M = 44;
    static final int AND32_M = 45;
    static final int SUB32_M = 46;
    static final int XOR32_M = 47;
    static final int CMP32_M = 48;
    static final int TEST32_M = 49;

    static final int ADD64_M = 50;
    static final int OR64_M = 51;
    static final int ADC64_M = 52;
    static final int SBB64_M = 53;
    static final int AND64_M = 54;
    static final int SUB64_M = 55;
    static final int XOR64_M = 56;
    static final int CMP64_M = 57;
    static final int TEST64_M = 58;

    /** Byte comparisons. */
    static final int CMP8_R = 59;

    static final int TEST8_R = 60;
    static final int CMP8_L = 61;
    static final int CMP8_M = 62;
    static final int TEST8_M = 63;

    /** Moves. */
    static final int MOV32_R = 64;

    static final int MOV64_R = 65;
    static final int MOV8_R = 66;
    static final int MOV8_L = 67;
    static final int MOV32_L = 68;
    static final int MOV64_L = 69;
    static final int MOV8_M = 70;
    static final int MOV16_M = 71;
    static final int MOV32_M = 72;
    static final int MOV64_M = 73;

    /** Zero-extending moves to a 32- or 64-bit register. */
    static final int MOVZX8_R = 74;

    static final int MOVZX16_R = 75;
    static final int MOVZX8_L = 76;
    static final int MOVZX16_L = 77;

    /** 32 to 64 bits. */
    static final int MOVSXD_R = 78;

    static final int MOVSXD_L = 79;

    static final int LEA32 = 80;
    static final int LEA64 = 81;

    static final int INC32_R = 82;
    static final int INC64_R = 83;
    static final int DEC32_R = 84;
    static final int DEC64_R = 85;

    /** Shifts of a register by an immediate that is not 0 (already masked). */
    static final int SHL32_I = 86;

    static final int SHL64_I = 87;
    static final int SHR32_I = 88;
    static final int SHR64_I = 89;
    static final int SAR32_I = 90;
    static final int SAR64_I = 91;

    /** 64-bit mode, 64-bit operand, register (or immediate) forms. */
    static final int PUSH64 = 92;

    static final int POP64 = 93;
    static final int CALL64 = 94;
    static final int RET64 = 95;

    /** Near relative jumps; the conditions in the order of their encoding. */
    static final int JMP = 96;

    static final int JO = 97;
    static final int JNO = 98;
    static final int JB = 99;
    static final int JAE = 100;
    static final int JE = 101;
    static final int JNE = 102;
    static final int JBE = 103;
    static final int JA = 104;
    static final int JS = 105;
    static final int JNS = 106;
    static final int JP = 107;
    static final int JNP = 108;
    static final int JL = 109;
    static final int JGE = 110;
    static final int JLE = 111;
    static final int JG = 112;

    /** Conditional moves. */
    static final int CMOV32_R = 113;

    static final int CMOV64_R = 114;
    static final int CMOV_L = 115;

    static final int SETCC_R = 116;
    static final int NOP = 117;

    /** End the block; see {@code Branches}. */
    static final int CALL = 118;

    static final int RET = 119;
    static final int JMP_INDIRECT = 120;
    static final int CALL_INDIRECT = 121;
    static final int LOOP = 122;

    /** String instructions; see {@code StringUnit}. They may have to be continued. */
    static final int STRING = 123;

    static final int PORT_STRING = 124;

    /** Any size and form; {@link Instruction#operation} says which operation. From here on: {@code IntegerUnit}. */
    static final int ALU_R = 125;

    static final int ALU_L = 126;
    static final int ALU_M = 127;
    static final int TEST_R = 128;
    static final int TEST_M = 129;

    static final int MOV_R = 130;
    static final int MOV_L = 131;
    static final int MOV_M = 132;
    static final int MOV_FROM_SEGMENT = 133;
    static final int MOVZX = 134;
    static final int MOVSX = 135;
    static final int CMOV = 136;
    static final int SETCC_M = 137;
    static final int LEA = 138;

    static final int INC = 139;
    static final int DEC = 140;
    static final int NOT = 141;
    static final int NEG = 142;
    static final int SHIFT = 143;
    static final int SHIFT_DOUBLE = 144;

    static final int MUL = 145;
    static final int IMUL = 146;
    static final int DIV = 147;
    static final int IDIV = 148;
    static final int IMUL_REGISTER = 149;
    static final int IMUL_IMMEDIATE = 150;

    static final int BIT_TEST = 151;
    static final int BSF = 152;
    static final int BSR = 153;
    static final int BSWAP = 154;
    static final int XADD = 155;
    static final int CMPXCHG = 156;
    static final int CMPXCHG_PAIR = 157;
    static final int XCHG_R = 158;

    /** Everything with a LOCK prefix, and XCHG with memory. */
    static final int LOCKED = 159;

    static final int CONVERT = 160;
    static final int CONVERT_PAIR = 161;
    static final int LAHF = 162;
    static final int SAHF = 163;
    static final int CLC = 164;
    static final int STC = 165;
    static final int CMC = 166;
    static final int CLD = 167;
    static final int STD = 168;

    /** Any size and form. */
    static final int PUSH = 169;

    static final int POP = 170;
    static final int PUSH_SEGMENT = 171;
    static final int PUSHA = 172;
    static final int POPA = 173;
    static final int ENTER = 174;
    static final int LEAVE = 175;
    static final int BOUND = 176;

    static final int DAA = 177;
    static final int DAS = 178;
    static final int AAA = 179;
    static final int AAS = 180;
    static final int AAM = 181;
    static final int AAD = 182;
    static final int XLAT = 183;
    static final int SALC = 184;

    /** From here on: {@code BitManipulationUnit}. */
    static final int POPCNT = 185;

    static final int LZCNT = 186;
    static final int TZCNT = 187;

    /** MOVBE from and to memory. */
    static final int MOVBE_L = 188;

    static final int MOVBE_M = 189;

    /** {@link Instruction#operation} is the source's size. */
    static final int CRC32 = 190;

    /** VEX-encoded: BMI1, then BMI2. */
    static final int ANDN = 191;

    static final int BEXTR = 192;
    static final int BLSR = 193;
    static final int BLSMSK = 194;
    static final int BLSI = 195;
    static final int BZHI = 196;
    static final int PDEP = 197;
    static final int PEXT = 198;
    static final int MULX = 199;

    /** {@link Instruction#operation} is the count. */
    static final int RORX = 200;

    static final int SARX = 201;
    static final int SHLX = 202;
    static final int SHRX = 203;

    /** RDRAND and RDSEED. */
    static final int RANDOM = 204;

    /** RDFSBASE, RDGSBASE, WRFSBASE, WRGSBASE in the order of {@link Instruction#operation}. */
    static final int SEGMENT_BASE = 205;

    /** Executed by {@code AvxUnit} behind {@code SimdUnit}: vectors with a VEX prefix. */
    static final int AVX = 206;

    private Op() {}

    /** No instruction follows in the same block. */
    static boolean endsBlock(int op) {
        return op == SYSTEM
                || op == INVALID
                || op == TOO_LONG
                || op == RET64
                || (op >= CALL64 && op <= JG)
                || (op >= CALL && op <= LOOP)
                || op == PORT_STRING;
    }
}
