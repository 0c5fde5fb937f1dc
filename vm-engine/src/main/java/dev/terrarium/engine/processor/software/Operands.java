// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** Where the operands of integer instructions are: registers, memory, the stack. */
final class Operands {
    final Cpu cpu;
    final Mmu mmu;
    private final Segmentation segmentation;
    private final long[] gpr;

    Operands(Cpu cpu, Mmu mmu, Segmentation segmentation) {
        this.cpu = cpu;
        this.mmu = mmu;
        this.segmentation = segmentation;
        this.gpr = cpu.gpr;
    }

    long effectiveAddress(Instruction i) {
        return (gpr[i.addressBase] + (gpr[i.index] << i.scale) + i.addressOffset) & i.addressMask;
    }

    /** Is the memory operand at {@code linear}, in 64-bit mode? */
    boolean isAt(Instruction i, long linear) {
        return linear == effectiveAddress(i) + (i.segment >= Cpu.FS ? cpu.segmentBase[i.segment] : 0);
    }

    /** The linear address of {@code size} bytes to read at the memory operand, checked. */
    long readAddress(Instruction i, int size) {
        long offset = (gpr[i.addressBase] + (gpr[i.index] << i.scale) + i.addressOffset) & i.addressMask;
        return i.flat ? offset : segmentation.forRead(i.segment, offset, size);
    }

    /** The linear address of {@code size} bytes to write at the memory operand, checked but for paging. */
    long writeAddress(Instruction i, int size) {
        long offset = (gpr[i.addressBase] + (gpr[i.index] << i.scale) + i.addressOffset) & i.addressMask;
        return i.flat ? offset : segmentation.forWrite(i.segment, offset, size);
    }

    /** The linear address of the memory operand of a read-modify-write; nothing faults after this. */
    long modifyAddress(Instruction i, int size) {
        long linear = writeAddress(i, size);
        mmu.checkWrite(linear, size);
        return linear;
    }

    /** The same at another offset than the operand's own, as bit strings need it. */
    long readAddress(Instruction i, long offset, int size) {
        return segmentation.forRead(i.segment, offset & i.addressMask, size);
    }

    long modifyAddress(Instruction i, long offset, int size) {
        long linear = segmentation.forWrite(i.segment, offset & i.addressMask, size);
        mmu.checkWrite(linear, size);
        return linear;
    }

    /** Zero-extended. */
    long load(long linear, int size) {
        return switch (size) {
            case 1 -> mmu.read8(linear);
            case 2 -> mmu.read16(linear);
            case 4 -> mmu.read32(linear) & 0xFFFF_FFFFL;
            default -> mmu.read64(linear);
        };
    }

    void store(long linear, int size, long value) {
        switch (size) {
            case 1 -> mmu.write8(linear, (int) value);
            case 2 -> mmu.write16(linear, (int) value);
            case 4 -> mmu.write32(linear, (int) value);
            default -> mmu.write64(linear, value);
        }
    }

    /** The source operand: memory if there is one, else register plus immediate. Zero-extended. */
    long source(Instruction i, int size) {
        return i.memory ? load(readAddress(i, size), size) : sourceRegister(i, size);
    }

    /** Register plus immediate, zero-extended. */
    long sourceRegister(Instruction i, int size) {
        return zeroExtend((gpr[i.source] >>> i.sourceShift) + i.immediate, size);
    }

    /** The destination register's value, zero-extended. */
    long destination(Instruction i, int size) {
        return zeroExtend(gpr[i.destination] >>> i.destinationShift, size);
    }

    void setDestination(Instruction i, int size, long value) {
        setRegister(i.destination, i.destinationShift, size, value);
    }

    /** 32-bit results clear the upper half, 16- and 8-bit ones leave the rest. */
    void setRegister(int register, int shift, int size, long value) {
        switch (size) {
            case 8 -> gpr[register] = value;
            case 4 -> gpr[register] = value & 0xFFFF_FFFFL;
            case 2 -> gpr[register] = (gpr[register] & ~0xFFFFL) | (value & 0xFFFF);
            default -> gpr[register] = (gpr[register] & ~(0xFFL << shift)) | (value & 0xFF) << shift;
        }
    }

    static long zeroExtend(long value, int size) {
        int unused = 64 - 8 * size;
        return value << unused >>> unused;
    }

    static long signExtend(long value, int size) {
        int unused = 64 - 8 * size;
        return value << unused >> unused;
    }

    private long stackMask() {
        return Decoder.mask(cpu.stackSize);
    }

    /** The stack pointer {@code change} bytes from where it is, as the stack's width has it. */
    long stackPointer(long change) {
        return (gpr[Cpu.RSP] + change) & stackMask();
    }

    /** Moves the stack pointer, whose upper part a 16-bit stack leaves alone. */
    void setStackPointer(long value) {
        long mask = stackMask();
        gpr[Cpu.RSP] = cpu.stackSize == 2 ? (gpr[Cpu.RSP] & ~mask) | (value & mask) : value & mask;
    }

    /** The linear address of {@code size} bytes to read at {@code offset} of the stack segment. */
    long stackAddress(long offset, int size) {
        return segmentation.forRead(Cpu.SS, offset & stackMask(), size);
    }

    /** Reads {@code size} bytes {@code change} bytes above the stack pointer. */
    long peek(long change, int size) {
        return load(segmentation.forRead(Cpu.SS, stackPointer(change), size), size);
    }

    /** Writes {@code size} bytes {@code change} bytes from the stack pointer, which stays. */
    void poke(long change, int size, long value) {
        store(segmentation.forWrite(Cpu.SS, stackPointer(change), size), size, value);
    }

    /** Faults now if {@link #poke} would. */
    void checkPoke(long change, int size) {
        mmu.checkWrite(segmentation.forWrite(Cpu.SS, stackPointer(change), size), size);
    }

    void push(int size, long value) {
        poke(-size, size, value);
        setStackPointer(gpr[Cpu.RSP] - size);
    }

    long pop(int size) {
        long value = peek(0, size);
        setStackPointer(gpr[Cpu.RSP] + size);
        return value;
    }

    /** One of the sixteen conditions of Jcc, SETcc and CMOVcc, by its encoding. */
    boolean condition(int code) {
        boolean holds =
                switch (code >>> 1) {
                    case 0 -> cpu.overflow();
                    case 1 -> cpu.carry();
                    case 2 -> cpu.zero();
                    case 3 -> cpu.carry() || cpu.zero();
                    case 4 -> cpu.sign();
                    case 5 -> cpu.parity();
                    case 6 -> cpu.less();
                    default -> cpu.zero() || cpu.less();
                };
        return holds != ((code & 1) != 0);
    }
}
