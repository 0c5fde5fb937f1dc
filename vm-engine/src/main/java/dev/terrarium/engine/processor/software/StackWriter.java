// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** Pushes onto the current stack, or onto the stack of an inner privilege, and moves SS:RSP there only when told to. */
final class StackWriter {
    private final Cpu cpu;
    private final PhysicalAccess memory;
    private final long base;
    private final long limit;
    private final int attributes;
    private final int pointerSize;
    private final boolean user;
    private final SegmentLoader loader;
    private final int newSelector;
    private final long newDescriptor;
    private long pointer;

    private StackWriter(
            Cpu cpu,
            PhysicalAccess memory,
            long base,
            long limit,
            int attributes,
            int pointerSize,
            boolean user,
            long pointer,
            SegmentLoader loader,
            int newSelector,
            long newDescriptor) {
        this.cpu = cpu;
        this.memory = memory;
        this.base = base;
        this.limit = limit;
        this.attributes = attributes;
        this.pointerSize = pointerSize;
        this.user = user;
        this.pointer = pointer;
        this.loader = loader;
        this.newSelector = newSelector;
        this.newDescriptor = newDescriptor;
    }

    /** The stack in use. */
    static StackWriter current(Cpu cpu, PhysicalAccess memory) {
        return new StackWriter(
                cpu,
                memory,
                cpu.codeSize == 8 ? 0 : cpu.segmentBase[Cpu.SS],
                cpu.segmentLimit[Cpu.SS],
                cpu.segmentAttributes[Cpu.SS],
                cpu.stackSize,
                cpu.cpl == 3,
                cpu.gpr[Cpu.RSP],
                new SegmentLoader(cpu, memory),
                -1,
                0);
    }

    /** A 64-bit stack from {@code top} down. */
    static StackWriter flat64(Cpu cpu, PhysicalAccess memory, long top, int cpl) {
        return new StackWriter(cpu, memory, 0, -1, 0, 8, cpl == 3, top, new SegmentLoader(cpu, memory), -1, 0);
    }

    /** The stack that the task-state segment names for privilege {@code cpl}, outside 64-bit mode. */
    static StackWriter inner(Cpu cpu, PhysicalAccess memory, SegmentLoader loader, int cpl) {
        int trType = (cpu.segmentAttributes[Cpu.TR] >>> 8) & 0xF;
        boolean wide = (trType & 8) != 0;
        int offset = wide ? 4 + 8 * cpl : 2 + 4 * cpl;
        int pointerBytes = wide ? 4 : 2;
        if (offset + pointerBytes + 1 > cpu.segmentLimit[Cpu.TR]) {
            throw cpu.fault(GuestFault.INVALID_TSS, SegmentLoader.errorCode(cpu.selector[Cpu.TR]));
        }
        long pointer = memory.systemRead(cpu.segmentBase[Cpu.TR] + offset, pointerBytes);
        int selector = (int) memory.systemRead(cpu.segmentBase[Cpu.TR] + offset + pointerBytes, 2);
        if (SegmentLoader.isNull(selector)) {
            throw cpu.fault(GuestFault.INVALID_TSS, 0);
        }
        long raw = loader.checkedStack(selector, cpl, GuestFault.INVALID_TSS);
        boolean big = (Descriptor.attributes(raw) & Descriptor.BIG) != 0;
        return new StackWriter(
                cpu,
                memory,
                Descriptor.base(raw),
                Descriptor.limit(raw),
                Descriptor.attributes(raw),
                big ? 4 : 2,
                cpl == 3,
                pointer,
                loader,
                selector,
                raw);
    }

    void push(long value, int size) {
        long mask = pointerSize == 8 ? -1L : pointerSize == 4 ? 0xFFFF_FFFFL : 0xFFFFL;
        long next = pointer - size;
        long offset = next & mask;
        if (pointerSize == 8) {
            if (!Cpu.canonical(offset) || !Cpu.canonical(offset + size - 1)) {
                throw cpu.fault(GuestFault.STACK_FAULT, 0);
            }
        } else {
            boolean expandDown =
                    (attributes & Descriptor.CONFORMING_OR_EXPAND_DOWN) != 0 && (attributes & Descriptor.CODE) == 0;
            long top = (attributes & Descriptor.BIG) != 0 ? 0xFFFF_FFFFL : 0xFFFFL;
            boolean inside = expandDown ? offset > limit && offset + size - 1 <= top : offset + size - 1 <= limit;
            if (!inside) {
                throw cpu.fault(GuestFault.STACK_FAULT, newSelector < 0 ? 0 : SegmentLoader.errorCode(newSelector));
            }
        }
        long linear = pointerSize == 8 ? offset : (base + offset) & 0xFFFF_FFFFL;
        if (user) {
            memory.mmu().checkWrite(linear, size);
            memory.write(linear, size, value);
        } else {
            memory.systemWrite(linear, size, value);
        }
        pointer = (pointer & ~mask) | offset;
    }

    /** Makes this the processor's stack. */
    void commit() {
        if (newSelector >= 0) {
            loader.set(Cpu.SS, newSelector, loader.markAccessed(newSelector, newDescriptor));
        }
        cpu.gpr[Cpu.RSP] = pointer;
    }
}
