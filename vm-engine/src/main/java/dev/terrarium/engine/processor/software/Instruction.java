// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import org.jspecify.annotations.Nullable;

/**
 * One decoded x86 instruction: everything its bytes say, in a form that costs nothing to read again. It does not know
 * its address, so that a block can be used at every virtual address its page is mapped at.
 *
 * <p>The fields down to {@link #immediate2} are the encoding. The ones after it are the same in the form that the
 * integer operations use, valid for those only.
 */
final class Instruction {
    /** Opcode map numbers, in {@link #map}. */
    static final int MAP_ONE_BYTE = 0;

    static final int MAP_0F = 1;
    static final int MAP_0F38 = 2;
    static final int MAP_0F3A = 3;

    /** What the interpreter switches on: a constant of {@link Op}. */
    int op;

    /** The opcode map, MAP_*, and the opcode byte in it. */
    int map;

    int opcode;

    /** Length in bytes, 1 to 15. */
    int length;

    /** Operand size in bytes, 2, 4 or 8 (1 for byte operations), after prefixes and defaults. */
    int operandSize;

    /** Address size in bytes: 2, 4 or 8. */
    int addressSize;

    /** The last of the prefixes F3 and F2 (0xF3, 0xF2), else 0: REP, or the mandatory prefix of SIMD instructions. */
    int repeat;

    /** A 66 prefix is present. */
    boolean operandSizePrefix;

    /** A LOCK prefix is present (and legal here). */
    boolean lock;

    /** REX.W is set. */
    boolean rexW;

    /** Any REX prefix is present: byte registers 4 to 7 are SPL, BPL, SIL, DIL rather than AH, CH, DH, BH. */
    boolean rex;

    /** The instruction has a VEX prefix. */
    boolean vex;

    /** VEX.W is set, in every mode; {@link #rexW} tells of 64-bit mode only. */
    boolean vexW;

    /** VEX.L is set: a vector of 256 bits. */
    boolean vexL;

    /** The register in VEX.vvvv; {@link Cpu#RAX} too where the field is not used. */
    int vvvv;

    /** The index register of a vector of addresses (VSIB); {@link #index} does not have it. */
    int vectorIndex;

    /** With VEX: the {@link FeatureSet} bits that it is of. */
    int requires;

    /** With VEX: the SSE instruction that computes one 128-bit lane of this one, on the lane registers. */
    @Nullable
    Instruction lane;

    /** The ModRM byte as it stands; 0 if there is none. */
    int modrm;

    /** ModRM.reg with REX.R; for opcodes with a register in their low bits, that register with REX.B. */
    int reg;

    /** ModRM.rm with REX.B, when {@link #memory} is false. */
    int rm;

    /** The ModRM operand is in memory. */
    boolean memory;

    /** Address: gpr[base] + (gpr[index] << scale) + displacement; {@link Cpu#ZERO} where there is no register. */
    int base = Cpu.ZERO;

    int index = Cpu.ZERO;
    int scale;

    /** Sign-extended. For RIP-relative operands it counts from the next instruction, and {@link #ripRelative} is set. */
    long displacement;

    boolean ripRelative;

    /** The segment register of the memory operand, override and default considered: {@link Cpu#ES} to {@link Cpu#GS}. */
    int segment = Cpu.DS;

    /** The immediate operand, sign-extended as the instruction wants it; for far pointers the offset. */
    long immediate;

    /** The second immediate: ENTER's nesting level, a far pointer's selector. */
    int immediate2;

    /** The offset of the next instruction from the start of the block. */
    int end;

    /** Register that is written (and read first, where the operation does), and where in it a byte operand starts. */
    int destination;

    int destinationShift;

    /** Register whose value, shifted right by {@link #sourceShift}, plus {@link #immediate} is the source operand. */
    int source = Cpu.ZERO;

    int sourceShift;

    /** The operation within a family: ALU operation, shift kind, bit operation, condition. */
    int operation;

    /**
     * The address as {@code (gpr[addressBase] + (gpr[index] << scale) + addressOffset) & addressMask}, where
     * {@link Cpu#BLOCK_START} may be the base. A branch's target has the same form, without index.
     */
    int addressBase = Cpu.ZERO;

    long addressOffset;
    long addressMask = -1;

    /** 64-bit mode, and the segment has no base there: the effective address is the linear address. */
    boolean flat;

    /** ModRM.reg without REX.R, where it extends the opcode: 0 to 7. */
    int extension() {
        return (modrm >>> 3) & 7;
    }
}
