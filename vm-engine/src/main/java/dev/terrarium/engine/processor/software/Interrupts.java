// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/**
 * Delivers interrupts and exceptions through the vector table of the current mode (Intel SDM volume 3, chapter 6). Nothing
 * of the processor's state changes before the last access that can fault has been made.
 */
final class Interrupts {
    /** Where an interrupt comes from: decides privilege checks and the EXT bit of error codes. */
    enum Source {
        /** INT n, INT3, INTO: checked against the gate's privilege level. */
        INSTRUCTION,
        /** An exception, or INT1. */
        EXCEPTION,
        /** An interrupt from outside, or an NMI. */
        EXTERNAL
    }

    private static final int CLEARED_FLAGS = Cpu.FLAG_TF | Cpu.FLAG_NT | Cpu.FLAG_RF | Cpu.FLAG_VM;
    private static final int IDT_ERROR = 2;

    private final Cpu cpu;
    private final PhysicalAccess memory;
    private final SegmentLoader segments;
    private final TaskSwitch tasks;
    private boolean shutdown;
    private long entries;

    Interrupts(Cpu cpu, PhysicalAccess memory, SegmentLoader segments, TaskSwitch tasks) {
        this.cpu = cpu;
        this.memory = memory;
        this.segments = segments;
        this.tasks = tasks;
    }

    /** How often a handler was entered, or entering it was tried. */
    long entries() {
        return entries;
    }

    /** Did the guest cause a triple fault? */
    boolean shutdown() {
        return shutdown;
    }

    void clearShutdown() {
        shutdown = false;
    }

    /** Delivers an exception whose return address, {@link Cpu#rip}, is set; escalates to double and triple fault. */
    void deliver(int firstVector, int firstError) {
        int vector = firstVector;
        int error = firstError;
        while (true) {
            try {
                enter(vector, Source.EXCEPTION, error);
                return;
            } catch (GuestFault next) {
                if (next.vector == GuestFault.NON_CANONICAL_ACCESS) {
                    next.vector = GuestFault.GENERAL_PROTECTION;
                }
                if (vector == GuestFault.DOUBLE_FAULT) {
                    shutdown = true;
                    cpu.demandAttention(Cpu.ATTENTION_EVENT);
                    return;
                }
                if (makesDoubleFault(vector, next.vector)) {
                    vector = GuestFault.DOUBLE_FAULT;
                    error = 0;
                } else {
                    vector = next.vector;
                    error = next.errorCode;
                }
            }
        }
    }

    /** Intel SDM volume 3, table 6-5. */
    private static boolean makesDoubleFault(int first, int second) {
        if (first == GuestFault.PAGE_FAULT) {
            return second == GuestFault.PAGE_FAULT || contributory(second);
        }
        return contributory(first) && contributory(second);
    }

    private static boolean contributory(int vector) {
        return vector == GuestFault.DIVIDE_ERROR
                || (vector >= GuestFault.INVALID_TSS && vector <= GuestFault.GENERAL_PROTECTION);
    }

    /** Enters the handler of {@code vector}, or throws the fault that this meets. */
    void enter(int vector, Source source, int error) {
        entries++;
        if (cpu.realMode()) {
            enterReal(vector);
        } else if (cpu.longMode) {
            enterLong(vector, source, error);
        } else {
            enterProtected(vector, source, error);
        }
        cpu.halted = false;
    }

    private void enterReal(int vector) {
        if (vector * 4 + 3 > cpu.idtLimit) {
            throw cpu.generalProtection(vector * 8 + IDT_ERROR);
        }
        long pointer = memory.systemRead(cpu.idtBase + vector * 4L, 4);
        StackWriter stack = StackWriter.current(cpu, memory);
        stack.push(cpu.flags() & 0xFFFF, 2);
        stack.push(cpu.selector[Cpu.CS], 2);
        stack.push(cpu.rip & 0xFFFF, 2);
        stack.commit();
        cpu.systemFlags &= ~(Cpu.FLAG_IF | Cpu.FLAG_TF | Cpu.FLAG_AC | Cpu.FLAG_RF);
        segments.setParagraph(Cpu.CS, (int) (pointer >>> 16) & 0xFFFF);
        cpu.rip = pointer & 0xFFFF;
    }

    private static boolean isFault(int vector) {
        return vector != GuestFault.BREAKPOINT && vector != GuestFault.OVERFLOW && vector != GuestFault.DEBUG;
    }

    private int flagsToPush(int vector, Source source) {
        int flags = cpu.flags();
        return source == Source.EXCEPTION && isFault(vector) && vector != GuestFault.DOUBLE_FAULT
                ? flags | Cpu.FLAG_RF
                : flags;
    }

    private int gateError(int vector, Source source) {
        return vector * 8 + IDT_ERROR + external(source);
    }

    private static int external(Source source) {
        return source == Source.INSTRUCTION ? 0 : 1;
    }

    private void enterProtected(int vector, Source source, int error) {
        if (vector * 8 + 7 > cpu.idtLimit) {
            throw cpu.generalProtection(gateError(vector, source));
        }
        long gate = memory.systemRead(cpu.idtBase + vector * 8L, 8);
        int type = Descriptor.type(gate);
        boolean known = Descriptor.system(gate)
                && (type == Descriptor.TYPE_TASK_GATE
                        || type == Descriptor.TYPE_INTERRUPT_GATE
                        || type == Descriptor.TYPE_TRAP_GATE
                        || type == Descriptor.TYPE_INTERRUPT_GATE16
                        || type == Descriptor.TYPE_TRAP_GATE16);
        if (!known || (source == Source.INSTRUCTION && Descriptor.privilege(gate) < cpu.cpl)) {
            throw cpu.generalProtection(gateError(vector, source));
        }
        if (!Descriptor.present(gate)) {
            throw cpu.fault(GuestFault.SEGMENT_NOT_PRESENT, gateError(vector, source));
        }
        if (type == Descriptor.TYPE_TASK_GATE) {
            tasks.throughGate(gate, TaskSwitch.Reason.INTERRUPT);
            if (error != GuestFault.NO_ERROR_CODE) {
                StackWriter stack = StackWriter.current(cpu, memory);
                stack.push(error, tasks.currentIs32Bit() ? 4 : 2);
                stack.commit();
            }
            return;
        }
        int selector = Descriptor.gateSelector(gate);
        long code = handlerCode(selector, source);
        int size = (type & 8) != 0 ? 4 : 2;
        boolean fromVirtual = cpu.virtual8086();
        boolean inner = !Descriptor.conformingCode(code) && Descriptor.privilege(code) < cpu.cpl;
        int cpl = inner ? Descriptor.privilege(code) : cpu.cpl;
        if (fromVirtual && cpl != 0) {
            throw cpu.generalProtection(SegmentLoader.errorCode(selector) | external(source));
        }
        StackWriter stack = inner ? StackWriter.inner(cpu, memory, segments, cpl) : StackWriter.current(cpu, memory);
        if (fromVirtual) {
            stack.push(cpu.selector[Cpu.GS], size);
            stack.push(cpu.selector[Cpu.FS], size);
            stack.push(cpu.selector[Cpu.DS], size);
            stack.push(cpu.selector[Cpu.ES], size);
        }
        if (inner) {
            stack.push(cpu.selector[Cpu.SS], size);
            stack.push(cpu.gpr[Cpu.RSP] & 0xFFFF_FFFFL, size);
        }
        stack.push(flagsToPush(vector, source), size);
        stack.push(cpu.selector[Cpu.CS], size);
        stack.push(cpu.rip, size);
        if (error != GuestFault.NO_ERROR_CODE) {
            stack.push(error, size);
        }
        long offset = Descriptor.gateOffset(gate) & (size == 4 ? 0xFFFF_FFFFL : 0xFFFFL);
        if (offset > Descriptor.limit(code)) {
            throw cpu.generalProtection(external(source));
        }
        segments.markAccessed(selector, code);
        clearFlags((type & 1) == 0);
        if (fromVirtual) {
            for (int segment : new int[] {Cpu.GS, Cpu.FS, Cpu.DS, Cpu.ES}) {
                segments.setNull(segment, 0);
            }
        }
        stack.commit();
        segments.setCode(selector, code, cpl);
        cpu.rip = offset;
    }

    private void enterLong(int vector, Source source, int error) {
        if (vector * 16 + 15 > cpu.idtLimit) {
            throw cpu.generalProtection(gateError(vector, source));
        }
        long gate = memory.systemRead(cpu.idtBase + vector * 16L, 8);
        long high = memory.systemRead(cpu.idtBase + vector * 16L + 8, 8) & 0xFFFF_FFFFL;
        int type = Descriptor.type(gate);
        boolean known = Descriptor.system(gate)
                && (type == Descriptor.TYPE_INTERRUPT_GATE || type == Descriptor.TYPE_TRAP_GATE);
        if (!known || (source == Source.INSTRUCTION && Descriptor.privilege(gate) < cpu.cpl)) {
            throw cpu.generalProtection(gateError(vector, source));
        }
        if (!Descriptor.present(gate)) {
            throw cpu.fault(GuestFault.SEGMENT_NOT_PRESENT, gateError(vector, source));
        }
        int selector = Descriptor.gateSelector(gate);
        long code = handlerCode(selector, source);
        if ((Descriptor.attributes(code) & Descriptor.LONG_CODE) == 0
                || (Descriptor.attributes(code) & Descriptor.BIG) != 0) {
            throw cpu.generalProtection(SegmentLoader.errorCode(selector) | external(source));
        }
        boolean inner = !Descriptor.conformingCode(code) && Descriptor.privilege(code) < cpu.cpl;
        int cpl = inner ? Descriptor.privilege(code) : cpu.cpl;
        int stackTable = Descriptor.gateStackTable(gate);
        long top;
        if (stackTable != 0) {
            top = taskStatePointer(0x24 + 8 * (stackTable - 1));
        } else if (inner) {
            top = taskStatePointer(4 + 8 * cpl);
        } else {
            top = cpu.gpr[Cpu.RSP];
        }
        StackWriter stack = StackWriter.flat64(cpu, memory, top & ~0xFL, cpl);
        stack.push(cpu.selector[Cpu.SS], 8);
        stack.push(cpu.gpr[Cpu.RSP], 8);
        stack.push(flagsToPush(vector, source) & 0xFFFF_FFFFL, 8);
        stack.push(cpu.selector[Cpu.CS], 8);
        stack.push(cpu.rip, 8);
        if (error != GuestFault.NO_ERROR_CODE) {
            stack.push(error, 8);
        }
        long offset = Descriptor.gateOffset(gate) | high << 32;
        if (!Cpu.canonical(offset)) {
            throw cpu.generalProtection(external(source));
        }
        segments.markAccessed(selector, code);
        clearFlags((type & 1) == 0);
        segments.setCode(selector, code, cpl);
        if (inner) {
            segments.setNull(Cpu.SS, cpl);
            cpu.segmentAttributes[Cpu.SS] = cpl << 13;
            segments.updateSizes();
        }
        stack.commit();
        cpu.rip = offset;
    }

    private void clearFlags(boolean interruptGate) {
        cpu.systemFlags &= ~(CLEARED_FLAGS | (interruptGate ? Cpu.FLAG_IF : 0));
    }

    private long handlerCode(int selector, Source source) {
        if (SegmentLoader.isNull(selector)) {
            throw cpu.generalProtection(external(source));
        }
        long code = segments.descriptor(selector);
        if (!Descriptor.code(code) || Descriptor.privilege(code) > cpu.cpl) {
            throw cpu.generalProtection(SegmentLoader.errorCode(selector) | external(source));
        }
        if (!Descriptor.present(code)) {
            throw cpu.fault(GuestFault.SEGMENT_NOT_PRESENT, SegmentLoader.errorCode(selector) | external(source));
        }
        return code;
    }

    private long taskStatePointer(int offset) {
        if (offset + 7 > cpu.segmentLimit[Cpu.TR]) {
            throw cpu.fault(GuestFault.INVALID_TSS, SegmentLoader.errorCode(cpu.selector[Cpu.TR]));
        }
        return memory.systemRead(cpu.segmentBase[Cpu.TR] + offset, 8);
    }
}
