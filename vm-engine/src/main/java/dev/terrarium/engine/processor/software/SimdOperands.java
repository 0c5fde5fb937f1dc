// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** What MMX and SSE instructions read and write: XMM and MMX registers, and memory. */
final class SimdOperands {
    private static final int X87_ERROR_SUMMARY = X87Registers.ERROR_SUMMARY;

    private final Cpu cpu;
    private final FloatingPointState state;
    private final Mmu mmu;
    private final MemoryOperand operands;
    private final Runnable errorPin;

    /** An AVX instruction is being executed, which has seen to its own conditions. */
    boolean avx;

    /** The vector that {@link #load} read. */
    long low;

    long high;

    SimdOperands(Cpu cpu, Mmu mmu, MemoryOperand operands, Runnable errorPin) {
        this.cpu = cpu;
        this.state = cpu.floatingPoint;
        this.mmu = mmu;
        this.operands = operands;
        this.errorPin = errorPin;
    }

    /** SSE is there: CR0.EM is clear and CR4.OSFXSR set (else #UD), and CR0.TS is clear (else #NM). */
    void requireSse() {
        if (avx) {
            return;
        }
        if ((cpu.cr0 & Cpu.CR0_EM) != 0 || (cpu.cr4 & Cpu.CR4_OSFXSR) == 0) {
            throw cpu.invalidOpcode();
        }
        requireTaskSwitched();
    }

    /** MMX is there, and no x87 exception waits to be reported. */
    void requireMmx() {
        if ((cpu.cr0 & Cpu.CR0_EM) != 0) {
            throw cpu.invalidOpcode();
        }
        requireTaskSwitched();
        if ((state.status & X87_ERROR_SUMMARY) != 0) {
            if ((cpu.cr0 & Cpu.CR0_NE) != 0) {
                throw cpu.fault(GuestFault.X87_FLOATING_POINT, GuestFault.NO_ERROR_CODE);
            }
            errorPin.run();
        }
    }

    /** CR0.TS is clear, else #NM. */
    void requireTaskSwitched() {
        if ((cpu.cr0 & Cpu.CR0_TS) != 0) {
            throw cpu.fault(GuestFault.DEVICE_NOT_AVAILABLE, GuestFault.NO_ERROR_CODE);
        }
    }

    /** Turns the x87 stack into MMX registers: TOP is 0 and all tags are valid. */
    void enterMmx() {
        state.top = 0;
        state.valid = 0xFF;
    }

    /** Reads the XMM register or aligned 16 bytes of memory. */
    void load(Instruction instruction) {
        if (instruction.memory) {
            readVector(operands.vectorForRead(instruction));
        } else {
            low = state.xmm[2 * instruction.rm];
            high = state.xmm[2 * instruction.rm + 1];
        }
    }

    void loadUnaligned(Instruction instruction) {
        if (instruction.memory) {
            readVector(operands.forRead(instruction, 16));
        } else {
            load(instruction);
        }
    }

    private void readVector(long linear) {
        low = mmu.read64(linear);
        high = mmu.read64(linear + 8);
    }

    /** The low 64 bits of the XMM register, or 8 bytes of memory. */
    long load64(Instruction instruction) {
        return instruction.memory ? operands.read(instruction, 8) : state.xmm[2 * instruction.rm];
    }

    /** The low 32 bits of the XMM register, or 4 bytes of memory, zero-extended. */
    long load32(Instruction instruction) {
        return instruction.memory ? operands.read(instruction, 4) : state.xmm[2 * instruction.rm] & 0xFFFF_FFFFL;
    }

    /** The MMX register, or 8 bytes of memory. */
    long loadMmx(Instruction instruction) {
        return instruction.memory ? operands.read(instruction, 8) : state.significand[instruction.rm & 7];
    }

    /** The general register or memory, of 4 bytes zero-extended or 8. */
    long loadGeneral(Instruction instruction) {
        int size = instruction.rexW ? 8 : 4;
        if (instruction.memory) {
            return operands.read(instruction, size);
        }
        long value = cpu.gpr[instruction.rm];
        return instruction.rexW ? value : value & 0xFFFF_FFFFL;
    }

    void storeGeneral(Instruction instruction, long value) {
        int size = instruction.rexW ? 8 : 4;
        if (instruction.memory) {
            operands.write(instruction, size, value);
        } else {
            cpu.gpr[instruction.rm] = instruction.rexW ? value : value & 0xFFFF_FFFFL;
        }
    }

    long mmx(int register) {
        return state.significand[register & 7];
    }

    void setMmx(int register, long value) {
        enterMmx();
        state.significand[register & 7] = value;
        state.signExponent[register & 7] = 0xFFFF;
    }

    long low(int register) {
        return state.xmm[2 * register];
    }

    long high(int register) {
        return state.xmm[2 * register + 1];
    }

    void set(int register, long newLow, long newHigh) {
        state.xmm[2 * register] = newLow;
        state.xmm[2 * register + 1] = newHigh;
    }

    void setLow(int register, long value) {
        state.xmm[2 * register] = value;
    }

    void setLow32(int register, long value) {
        state.xmm[2 * register] = (state.xmm[2 * register] & ~0xFFFF_FFFFL) | (value & 0xFFFF_FFFFL);
    }

    void setHigh(int register, long value) {
        state.xmm[2 * register + 1] = value;
    }

    void storeAligned(Instruction instruction, long newLow, long newHigh) {
        if (instruction.memory) {
            operands.writeVector(operands.vectorForWrite(instruction), newLow, newHigh);
        } else {
            set(instruction.rm, newLow, newHigh);
        }
    }

    void storeUnaligned(Instruction instruction, long newLow, long newHigh) {
        if (instruction.memory) {
            operands.writeVector(operands.forWrite(instruction, 16), newLow, newHigh);
        } else {
            set(instruction.rm, newLow, newHigh);
        }
    }
}
