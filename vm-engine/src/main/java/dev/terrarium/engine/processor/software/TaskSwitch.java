// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** Hardware task switching outside long mode, with 16- and 32-bit task-state segments (Intel SDM volume 3, chapter 8). */
final class TaskSwitch {
    /** What starts a switch: decides nesting, busy bits and the NT flag. */
    enum Reason {
        JUMP,
        CALL,
        INTERRUPT,
        RETURN
    }

    private static final int BUSY = 2;
    private static final int TRAP_BIT_OFFSET = 0x64;

    private final Cpu cpu;
    private final PhysicalAccess memory;
    private final SegmentLoader segments;
    private final ControlRegisters control;

    TaskSwitch(Cpu cpu, PhysicalAccess memory, SegmentLoader segments, ControlRegisters control) {
        this.cpu = cpu;
        this.memory = memory;
        this.segments = segments;
        this.control = control;
    }

    boolean currentIs32Bit() {
        return is32Bit((cpu.segmentAttributes[Cpu.TR] >>> 8) & 0xF);
    }

    private static boolean is32Bit(int type) {
        return (type & 8) != 0;
    }

    /** Switches through a task gate whose privilege was checked. */
    void throughGate(long gate, Reason reason) {
        to(Descriptor.gateSelector(gate), reason);
    }

    /** IRET with NT set: back to the task that the current one's back link names. */
    void toPrevious() {
        int link = (int) memory.systemRead(cpu.segmentBase[Cpu.TR], 2);
        to(link, Reason.RETURN);
    }

    /** Switches to the task of a TSS selector. */
    void to(int selector, Reason reason) {
        int notThere = reason == Reason.RETURN ? GuestFault.INVALID_TSS : GuestFault.GENERAL_PROTECTION;
        if (SegmentLoader.isNull(selector) || (selector & 4) != 0) {
            throw cpu.fault(notThere, SegmentLoader.errorCode(selector));
        }
        long raw = segments.descriptor(selector, notThere);
        int type = Descriptor.type(raw);
        boolean busy = (type & BUSY) != 0;
        boolean isTask = Descriptor.system(raw)
                && (type & ~(BUSY | 8)) == Descriptor.TYPE_TSS16_AVAILABLE
                && busy == (reason == Reason.RETURN);
        if (!isTask) {
            throw cpu.fault(notThere, SegmentLoader.errorCode(selector));
        }
        if (!Descriptor.present(raw)) {
            throw cpu.fault(GuestFault.SEGMENT_NOT_PRESENT, SegmentLoader.errorCode(selector));
        }
        boolean wide = is32Bit(type);
        if (Descriptor.limit(raw) < (wide ? 0x67 : 0x2B)) {
            throw cpu.fault(GuestFault.INVALID_TSS, SegmentLoader.errorCode(selector));
        }
        saveCurrent(reason);
        load(selector, raw, wide, reason);
    }

    private void saveCurrent(Reason reason) {
        long base = cpu.segmentBase[Cpu.TR];
        int flags = cpu.flags();
        if (reason == Reason.RETURN) {
            flags &= ~Cpu.FLAG_NT;
        }
        if (currentIs32Bit()) {
            put(base + 0x20, 4, cpu.rip);
            put(base + 0x24, 4, flags);
            for (int i = 0; i < 8; i++) {
                put(base + 0x28 + 4 * i, 4, cpu.gpr[i]);
            }
            for (int i = 0; i < 6; i++) {
                put(base + 0x48 + 4 * i, 2, cpu.selector[i]);
            }
        } else {
            put(base + 0x0E, 2, cpu.rip);
            put(base + 0x10, 2, flags);
            for (int i = 0; i < 8; i++) {
                put(base + 0x12 + 2 * i, 2, cpu.gpr[i]);
            }
            for (int i = 0; i < 4; i++) {
                put(base + 0x22 + 2 * i, 2, cpu.selector[i]);
            }
        }
        if (reason == Reason.JUMP || reason == Reason.RETURN) {
            markBusy(cpu.selector[Cpu.TR], false);
        }
    }

    private void put(long linear, int size, long value) {
        memory.systemWrite(linear, size, size == 4 ? value & 0xFFFF_FFFFL : value & 0xFFFF);
    }

    private void markBusy(int selector, boolean busy) {
        long address = segments.descriptorAddress(selector) + 5;
        long access = memory.systemRead(address, 1);
        memory.systemWrite(address, 1, busy ? access | BUSY : access & ~BUSY);
    }

    private void load(int selector, long raw, boolean wide, Reason reason) {
        long base = Descriptor.base(raw);
        int previous = cpu.selector[Cpu.TR];
        boolean nested = reason == Reason.CALL || reason == Reason.INTERRUPT;
        long newCr3 = wide ? memory.systemRead(base + 0x1C, 4) : cpu.cr3;
        long rip = memory.systemRead(base + (wide ? 0x20 : 0x0E), wide ? 4 : 2);
        int flags = (int) memory.systemRead(base + (wide ? 0x24 : 0x10), wide ? 4 : 2);
        long[] registers = new long[8];
        for (int i = 0; i < 8; i++) {
            registers[i] = memory.systemRead(base + (wide ? 0x28 + 4 * i : 0x12 + 2 * i), wide ? 4 : 2);
        }
        int[] selectors = new int[6];
        for (int i = 0; i < (wide ? 6 : 4); i++) {
            selectors[i] = (int) memory.systemRead(base + (wide ? 0x48 + 4 * i : 0x22 + 2 * i), 2);
        }
        int localTable = (int) memory.systemRead(base + (wide ? 0x60 : 0x2A), 2);
        boolean trap = wide && (memory.systemRead(base + TRAP_BIT_OFFSET, 2) & 1) != 0;
        if (nested) {
            put(base, 2, previous);
        }
        if (reason != Reason.RETURN) {
            markBusy(selector, true);
        }

        cpu.selector[Cpu.TR] = selector;
        cpu.segmentBase[Cpu.TR] = base;
        cpu.segmentLimit[Cpu.TR] = Descriptor.limit(raw);
        cpu.segmentAttributes[Cpu.TR] = Descriptor.attributes(raw) | BUSY << 8;
        cpu.cr0 |= Cpu.CR0_TS;
        if ((cpu.cr0 & Cpu.CR0_PG) != 0 && newCr3 != cpu.cr3) {
            control.setCr3(newCr3);
        }
        cpu.rip = rip;
        System.arraycopy(registers, 0, cpu.gpr, 0, 8);
        cpu.setFlags((wide ? flags & 0x003F_7FD7 : flags & 0x7FD7) | (nested ? Cpu.FLAG_NT : 0));
        loadSegments(localTable, selectors);
        if (trap) {
            cpu.debug[6] |= 1L << 15;
            throw cpu.fault(GuestFault.DEBUG, GuestFault.NO_ERROR_CODE);
        }
    }

    /** From here on the new task's state stands: faults happen in its context. */
    private void loadSegments(int localTable, int[] selectors) {
        for (int i = 0; i < 6; i++) {
            cpu.selector[i] = selectors[i];
            cpu.segmentAttributes[i] = 0;
        }
        cpu.segmentAttributes[Cpu.LDTR] = 0;
        try {
            segments.loadLocalTable(localTable);
            if (cpu.virtual8086()) {
                for (int i = 0; i < 6; i++) {
                    segments.setParagraph(i, selectors[i]);
                }
                segments.setPrivilege(3);
                return;
            }
            int cpl = selectors[Cpu.CS] & 3;
            long code = segments.descriptor(selectors[Cpu.CS], GuestFault.INVALID_TSS);
            boolean privilege = Descriptor.conformingCode(code)
                    ? Descriptor.privilege(code) <= cpl
                    : Descriptor.privilege(code) == cpl;
            if (!Descriptor.code(code) || !privilege || !Descriptor.present(code)) {
                throw cpu.fault(GuestFault.INVALID_TSS, SegmentLoader.errorCode(selectors[Cpu.CS]));
            }
            segments.setCode(selectors[Cpu.CS], code, cpl);
            long stack = segments.checkedStack(selectors[Cpu.SS], cpl, GuestFault.INVALID_TSS);
            segments.set(Cpu.SS, selectors[Cpu.SS], segments.markAccessed(selectors[Cpu.SS], stack));
            for (int segment : new int[] {Cpu.ES, Cpu.DS, Cpu.FS, Cpu.GS}) {
                segments.load(segment, selectors[segment]);
            }
        } catch (GuestFault e) {
            if (e.vector == GuestFault.GENERAL_PROTECTION) {
                e.vector = GuestFault.INVALID_TSS;
            }
            throw e;
        }
    }
}
