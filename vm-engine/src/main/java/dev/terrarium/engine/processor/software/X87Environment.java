// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** The x87 environment in memory: FNSTENV, FLDENV, FNSAVE, FRSTOR (Intel SDM volume 1, section 8.1.10). */
final class X87Environment {
    private static final int REGISTER_BYTES = 10;
    private static final int HIGH_ONES = 0xFFFF_0000;
    private static final int OPCODE_MASK = 0x7FF;

    private final Cpu cpu;
    private final FloatingPointState state;
    private final Mmu mmu;
    private final MemoryOperand operands;
    private final X87Registers registers;

    X87Environment(Cpu cpu, Mmu mmu, MemoryOperand operands, X87Registers registers) {
        this.cpu = cpu;
        this.state = cpu.floatingPoint;
        this.mmu = mmu;
        this.operands = operands;
        this.registers = registers;
    }

    private static int size(boolean wide) {
        return wide ? 28 : 14;
    }

    private static boolean wide(Instruction instruction) {
        return instruction.operandSize != 2;
    }

    void storeEnvironment(Instruction instruction) {
        boolean wide = wide(instruction);
        long linear = operands.forWrite(instruction, size(wide));
        mmu.checkWrite(linear, size(wide));
        write(linear, wide);
        state.control |= 0x3F;
        registers.summarize();
    }

    void loadEnvironment(Instruction instruction) {
        boolean wide = wide(instruction);
        long linear = operands.forRead(instruction, size(wide));
        mmu.checkRead(linear, size(wide));
        read(linear, wide);
    }

    void save(Instruction instruction) {
        boolean wide = wide(instruction);
        int total = size(wide) + 8 * REGISTER_BYTES;
        long linear = operands.forWrite(instruction, total);
        mmu.checkWrite(linear, 64);
        mmu.checkWrite(linear + total - 64, 64);
        write(linear, wide);
        long at = linear + size(wide);
        for (int i = 0; i < 8; i++, at += REGISTER_BYTES) {
            mmu.write64(at, registers.significand(i));
            mmu.write16(at + 8, registers.signExponent(i));
        }
        registers.initialize();
    }

    void restore(Instruction instruction) {
        boolean wide = wide(instruction);
        int total = size(wide) + 8 * REGISTER_BYTES;
        long linear = operands.forRead(instruction, total);
        mmu.checkRead(linear, total);
        read(linear, wide);
        long at = linear + size(wide);
        for (int i = 0; i < 8; i++, at += REGISTER_BYTES) {
            int register = registers.physical(i);
            state.significand[register] = mmu.read64(at);
            state.signExponent[register] = mmu.read16(at + 8);
        }
    }

    private void write(long linear, boolean wide) {
        int[] words = new int[7];
        words[0] = state.control;
        words[1] = registers.statusWord();
        words[2] = registers.tagWord();
        int instruction = (int) state.lastInstruction;
        int operand = (int) state.lastOperand;
        if (cpu.selectorsAreParagraphs()) {
            instruction += state.lastInstructionSelector << 4;
            operand += state.lastOperandSelector << 4;
            words[3] = instruction & 0xFFFF;
            words[4] = ((instruction >>> 16) << 12) | state.lastOpcode;
            words[5] = operand & 0xFFFF;
            words[6] = (operand >>> 16) << 12;
        } else {
            words[3] = instruction;
            words[4] = state.lastInstructionSelector | (wide ? state.lastOpcode << 16 : 0);
            words[5] = operand;
            words[6] = state.lastOperandSelector;
        }
        for (int i = 0; i < words.length; i++) {
            if (wide) {
                boolean word = i < 3 || (i == 6 && !cpu.selectorsAreParagraphs());
                mmu.write32(linear + 4L * i, word ? words[i] | HIGH_ONES : words[i]);
            } else {
                mmu.write16(linear + 2L * i, words[i]);
            }
        }
    }

    private void read(long linear, boolean wide) {
        int[] words = new int[7];
        for (int i = 0; i < words.length; i++) {
            words[i] = wide ? mmu.read32(linear + 4L * i) : mmu.read16(linear + 2L * i);
        }
        registers.setTagWord(words[2] & 0xFFFF);
        registers.setControlWord(words[0] & 0xFFFF);
        registers.setStatusWord(words[1] & 0xFFFF);
        if (cpu.selectorsAreParagraphs()) {
            state.lastInstruction = (words[3] & 0xFFFF) | ((words[4] >>> 12) << 16);
            state.lastInstructionSelector = 0;
            state.lastOpcode = words[4] & OPCODE_MASK;
            state.lastOperand = (words[5] & 0xFFFF) | ((words[6] >>> 12) << 16);
            state.lastOperandSelector = 0;
        } else {
            state.lastInstruction = words[3] & 0xFFFF_FFFFL;
            state.lastInstructionSelector = words[4] & 0xFFFF;
            state.lastOpcode = wide ? (words[4] >>> 16) & OPCODE_MASK : 0;
            state.lastOperand = words[5] & 0xFFFF_FFFFL;
            state.lastOperandSelector = words[6] & 0xFFFF;
        }
    }
}
