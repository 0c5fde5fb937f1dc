// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** Far jumps, calls and returns, and IRET (Intel SDM volume 2, the pages of those instructions). */
final class ControlTransfer {
    private final Cpu cpu;
    private final PhysicalAccess memory;
    private final Segmentation addresses;
    private final SegmentLoader segments;
    private final TaskSwitch tasks;
    private final InterruptWindow window;

    ControlTransfer(
            Cpu cpu,
            PhysicalAccess memory,
            Segmentation addresses,
            SegmentLoader segments,
            TaskSwitch tasks,
            InterruptWindow window) {
        this.cpu = cpu;
        this.memory = memory;
        this.addresses = addresses;
        this.segments = segments;
        this.tasks = tasks;
        this.window = window;
    }

    private static long mask(int size) {
        return size == 8 ? -1L : size == 4 ? 0xFFFF_FFFFL : 0xFFFFL;
    }

    /** Far JMP. */
    void jump(int selector, long offset, int size) {
        if (cpu.selectorsAreParagraphs()) {
            segments.setParagraph(Cpu.CS, selector);
            cpu.rip = offset & mask(size) & 0xFFFF_FFFFL;
            return;
        }
        long raw = nonNullDescriptor(selector);
        if (Descriptor.code(raw)) {
            checkDirectCode(selector, raw);
            toCode(selector, raw, offset & mask(size), cpu.cpl);
            return;
        }
        checkGatePrivilege(selector, raw);
        switch (Descriptor.type(raw)) {
            case Descriptor.TYPE_CALL_GATE, Descriptor.TYPE_CALL_GATE16 -> jumpThroughGate(selector, raw);
            case Descriptor.TYPE_TSS_AVAILABLE, Descriptor.TYPE_TSS16_AVAILABLE -> {
                requireLegacy(selector);
                tasks.to(selector, TaskSwitch.Reason.JUMP);
            }
            case Descriptor.TYPE_TASK_GATE -> {
                requireLegacy(selector);
                requirePresent(selector, raw);
                tasks.throughGate(raw, TaskSwitch.Reason.JUMP);
            }
            default -> throw cpu.generalProtection(SegmentLoader.errorCode(selector));
        }
    }

    private void jumpThroughGate(int selector, long gate) {
        requirePresent(selector, gate);
        int target = Descriptor.gateSelector(gate);
        long code = nonNullDescriptor(target);
        boolean allowed = Descriptor.code(code)
                && (Descriptor.conformingCode(code)
                        ? Descriptor.privilege(code) <= cpu.cpl
                        : Descriptor.privilege(code) == cpu.cpl);
        if (!allowed) {
            throw cpu.generalProtection(SegmentLoader.errorCode(target));
        }
        requirePresent(target, code);
        requireGateTarget(target, code);
        toCode(target, code, gateTarget(selector, gate), cpu.cpl);
    }

    /** In long mode a call gate leads to 64-bit code. */
    private void requireGateTarget(int selector, long code) {
        int sizes = Descriptor.attributes(code) & (Descriptor.LONG_CODE | Descriptor.BIG);
        if (cpu.longMode && sizes != Descriptor.LONG_CODE) {
            throw cpu.generalProtection(SegmentLoader.errorCode(selector));
        }
    }

    private long gateTarget(int selector, long gate) {
        if (cpu.longMode) {
            return Descriptor.gateOffset(gate) | (segments.descriptorHigh(selector) & 0xFFFF_FFFFL) << 32;
        }
        return Descriptor.gateOffset(gate) & (Descriptor.type(gate) == Descriptor.TYPE_CALL_GATE16 ? 0xFFFF : -1L);
    }

    private void toCode(int selector, long raw, long offset, int cpl) {
        boolean long64 = cpu.longMode && (Descriptor.attributes(raw) & Descriptor.LONG_CODE) != 0;
        if (long64) {
            if (!Cpu.canonical(offset)) {
                throw cpu.generalProtection(0);
            }
        } else if (offset > Descriptor.limit(raw)) {
            throw cpu.generalProtection(0);
        }
        segments.setCode(selector, raw, cpl);
        cpu.rip = offset;
    }

    private long nonNullDescriptor(int selector) {
        if (SegmentLoader.isNull(selector)) {
            throw cpu.generalProtection(0);
        }
        return segments.descriptor(selector);
    }

    private void checkDirectCode(int selector, long raw) {
        boolean allowed = Descriptor.conformingCode(raw)
                ? Descriptor.privilege(raw) <= cpu.cpl
                : (selector & 3) <= cpu.cpl && Descriptor.privilege(raw) == cpu.cpl;
        boolean sizes = !cpu.longMode
                || (Descriptor.attributes(raw) & (Descriptor.LONG_CODE | Descriptor.BIG))
                        != (Descriptor.LONG_CODE | Descriptor.BIG);
        if (!allowed || !sizes) {
            throw cpu.generalProtection(SegmentLoader.errorCode(selector));
        }
        requirePresent(selector, raw);
    }

    private void checkGatePrivilege(int selector, long raw) {
        boolean allowed = Descriptor.system(raw)
                && Descriptor.privilege(raw) >= cpu.cpl
                && Descriptor.privilege(raw) >= (selector & 3);
        if (!allowed) {
            throw cpu.generalProtection(SegmentLoader.errorCode(selector));
        }
    }

    private void requirePresent(int selector, long raw) {
        if (!Descriptor.present(raw)) {
            throw cpu.fault(GuestFault.SEGMENT_NOT_PRESENT, SegmentLoader.errorCode(selector));
        }
    }

    private void requireLegacy(int selector) {
        if (cpu.longMode) {
            throw cpu.generalProtection(SegmentLoader.errorCode(selector));
        }
    }

    /** Far CALL; {@link Cpu#rip} is the return address. */
    void call(int selector, long offset, int size) {
        if (cpu.selectorsAreParagraphs()) {
            pushReturn(StackWriter.current(cpu, memory), size);
            segments.setParagraph(Cpu.CS, selector);
            cpu.rip = offset & mask(size) & 0xFFFF_FFFFL;
            return;
        }
        long raw = nonNullDescriptor(selector);
        if (Descriptor.code(raw)) {
            checkDirectCode(selector, raw);
            StackWriter stack = StackWriter.current(cpu, memory);
            stack.push(cpu.selector[Cpu.CS], size);
            stack.push(cpu.rip, size);
            toCode(selector, raw, offset & mask(size), cpu.cpl);
            stack.commit();
            return;
        }
        checkGatePrivilege(selector, raw);
        switch (Descriptor.type(raw)) {
            case Descriptor.TYPE_CALL_GATE, Descriptor.TYPE_CALL_GATE16 -> callThroughGate(selector, raw);
            case Descriptor.TYPE_TSS_AVAILABLE, Descriptor.TYPE_TSS16_AVAILABLE -> {
                requireLegacy(selector);
                tasks.to(selector, TaskSwitch.Reason.CALL);
            }
            case Descriptor.TYPE_TASK_GATE -> {
                requireLegacy(selector);
                requirePresent(selector, raw);
                tasks.throughGate(raw, TaskSwitch.Reason.CALL);
            }
            default -> throw cpu.generalProtection(SegmentLoader.errorCode(selector));
        }
    }

    private void pushReturn(StackWriter stack, int size) {
        stack.push(cpu.selector[Cpu.CS], size);
        stack.push(cpu.rip, size);
        stack.commit();
    }

    private void callThroughGate(int selector, long gate) {
        requirePresent(selector, gate);
        int target = Descriptor.gateSelector(gate);
        long code = nonNullDescriptor(target);
        if (!Descriptor.code(code) || Descriptor.privilege(code) > cpu.cpl) {
            throw cpu.generalProtection(SegmentLoader.errorCode(target));
        }
        requirePresent(target, code);
        long offset = gateTarget(selector, gate);
        int size = cpu.longMode ? 8 : Descriptor.type(gate) == Descriptor.TYPE_CALL_GATE ? 4 : 2;
        requireGateTarget(target, code);
        boolean inner = !Descriptor.conformingCode(code) && Descriptor.privilege(code) < cpu.cpl;
        if (!inner) {
            StackWriter stack = StackWriter.current(cpu, memory);
            stack.push(cpu.selector[Cpu.CS], size);
            stack.push(cpu.rip, size);
            toCode(target, code, offset, cpu.cpl);
            stack.commit();
            return;
        }
        int cpl = Descriptor.privilege(code);
        StackWriter stack;
        if (cpu.longMode) {
            long top = memory.systemRead(cpu.segmentBase[Cpu.TR] + 4 + 8 * cpl, 8);
            stack = StackWriter.flat64(cpu, memory, top, cpl);
        } else {
            stack = StackWriter.inner(cpu, memory, segments, cpl);
        }
        stack.push(cpu.selector[Cpu.SS], size);
        stack.push(cpu.gpr[Cpu.RSP], size);
        if (!cpu.longMode) {
            for (int i = Descriptor.gateParameterCount(gate) - 1; i >= 0; i--) {
                stack.push(peek(i * size, size), size);
            }
        }
        stack.push(cpu.selector[Cpu.CS], size);
        stack.push(cpu.rip, size);
        toCode(target, code, offset, cpl);
        if (cpu.longMode) {
            segments.setNull(Cpu.SS, cpl);
            cpu.segmentAttributes[Cpu.SS] = cpl << 13;
            segments.updateSizes();
        }
        stack.commit();
    }

    /** Reads the current stack at {@code distance} bytes above its top. */
    private long peek(int distance, int size) {
        long offset = (cpu.gpr[Cpu.RSP] + distance) & mask(cpu.stackSize);
        long linear = addresses.forRead(Cpu.SS, offset, size);
        return switch (size) {
            case 2 -> memory.mmu().read16(linear);
            case 4 -> memory.mmu().read32(linear) & 0xFFFF_FFFFL;
            default -> memory.mmu().read64(linear);
        };
    }

    private void moveStack(long bytes) {
        long mask = mask(cpu.stackSize);
        long pointer = cpu.gpr[Cpu.RSP];
        cpu.gpr[Cpu.RSP] = (pointer & ~mask) | ((pointer + bytes) & mask);
    }

    /** Far RET, releasing {@code parameterBytes}. */
    void farReturn(int size, int parameterBytes) {
        long offset = peek(0, size);
        int selector = (int) peek(size, size) & 0xFFFF;
        if (cpu.selectorsAreParagraphs()) {
            segments.setParagraph(Cpu.CS, selector);
            cpu.rip = offset & 0xFFFF_FFFFL;
            moveStack(2L * size + parameterBytes);
            return;
        }
        long code = returnCode(selector);
        int cpl = selector & 3;
        if (cpl == cpu.cpl) {
            toCode(selector, code, offset, cpl);
            moveStack(2L * size + parameterBytes);
            return;
        }
        long pointer = peek(2 * size + parameterBytes, size);
        int stackSelector = (int) peek(3 * size + parameterBytes, size) & 0xFFFF;
        toOuter(code, selector, offset, stackSelector, pointer);
        moveStack(parameterBytes);
    }

    private long returnCode(int selector) {
        long code = nonNullDescriptor(selector);
        int cpl = selector & 3;
        boolean allowed = Descriptor.code(code)
                && cpl >= cpu.cpl
                && (Descriptor.conformingCode(code)
                        ? Descriptor.privilege(code) <= cpl
                        : Descriptor.privilege(code) == cpl);
        if (!allowed) {
            throw cpu.generalProtection(SegmentLoader.errorCode(selector));
        }
        requirePresent(selector, code);
        return code;
    }

    private void toOuter(long code, int selector, long offset, int stackSelector, long pointer) {
        int cpl = selector & 3;
        boolean long64 = cpu.longMode && (Descriptor.attributes(code) & Descriptor.LONG_CODE) != 0;
        if (SegmentLoader.isNull(stackSelector)) {
            if (!long64 || cpl == 3 || (stackSelector & 3) != cpl) {
                throw cpu.generalProtection(0);
            }
            toCode(selector, code, offset, cpl);
            segments.setNull(Cpu.SS, stackSelector);
            cpu.segmentAttributes[Cpu.SS] = cpl << 13;
        } else {
            long stack = segments.checkedStack(stackSelector, cpl, GuestFault.GENERAL_PROTECTION);
            toCode(selector, code, offset, cpl);
            segments.set(Cpu.SS, stackSelector, segments.markAccessed(stackSelector, stack));
        }
        segments.updateSizes();
        long mask = mask(cpu.stackSize);
        cpu.gpr[Cpu.RSP] = (cpu.gpr[Cpu.RSP] & ~mask & 0xFFFF_FFFFL) | (pointer & mask);
        dropPrivilegedSegments();
    }

    /** Data segments that the outer privilege may not use become null. */
    private void dropPrivilegedSegments() {
        for (int segment : new int[] {Cpu.ES, Cpu.DS, Cpu.FS, Cpu.GS}) {
            int attributes = cpu.segmentAttributes[segment];
            boolean conforming = (attributes & (Descriptor.CODE | Descriptor.CONFORMING_OR_EXPAND_DOWN))
                    == (Descriptor.CODE | Descriptor.CONFORMING_OR_EXPAND_DOWN);
            if (attributes != 0 && !conforming && ((attributes >>> 13) & 3) < cpu.cpl) {
                long base = cpu.segmentBase[segment];
                segments.setNull(segment, 0);
                if (cpu.longMode && segment >= Cpu.FS) {
                    cpu.segmentBase[segment] = base;
                }
            }
        }
    }

    /** IRET, IRETD, IRETQ. */
    void interruptReturn(int size) {
        if (cpu.nonMaskableBlocked) {
            cpu.nonMaskableBlocked = false;
            cpu.demandAttention(Cpu.ATTENTION_EVENT);
        }
        if (cpu.realMode()) {
            returnReal(size);
        } else if (cpu.virtual8086()) {
            if (cpu.ioPrivilegeLevel() < 3) {
                throw cpu.generalProtection(0);
            }
            returnReal(size);
        } else if ((cpu.systemFlags & Cpu.FLAG_NT) != 0) {
            if (cpu.longMode) {
                throw cpu.generalProtection(0);
            }
            tasks.toPrevious();
        } else {
            returnProtected(size);
        }
    }

    private void returnReal(int size) {
        long offset = peek(0, size);
        int selector = (int) peek(size, size) & 0xFFFF;
        int flags = (int) peek(2 * size, size);
        int changeable = Cpu.ARITHMETIC_FLAGS | Cpu.FLAG_TF | Cpu.FLAG_IF | Cpu.FLAG_DF | Cpu.FLAG_NT;
        if (!cpu.virtual8086()) {
            changeable |= Cpu.FLAG_IOPL;
        }
        if (size == 4) {
            changeable |= Cpu.FLAG_AC | Cpu.FLAG_ID;
        }
        moveStack(3L * size);
        segments.setParagraph(Cpu.CS, selector);
        cpu.rip = offset & mask(size) & 0xFFFF_FFFFL;
        setFlags(flags, changeable);
    }

    /** Loads the flags that {@code changeable} names and looks for interrupts that this lets in. */
    void setFlags(int flags, int changeable) {
        cpu.setFlags((cpu.flags() & ~changeable) | (flags & changeable));
        window.changed();
    }

    /** The flags that POPF and IRET may change at the current privilege. */
    int changeableFlags(int size) {
        int changeable = Cpu.ARITHMETIC_FLAGS | Cpu.FLAG_TF | Cpu.FLAG_DF | Cpu.FLAG_NT;
        if (size > 2) {
            changeable |= Cpu.FLAG_AC | Cpu.FLAG_ID;
        }
        if (cpu.cpl == 0) {
            changeable |= Cpu.FLAG_IOPL;
        }
        if (cpu.cpl <= cpu.ioPrivilegeLevel()) {
            changeable |= Cpu.FLAG_IF;
        }
        return changeable;
    }

    private void returnProtected(int size) {
        long offset = peek(0, size);
        int selector = (int) peek(size, size) & 0xFFFF;
        int flags = (int) peek(2 * size, size);
        if (!cpu.longMode && (flags & Cpu.FLAG_VM) != 0 && size == 4 && cpu.cpl == 0) {
            returnToVirtual8086(offset, selector, flags);
            return;
        }
        long code = returnCode(selector);
        int changeable = changeableFlags(size);
        if (cpu.codeSize == 8 || (selector & 3) != cpu.cpl) {
            long pointer = peek(3 * size, size);
            int stackSelector = (int) peek(4 * size, size) & 0xFFFF;
            toOuter(code, selector, offset, stackSelector, pointer);
        } else {
            toCode(selector, code, offset, cpu.cpl);
            moveStack(3L * size);
        }
        setFlags(flags, changeable);
    }

    private void returnToVirtual8086(long offset, int selector, int flags) {
        long pointer = peek(12, 4);
        int[] popped = new int[5];
        for (int i = 0; i < 5; i++) {
            popped[i] = (int) peek(16 + 4 * i, 4) & 0xFFFF;
        }
        cpu.setFlags(flags & 0x003F_7FD7);
        segments.setParagraph(Cpu.CS, selector);
        segments.setParagraph(Cpu.SS, popped[0]);
        segments.setParagraph(Cpu.ES, popped[1]);
        segments.setParagraph(Cpu.DS, popped[2]);
        segments.setParagraph(Cpu.FS, popped[3]);
        segments.setParagraph(Cpu.GS, popped[4]);
        segments.setPrivilege(3);
        cpu.rip = offset & 0xFFFF;
        cpu.gpr[Cpu.RSP] = pointer;
        window.changed();
    }
}
