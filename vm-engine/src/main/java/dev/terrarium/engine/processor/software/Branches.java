// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** Near jumps, calls and returns in the forms the interpreter's own switch does not hold. */
final class Branches {
    private static final int LOOPNE = 0xE0;
    private static final int LOOPE = 0xE1;
    private static final int LOOP = 0xE2;
    private static final int RET_IMMEDIATE = 0xC2;

    private final Operands operands;
    private final Cpu cpu;
    private final long[] gpr;

    Branches(Operands operands) {
        this.operands = operands;
        this.cpu = operands.cpu;
        this.gpr = cpu.gpr;
    }

    /** Returns {@code target}, or #GP if no instruction can be there. */
    long checked(long target) {
        boolean reachable = cpu.codeSize == 8
                ? target << 16 >> 16 == target
                : Long.compareUnsigned(target, cpu.segmentLimit[Cpu.CS]) <= 0;
        if (!reachable) {
            throw cpu.generalProtection(0);
        }
        return target;
    }

    private long relativeTarget(Instruction i) {
        return checked((gpr[Cpu.BLOCK_START] + i.addressOffset) & i.addressMask);
    }

    /** The address of the next instruction. */
    private long following(Instruction i) {
        return (gpr[Cpu.BLOCK_START] + i.end) & Decoder.mask(cpu.codeSize);
    }

    void call(Instruction i) {
        long target = relativeTarget(i);
        operands.push(i.operandSize, following(i));
        cpu.rip = target;
    }

    void callIndirect(Instruction i) {
        long target = checked(operands.source(i, i.operandSize));
        operands.push(i.operandSize, following(i));
        cpu.rip = target;
    }

    void jumpIndirect(Instruction i) {
        cpu.rip = checked(operands.source(i, i.operandSize));
    }

    void ret(Instruction i) {
        int size = i.operandSize;
        long target = checked(operands.peek(0, size));
        operands.setStackPointer(gpr[Cpu.RSP] + size + (i.opcode == RET_IMMEDIATE ? i.immediate : 0));
        cpu.rip = target;
    }

    /** LOOPNE, LOOPE, LOOP and JCXZ; their counter is as wide as addresses. Returns whether the jump is taken. */
    boolean loop(Instruction i) {
        int size = i.addressSize;
        long count = Operands.zeroExtend(gpr[Cpu.RCX], size);
        boolean counted = i.opcode >= LOOPNE && i.opcode <= LOOP;
        if (counted) {
            count = Operands.zeroExtend(count - 1, size);
        }
        boolean taken =
                switch (i.opcode) {
                    case LOOPNE -> count != 0 && !cpu.zero();
                    case LOOPE -> count != 0 && cpu.zero();
                    case LOOP -> count != 0;
                    default -> count == 0;
                };
        cpu.rip = taken ? relativeTarget(i) : following(i);
        if (counted) {
            operands.setRegister(Cpu.RCX, 0, size, count);
        }
        return taken;
    }
}
