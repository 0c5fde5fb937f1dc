// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** Loads segment registers, LDTR and TR, with the checks of the current mode (Intel SDM volume 3, chapters 3 and 5). */
final class SegmentLoader {
    /** Real and virtual-8086 mode: present, writable, accessed, non-system. */
    static final int PARAGRAPH_ATTRIBUTES =
            Descriptor.PRESENT | Descriptor.NOT_SYSTEM | Descriptor.READ_WRITE | Descriptor.ACCESSED;

    private static final int PRIVILEGE_3 = 3 << 13;

    private final Cpu cpu;
    private final PhysicalAccess memory;

    SegmentLoader(Cpu cpu, PhysicalAccess memory) {
        this.cpu = cpu;
        this.memory = memory;
    }

    /** Is the selector one of the four null selectors? */
    static boolean isNull(int selector) {
        return (selector & 0xFFFC) == 0;
    }

    /** The error code that names a selector. */
    static int errorCode(int selector) {
        return selector & 0xFFFC;
    }

    /** Where the descriptor of a selector stands, or #GP(selector) if it is outside its table. */
    long descriptorAddress(int selector) {
        return descriptorAddress(selector, GuestFault.GENERAL_PROTECTION, 8);
    }

    private long descriptorAddress(int selector, int vector, int bytes) {
        int offset = selector & 0xFFF8;
        boolean local = (selector & 4) != 0;
        long limit = local ? cpu.segmentLimit[Cpu.LDTR] : cpu.gdtLimit;
        boolean usable = !local || cpu.segmentAttributes[Cpu.LDTR] != 0;
        if (!usable || offset + bytes - 1 > limit) {
            throw cpu.fault(vector, errorCode(selector));
        }
        return (local ? cpu.segmentBase[Cpu.LDTR] : cpu.gdtBase) + offset;
    }

    /** The descriptor of a selector, or #GP(selector). */
    long descriptor(int selector) {
        return memory.systemRead(descriptorAddress(selector), 8);
    }

    /** The descriptor of a selector, or exception {@code vector} with the selector as its error code. */
    long descriptor(int selector, int vector) {
        return memory.systemRead(descriptorAddress(selector, vector, 8), 8);
    }

    /** The upper eight bytes of a 16-byte system descriptor of long mode. */
    long descriptorHigh(int selector) {
        return memory.systemRead(descriptorAddress(selector, GuestFault.GENERAL_PROTECTION, 16) + 8, 8);
    }

    /** MOV, POP or LxS to ES, SS, DS, FS or GS. */
    void load(int segment, int selector) {
        if (cpu.selectorsAreParagraphs()) {
            setParagraph(segment, selector);
        } else if (segment == Cpu.SS) {
            loadStack(selector);
        } else {
            loadData(segment, selector);
        }
    }

    /** Real-mode loading keeps limit and attributes ("unreal mode"), except of CS; virtual-8086 mode sets all. */
    void setParagraph(int segment, int selector) {
        cpu.selector[segment] = selector & 0xFFFF;
        cpu.segmentBase[segment] = (selector & 0xFFFFL) << 4;
        if (cpu.virtual8086()) {
            cpu.segmentLimit[segment] = 0xFFFF;
            cpu.segmentAttributes[segment] = PARAGRAPH_ATTRIBUTES | PRIVILEGE_3;
        } else if (segment == Cpu.CS) {
            cpu.segmentLimit[segment] = 0xFFFF;
            cpu.segmentAttributes[segment] = PARAGRAPH_ATTRIBUTES;
        }
        if (segment == Cpu.CS || segment == Cpu.SS) {
            updateSizes();
        }
    }

    private void loadData(int segment, int selector) {
        if (isNull(selector)) {
            setNull(segment, selector);
            return;
        }
        long raw = descriptor(selector);
        int requested = selector & 3;
        boolean privileged = Descriptor.conformingCode(raw)
                || (requested <= Descriptor.privilege(raw) && cpu.cpl <= Descriptor.privilege(raw));
        if (!Descriptor.readable(raw) || !privileged) {
            throw cpu.generalProtection(errorCode(selector));
        }
        if (!Descriptor.present(raw)) {
            throw cpu.fault(GuestFault.SEGMENT_NOT_PRESENT, errorCode(selector));
        }
        set(segment, selector, markAccessed(selector, raw));
    }

    private void loadStack(int selector) {
        if (isNull(selector)) {
            if (cpu.codeSize != 8 || cpu.cpl == 3 || (selector & 3) != cpu.cpl) {
                throw cpu.generalProtection(0);
            }
            setNull(Cpu.SS, selector);
            cpu.segmentAttributes[Cpu.SS] = cpu.cpl << 13;
            return;
        }
        long raw = checkedStack(selector, cpu.cpl, GuestFault.GENERAL_PROTECTION);
        set(Cpu.SS, selector, markAccessed(selector, raw));
    }

    /** The descriptor of a stack segment for privilege {@code cpl}; exception {@code vector} if it cannot be one. */
    long checkedStack(int selector, int cpl, int vector) {
        long raw = descriptor(selector, vector);
        if ((selector & 3) != cpl || Descriptor.privilege(raw) != cpl || !Descriptor.writableData(raw)) {
            throw cpu.fault(vector, errorCode(selector));
        }
        if (!Descriptor.present(raw)) {
            throw cpu.fault(GuestFault.STACK_FAULT, errorCode(selector));
        }
        return raw;
    }

    void setNull(int segment, int selector) {
        cpu.selector[segment] = selector & 0xFFFF;
        cpu.segmentAttributes[segment] = 0;
        if (!cpu.longMode) {
            cpu.segmentBase[segment] = 0;
            cpu.segmentLimit[segment] = 0;
        } else {
            cpu.segmentBase[segment] = 0;
        }
        if (segment == Cpu.SS) {
            updateSizes();
        }
    }

    /** Sets the descriptor's accessed bit in memory if it is clear; returns the descriptor with it set. */
    long markAccessed(int selector, long raw) {
        long accessed = (long) Descriptor.ACCESSED << 32;
        if ((raw & accessed) == 0) {
            memory.systemWrite(descriptorAddress(selector) + 5, 1, ((raw | accessed) >>> 40) & 0xFF);
        }
        return raw | accessed;
    }

    /** Fills a segment register from a descriptor that was checked already. */
    void set(int segment, int selector, long raw) {
        cpu.selector[segment] = selector & 0xFFFF;
        cpu.segmentBase[segment] = Descriptor.base(raw);
        cpu.segmentLimit[segment] = Descriptor.limit(raw);
        cpu.segmentAttributes[segment] = Descriptor.attributes(raw);
        if (segment == Cpu.CS || segment == Cpu.SS) {
            updateSizes();
        }
    }

    /** Fills CS from a checked code descriptor for privilege {@code cpl}, and changes to that privilege. */
    void setCode(int selector, long raw, int cpl) {
        set(Cpu.CS, (selector & ~3) | cpl, markAccessed(selector, raw));
        setPrivilege(cpl);
    }

    void setPrivilege(int cpl) {
        cpu.cpl = cpl;
        memory.mmu().privilegeChanged(cpl == 3);
        updateSizes();
    }

    /** Recomputes code and stack sizes from CS, SS and the mode. */
    void updateSizes() {
        int code = cpu.segmentAttributes[Cpu.CS];
        if (cpu.longMode && (code & Descriptor.LONG_CODE) != 0) {
            cpu.codeSize = 8;
            cpu.stackSize = 8;
        } else {
            cpu.codeSize = (code & Descriptor.BIG) != 0 ? 4 : 2;
            cpu.stackSize = (cpu.segmentAttributes[Cpu.SS] & Descriptor.BIG) != 0 ? 4 : 2;
        }
    }

    /** LLDT. */
    void loadLocalTable(int selector) {
        if (isNull(selector)) {
            cpu.selector[Cpu.LDTR] = selector;
            cpu.segmentAttributes[Cpu.LDTR] = 0;
            return;
        }
        if ((selector & 4) != 0) {
            throw cpu.generalProtection(errorCode(selector));
        }
        long raw = descriptor(selector);
        if (!Descriptor.system(raw) || Descriptor.type(raw) != Descriptor.TYPE_LDT) {
            throw cpu.generalProtection(errorCode(selector));
        }
        if (!Descriptor.present(raw)) {
            throw cpu.fault(GuestFault.SEGMENT_NOT_PRESENT, errorCode(selector));
        }
        setSystem(Cpu.LDTR, selector, raw);
    }

    /** LTR: also marks the task-state segment busy. */
    void loadTask(int selector) {
        if (isNull(selector) || (selector & 4) != 0) {
            throw cpu.generalProtection(errorCode(selector));
        }
        long raw = descriptor(selector);
        int type = Descriptor.type(raw);
        boolean available =
                type == Descriptor.TYPE_TSS_AVAILABLE || (type == Descriptor.TYPE_TSS16_AVAILABLE && !cpu.longMode);
        if (!Descriptor.system(raw) || !available) {
            throw cpu.generalProtection(errorCode(selector));
        }
        if (!Descriptor.present(raw)) {
            throw cpu.fault(GuestFault.SEGMENT_NOT_PRESENT, errorCode(selector));
        }
        setSystem(Cpu.TR, selector, raw | 2L << 40);
        memory.systemWrite(descriptorAddress(selector) + 5, 1, (raw >>> 40 | 2) & 0xFF);
    }

    private void setSystem(int register, int selector, long raw) {
        long high = cpu.longMode ? descriptorHigh(selector) & 0xFFFF_FFFFL : 0;
        if (cpu.longMode && !Cpu.canonical(Descriptor.base(raw) | high << 32)) {
            throw cpu.generalProtection(errorCode(selector));
        }
        cpu.selector[register] = selector;
        cpu.segmentBase[register] = Descriptor.base(raw) | high << 32;
        cpu.segmentLimit[register] = Descriptor.limit(raw);
        cpu.segmentAttributes[register] = Descriptor.attributes(raw);
    }
}
