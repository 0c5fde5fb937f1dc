// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** PUSH, POP, PUSHA, POPA, ENTER and LEAVE of every size. */
final class StackUnit {
    private final Operands operands;
    private final Cpu cpu;
    private final long[] gpr;

    StackUnit(Operands operands) {
        this.operands = operands;
        this.cpu = operands.cpu;
        this.gpr = cpu.gpr;
    }

    void push(Instruction i) {
        operands.push(i.operandSize, operands.source(i, i.operandSize));
    }

    /** The selector is written as 16 bits where the slot has 32, as Intel processors do it. */
    void pushSegment(Instruction i) {
        int size = i.operandSize;
        operands.poke(-size, size == 4 ? 2 : size, cpu.selector[i.operation]);
        operands.setStackPointer(gpr[Cpu.RSP] - size);
    }

    /** The address of a memory operand uses the stack pointer after the pop; the decoder has seen to that. */
    void pop(Instruction i) {
        int size = i.operandSize;
        if (i.memory) {
            long value = operands.peek(0, size);
            operands.store(operands.writeAddress(i, size), size, value);
            operands.setStackPointer(gpr[Cpu.RSP] + size);
        } else {
            long value = operands.pop(size);
            operands.setRegister(i.destination, 0, size, value);
        }
    }

    void pushAll(Instruction i) {
        int size = i.operandSize;
        for (int n = 1; n <= 8; n++) {
            operands.checkPoke(-n * size, size);
        }
        for (int register = Cpu.RAX; register <= Cpu.RDI; register++) {
            operands.poke(-(register + 1) * size, size, gpr[register]);
        }
        operands.setStackPointer(gpr[Cpu.RSP] - 8 * size);
    }

    void popAll(Instruction i) {
        int size = i.operandSize;
        operands.peek(0, size);
        operands.peek(7 * size, size);
        for (int register = Cpu.RAX; register <= Cpu.RDI; register++) {
            if (register != Cpu.RSP) {
                operands.setRegister(register, 0, size, operands.peek((7 - register) * size, size));
            }
        }
        operands.setStackPointer(gpr[Cpu.RSP] + 8 * size);
    }

    void enter(Instruction i) {
        int size = i.operandSize;
        int level = i.immediate2 & 31;
        long oldBase = gpr[Cpu.RBP];
        long mask = Decoder.mask(cpu.stackSize);
        long total = (long) size * (level + 1);
        for (int n = 1; n <= level + 1; n++) {
            operands.checkPoke(-n * size, size);
        }
        operands.checkPoke(-total - i.immediate, size);
        long frame = operands.stackPointer(-size);
        operands.poke(-size, size, oldBase);
        for (int n = 1; n < level; n++) {
            long link = operands.load(operands.stackAddress(oldBase - n * size, size), size);
            operands.poke(-(n + 1) * size, size, link);
        }
        if (level > 0) {
            operands.poke(-total, size, frame);
        }
        setBase(frame, size, mask);
        operands.setStackPointer(gpr[Cpu.RSP] - total - i.immediate);
    }

    private void setBase(long value, int size, long stackMask) {
        operands.setRegister(Cpu.RBP, 0, size, size == 2 ? value : value & stackMask);
    }

    void leave(Instruction i) {
        int size = i.operandSize;
        long base = gpr[Cpu.RBP];
        long value = operands.load(operands.stackAddress(base, size), size);
        operands.setStackPointer(base + size);
        operands.setRegister(Cpu.RBP, 0, size, value);
    }
}
