// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/**
 * FXSAVE, FXRSTOR, XSAVE, XRSTOR, LDMXCSR, STMXCSR, the fences and CLFLUSH: 0F AE (Intel SDM volume 1, sections 10.5 and
 * 13.7 to 13.8). XSAVE here has the standard form only, and calls x87 and SSE in use always, AVX when any upper half of a
 * YMM register is not zero.
 */
final class ExtendedStateUnit {
    private static final int LDMXCSR = 2;
    private static final int STMXCSR = 3;
    private static final int XSAVE = 4;
    private static final int XRSTOR = 5;

    private static final int X87 = FloatingPointImage.X87_COMPONENT;
    private static final int SSE = FloatingPointImage.SSE_COMPONENT;
    private static final int AVX = FloatingPointImage.AVX_COMPONENT;

    private final Cpu cpu;
    private final FloatingPointState state;
    private final Mmu mmu;
    private final MemoryOperand operands;
    private final SimdOperands simd;
    private final long[] image = new long[FloatingPointImage.LONGS];

    ExtendedStateUnit(Cpu cpu, Mmu mmu, MemoryOperand operands, SimdOperands simd) {
        this.cpu = cpu;
        this.state = cpu.floatingPoint;
        this.mmu = mmu;
        this.operands = operands;
        this.simd = simd;
    }

    void execute(Instruction instruction) {
        int extension = instruction.extension();
        if (!instruction.memory) {
            if (extension < 5) {
                throw cpu.invalidOpcode();
            }
            java.lang.invoke.VarHandle.fullFence();
            return;
        }
        switch (extension) {
            case 0 -> save(instruction);
            case 1 -> restore(instruction);
            case LDMXCSR -> {
                simd.requireSse();
                int value = (int) operands.read(instruction, 4);
                requireMxcsr(value);
                state.mxcsr = value;
            }
            case STMXCSR -> {
                simd.requireSse();
                operands.write(instruction, 4, state.mxcsr);
            }
            case XSAVE -> saveExtended(instruction);
            case XRSTOR -> restoreExtended(instruction);
            case 7 -> mmu.checkRead(operands.forRead(instruction, 1), 1); // CLFLUSH
            default -> throw cpu.invalidOpcode();
        }
    }

    private void requireMxcsr(int value) {
        if ((value & ~FloatingPointImage.MXCSR_MASK) != 0) {
            throw cpu.generalProtection(0);
        }
    }

    private long imageAddress(long linear) {
        if ((cpu.cr0 & (Cpu.CR0_EM | Cpu.CR0_TS)) != 0) {
            throw cpu.fault(GuestFault.DEVICE_NOT_AVAILABLE, GuestFault.NO_ERROR_CODE);
        }
        if ((linear & 15) != 0) {
            throw cpu.generalProtection(0);
        }
        return linear;
    }

    /** How many longs of the image this mode uses: XMM8 to XMM15 exist in 64-bit mode only. */
    private int vectors() {
        return cpu.codeSize == 8 ? 16 : 8;
    }

    private void save(Instruction instruction) {
        long linear = imageAddress(operands.forWrite(instruction, FloatingPointImage.BYTES));
        mmu.checkWrite(linear, 64);
        mmu.checkWrite(linear + FloatingPointImage.BYTES - 64, 64);
        FloatingPointImage.pack(state, image);
        if (!instruction.rexW) {
            FloatingPointImage.packSelectors(state, image);
        }
        int longs = FloatingPointImage.FIRST_XMM + 2 * vectors();
        for (int i = 0; i < longs; i++) {
            mmu.write64(linear + 8L * i, image[i]);
        }
    }

    private void restore(Instruction instruction) {
        long linear = imageAddress(operands.forRead(instruction, FloatingPointImage.BYTES));
        mmu.checkRead(linear, FloatingPointImage.BYTES);
        int longs = FloatingPointImage.FIRST_XMM + 2 * vectors();
        for (int i = 0; i < longs; i++) {
            image[i] = mmu.read64(linear + 8L * i);
        }
        requireMxcsr((int) image[FloatingPointImage.MXCSR]);
        FloatingPointImage.unpack(state, image, vectors());
        if (!instruction.rexW) {
            FloatingPointImage.unpackSelectors(state, image);
        }
    }

    /** The components that the instruction is about: those of EDX:EAX that XCR0 has. */
    private int requested(long linear) {
        if ((cpu.cr4 & Cpu.CR4_OSXSAVE) == 0) {
            throw cpu.invalidOpcode();
        }
        simd.requireTaskSwitched();
        if ((linear & FloatingPointImage.HEADER_BYTES - 1) != 0) {
            throw cpu.generalProtection(0);
        }
        return (int) (cpu.gpr[Cpu.RAX] & cpu.xcr0);
    }

    private boolean upperInUse() {
        for (int i = 0; i < FloatingPointImage.VECTOR_LONGS; i++) {
            if (state.upper[i] != 0) {
                return true;
            }
        }
        return false;
    }

    private void saveExtended(Instruction instruction) {
        requireExtended();
        int bytes = extendedBytes();
        long linear = operands.forWrite(instruction, bytes);
        int requested = requested(linear);
        mmu.checkWrite(linear, bytes);
        long header = linear + FloatingPointImage.BYTES;
        int inUse = X87 | SSE | (upperInUse() ? AVX : 0);
        long present = mmu.read64(header) & ~requested | inUse & requested;
        FloatingPointImage.pack(state, image);
        if (!instruction.rexW) {
            FloatingPointImage.packSelectors(state, image);
        }
        if ((requested & X87) != 0) {
            write(linear, 0, FloatingPointImage.MXCSR);
            write(linear, FloatingPointImage.FIRST_X87, FloatingPointImage.FIRST_XMM);
        }
        if ((requested & (SSE | AVX)) != 0) {
            write(linear, FloatingPointImage.MXCSR, FloatingPointImage.MXCSR + 1);
        }
        if ((requested & SSE) != 0) {
            write(linear, FloatingPointImage.FIRST_XMM, FloatingPointImage.FIRST_XMM + 2 * vectors());
        }
        if ((requested & inUse & AVX) != 0) {
            for (int i = 0; i < 2 * vectors(); i++) {
                mmu.write64(linear + FloatingPointImage.UPPER_OFFSET + 8L * i, state.upper[i]);
            }
        }
        mmu.write64(header, present);
    }

    /** #UD comes before anything that the operand may raise. */
    private void requireExtended() {
        if ((cpu.cr4 & Cpu.CR4_OSXSAVE) == 0) {
            throw cpu.invalidOpcode();
        }
        simd.requireTaskSwitched();
    }

    private int extendedBytes() {
        return (cpu.xcr0 & AVX) != 0 ? FloatingPointImage.EXTENDED_BYTES : FloatingPointImage.UPPER_OFFSET;
    }

    private void write(long linear, int from, int to) {
        for (int i = from; i < to; i++) {
            mmu.write64(linear + 8L * i, image[i]);
        }
    }

    private void restoreExtended(Instruction instruction) {
        requireExtended();
        int bytes = extendedBytes();
        long linear = operands.forRead(instruction, bytes);
        int requested = requested(linear);
        mmu.checkRead(linear, bytes);
        long header = linear + FloatingPointImage.BYTES;
        long present = mmu.read64(header);
        // The compacted form (XCOMP_BV) is not there.
        if ((present & ~cpu.xcr0) != 0 || mmu.read64(header + 8) != 0 || mmu.read64(header + 16) != 0) {
            throw cpu.generalProtection(0);
        }
        FloatingPointImage.pack(state, image);
        long instructionPointer = state.lastInstruction;
        int instructionSelector = state.lastInstructionSelector;
        long operandPointer = state.lastOperand;
        int operandSelector = state.lastOperandSelector;
        int oldMxcsr = state.mxcsr;
        int newMxcsr = (requested & (SSE | AVX)) != 0 ? mmu.read32(linear + 8L * FloatingPointImage.MXCSR) : oldMxcsr;
        requireMxcsr(newMxcsr);
        if ((requested & X87) != 0) {
            load(linear, 0, FloatingPointImage.MXCSR, (present & X87) != 0);
            load(linear, FloatingPointImage.FIRST_X87, FloatingPointImage.FIRST_XMM, (present & X87) != 0);
            image[0] = (present & X87) != 0 ? image[0] : INITIAL_CONTROL;
        }
        if ((requested & SSE) != 0) {
            int end = FloatingPointImage.FIRST_XMM + 2 * vectors();
            load(linear, FloatingPointImage.FIRST_XMM, end, (present & SSE) != 0);
        }
        FloatingPointImage.unpack(state, image, 16);
        if ((requested & X87) == 0) {
            state.lastInstruction = instructionPointer;
            state.lastInstructionSelector = instructionSelector;
            state.lastOperand = operandPointer;
            state.lastOperandSelector = operandSelector;
        } else if (!instruction.rexW) {
            FloatingPointImage.unpackSelectors(state, image);
        }
        state.mxcsr = newMxcsr;
        if ((requested & AVX) != 0) {
            for (int i = 0; i < 2 * vectors(); i++) {
                boolean there = (present & AVX) != 0;
                state.upper[i] = there ? mmu.read64(linear + FloatingPointImage.UPPER_OFFSET + 8L * i) : 0;
            }
        }
    }

    /** FCW 37F, everything else of the first long zero. */
    private static final long INITIAL_CONTROL = 0x37F;

    private void load(long linear, int from, int to, boolean there) {
        for (int i = from; i < to; i++) {
            image[i] = there ? mmu.read64(linear + 8L * i) : 0;
        }
    }
}
