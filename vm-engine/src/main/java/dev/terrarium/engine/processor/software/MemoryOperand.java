// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** The memory operand of an instruction: its effective address, segment and bytes. */
final class MemoryOperand {
    private static final int VECTOR = 16;
    private static final int HALF = 8;

    private final Cpu cpu;
    private final Mmu mmu;
    private final Segmentation segmentation;

    MemoryOperand(Cpu cpu, Mmu mmu, Segmentation segmentation) {
        this.cpu = cpu;
        this.mmu = mmu;
        this.segmentation = segmentation;
    }

    /** The effective address: the offset in the segment. */
    long offset(Instruction instruction) {
        long offset = cpu.gpr[instruction.base]
                + (cpu.gpr[instruction.index] << instruction.scale)
                + instruction.displacement;
        if (instruction.ripRelative) {
            offset += cpu.rip;
        }
        return masked(offset, instruction.addressSize);
    }

    static long masked(long offset, int addressSize) {
        return addressSize == 8 ? offset : addressSize == 4 ? offset & 0xFFFF_FFFFL : offset & 0xFFFF;
    }

    long forRead(Instruction instruction, int size) {
        return segmentation.forRead(instruction.segment, offset(instruction), size);
    }

    long forWrite(Instruction instruction, int size) {
        return segmentation.forWrite(instruction.segment, offset(instruction), size);
    }

    /** The linear address of {@code size} bytes at {@code offset} of the operand's segment. */
    long at(Instruction instruction, long offset, int size, boolean write) {
        return write
                ? segmentation.forWrite(instruction.segment, offset, size)
                : segmentation.forRead(instruction.segment, offset, size);
    }

    /** The linear address of an aligned 16-byte operand; #GP(0) if it is not aligned. */
    long vectorForRead(Instruction instruction) {
        return aligned(forRead(instruction, VECTOR));
    }

    long vectorForWrite(Instruction instruction) {
        return aligned(forWrite(instruction, VECTOR));
    }

    private long aligned(long linear) {
        if ((linear & (VECTOR - 1)) != 0) {
            throw cpu.generalProtection(0);
        }
        return linear;
    }

    long read(Instruction instruction, int size) {
        long linear = forRead(instruction, size);
        return switch (size) {
            case 1 -> mmu.read8(linear);
            case 2 -> mmu.read16(linear);
            case 4 -> mmu.read32(linear) & 0xFFFF_FFFFL;
            default -> mmu.read64(linear);
        };
    }

    void write(Instruction instruction, int size, long value) {
        long linear = forWrite(instruction, size);
        switch (size) {
            case 1 -> mmu.write8(linear, (int) value);
            case 2 -> mmu.write16(linear, (int) value);
            case 4 -> mmu.write32(linear, (int) value);
            default -> mmu.write64(linear, value);
        }
    }

    /** Writes 16 bytes or, if any of them faults, none. */
    void writeVector(long linear, long low, long high) {
        mmu.checkWrite(linear, VECTOR);
        mmu.write64(linear, low);
        mmu.write64(linear + HALF, high);
    }
}
