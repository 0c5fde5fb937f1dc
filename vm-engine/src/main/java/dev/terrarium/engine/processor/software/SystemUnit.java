// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.processor.LocalInterruptController;
import dev.terrarium.engine.processor.Ports;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Executes the instructions that deal with segments, privilege, control registers, ports and interrupts. Each ends its
 * block, so that the interpreter looks at the mode, at interrupts and at the instruction pointer again after it.
 */
final class SystemUnit implements ExecutionUnit, PortGuard {
    private final Cpu cpu;
    private final PhysicalAccess memory;
    private final Mmu mmu;
    private final Segmentation addresses;
    private final SegmentLoader segments;
    private final ControlTransfer transfer;
    private final Interrupts interrupts;
    private final ControlRegisters control;
    private final ModelSpecificRegisters registers;
    private final TimeStampCounter counter;
    private final CpuIdentity identity;
    private final InterruptWindow window;
    private final LocalInterruptController controller;
    private final ReentrantLock boardLock;
    private final Ports ports;

    SystemUnit(
            Cpu cpu,
            PhysicalAccess memory,
            Segmentation addresses,
            SegmentLoader segments,
            ControlTransfer transfer,
            Interrupts interrupts,
            ControlRegisters control,
            ModelSpecificRegisters registers,
            TimeStampCounter counter,
            CpuIdentity identity,
            InterruptWindow window,
            LocalInterruptController controller,
            ReentrantLock boardLock,
            Ports ports) {
        this.cpu = cpu;
        this.memory = memory;
        this.mmu = memory.mmu();
        this.addresses = addresses;
        this.segments = segments;
        this.transfer = transfer;
        this.interrupts = interrupts;
        this.control = control;
        this.registers = registers;
        this.counter = counter;
        this.identity = identity;
        this.window = window;
        this.controller = controller;
        this.boardLock = boardLock;
        this.ports = ports;
    }

    @Override
    public void execute(Instruction i, long address) {
        if (i.map == Instruction.MAP_ONE_BYTE) {
            executeOneByte(i);
        } else if (i.map == Instruction.MAP_0F) {
            executeTwoByte(i);
        } else {
            throw cpu.invalidOpcode();
        }
    }

    /**
     * Is the instruction one of 64-bit mode after which code goes on as before, with the same privilege and translations: PUSHF,
     * CLI, STI, RDTSC, RDTSCP, RDMSR, SWAPGS, or a read of a control register? Compiled code need not be left for it.
     */
    static boolean leavesModeAlone(Instruction i) {
        if (i.op != Op.SYSTEM) {
            return false;
        }
        return switch (i.map) {
            case Instruction.MAP_ONE_BYTE -> i.opcode == 0x9C || i.opcode == 0xFA || i.opcode == 0xFB;
            case Instruction.MAP_0F ->
                switch (i.opcode) {
                    case 0x20, 0x31, 0x32 -> true;
                    case 0x01 -> i.modrm == 0xF8 || i.modrm == 0xF9;
                    default -> false;
                };
            default -> false;
        };
    }

    private void executeOneByte(Instruction i) {
        switch (i.opcode) {
            case 0x06 -> push(cpu.selector[Cpu.ES], i.operandSize);
            case 0x0E -> push(cpu.selector[Cpu.CS], i.operandSize);
            case 0x16 -> push(cpu.selector[Cpu.SS], i.operandSize);
            case 0x1E -> push(cpu.selector[Cpu.DS], i.operandSize);
            case 0x07 -> popSegment(Cpu.ES, i.operandSize);
            case 0x17 -> popSegment(Cpu.SS, i.operandSize);
            case 0x1F -> popSegment(Cpu.DS, i.operandSize);
            case 0x63 -> adjustRequestedPrivilege(i);
            case 0x8C -> storeSegment(i);
            case 0x8E -> loadSegment(i);
            case 0x9A -> transfer.call(i.immediate2, i.immediate, i.operandSize);
            case 0xEA -> transfer.jump(i.immediate2, i.immediate, i.operandSize);
            case 0xFF -> farIndirect(i);
            case 0xCA -> transfer.farReturn(i.operandSize, (int) i.immediate & 0xFFFF);
            case 0xCB -> transfer.farReturn(i.operandSize, 0);
            case 0x9C -> pushFlags(i.operandSize);
            case 0x9D -> popFlags(i.operandSize);
            case 0xC4 -> loadFarPointer(Cpu.ES, i);
            case 0xC5 -> loadFarPointer(Cpu.DS, i);
            case 0xCC -> interrupts.enter(GuestFault.BREAKPOINT, Interrupts.Source.INSTRUCTION, -1);
            case 0xCD -> {
                if (cpu.virtual8086() && cpu.ioPrivilegeLevel() < 3) {
                    throw cpu.generalProtection(0);
                }
                interrupts.enter((int) i.immediate & 0xFF, Interrupts.Source.INSTRUCTION, -1);
            }
            case 0xCE -> {
                if (cpu.overflow()) {
                    interrupts.enter(GuestFault.OVERFLOW, Interrupts.Source.INSTRUCTION, -1);
                }
            }
            case 0xF1 -> interrupts.enter(GuestFault.DEBUG, Interrupts.Source.EXCEPTION, -1);
            case 0xCF -> transfer.interruptReturn(i.operandSize);
            case 0xE4 -> in((int) i.immediate & 0xFF, 1);
            case 0xE5 -> in((int) i.immediate & 0xFF, portSize(i));
            case 0xE6 -> out((int) i.immediate & 0xFF, 1);
            case 0xE7 -> out((int) i.immediate & 0xFF, portSize(i));
            case 0xEC -> in(dx(), 1);
            case 0xED -> in(dx(), portSize(i));
            case 0xEE -> out(dx(), 1);
            case 0xEF -> out(dx(), portSize(i));
            case 0xF4 -> {
                requireKernel();
                cpu.halted = true;
                cpu.demandAttention(Cpu.ATTENTION_EVENT);
            }
            case 0xFA -> {
                requireIoPrivilege();
                cpu.systemFlags &= ~Cpu.FLAG_IF;
            }
            case 0xFB -> {
                requireIoPrivilege();
                if ((cpu.systemFlags & Cpu.FLAG_IF) == 0) {
                    cpu.systemFlags |= Cpu.FLAG_IF;
                    window.holdOneInstruction();
                }
            }
            default -> throw cpu.fault(GuestFault.INVALID_OPCODE, GuestFault.NO_ERROR_CODE);
        }
    }

    private void executeTwoByte(Instruction i) {
        switch (i.opcode) {
            case 0x00 -> executeGroup6(i);
            case 0x01 -> executeGroup7(i);
            case 0x02 -> loadAccessRights(i);
            case 0x03 -> loadSegmentLimit(i);
            case 0x05 -> systemCall();
            case 0x06 -> {
                requireKernel();
                cpu.cr0 &= ~Cpu.CR0_TS;
            }
            case 0x07 -> systemReturn(i);
            case 0x08, 0x09 -> requireKernel();
            case 0x20 -> readControl(i);
            case 0x21 -> readDebug(i);
            case 0x22 -> writeControl(i);
            case 0x23 -> writeDebug(i);
            case 0x30 -> {
                requireKernel();
                registers.write((int) cpu.gpr[Cpu.RCX], edxEax());
            }
            case 0x31 -> {
                requireTimeStampAccess();
                setEdxEax(counter.read());
            }
            case 0x32 -> {
                requireKernel();
                setEdxEax(registers.read((int) cpu.gpr[Cpu.RCX]));
            }
            case 0x33 -> throw cpu.generalProtection(0);
            case 0x34 -> systemEnter();
            case 0x35 -> systemExit(i);
            case 0xA0 -> push(cpu.selector[Cpu.FS], i.operandSize);
            case 0xA1 -> popSegment(Cpu.FS, i.operandSize);
            case 0xA8 -> push(cpu.selector[Cpu.GS], i.operandSize);
            case 0xA9 -> popSegment(Cpu.GS, i.operandSize);
            case 0xA2 -> identify();
            case 0xB2 -> loadFarPointer(Cpu.SS, i);
            case 0xB4 -> loadFarPointer(Cpu.FS, i);
            case 0xB5 -> loadFarPointer(Cpu.GS, i);
            default -> throw cpu.invalidOpcode();
        }
    }

    private void requireKernel() {
        if (cpu.cpl != 0) {
            throw cpu.generalProtection(0);
        }
    }

    private void requireProtected() {
        if (cpu.selectorsAreParagraphs()) {
            throw cpu.invalidOpcode();
        }
    }

    private void requireIoPrivilege() {
        if (!cpu.realMode() && cpu.cpl > cpu.ioPrivilegeLevel()) {
            throw cpu.generalProtection(0);
        }
    }

    private void requireTimeStampAccess() {
        if ((cpu.cr4 & Cpu.CR4_TSD) != 0 && cpu.cpl != 0) {
            throw cpu.generalProtection(0);
        }
    }

    private long edxEax() {
        return (cpu.gpr[Cpu.RDX] << 32) | (cpu.gpr[Cpu.RAX] & 0xFFFF_FFFFL);
    }

    private void setEdxEax(long value) {
        cpu.gpr[Cpu.RAX] = value & 0xFFFF_FFFFL;
        cpu.gpr[Cpu.RDX] = value >>> 32;
    }

    private int dx() {
        return (int) cpu.gpr[Cpu.RDX] & 0xFFFF;
    }

    private static int portSize(Instruction i) {
        return Math.min(i.operandSize, 4);
    }

    // Operands.

    private static long mask(int size) {
        return size == 8 ? -1L : (1L << (8 * size)) - 1;
    }

    private void setRegister(int register, int size, long value) {
        if (size == 2) {
            cpu.gpr[register] = (cpu.gpr[register] & ~0xFFFFL) | (value & 0xFFFF);
        } else {
            cpu.gpr[register] = value & mask(size);
        }
    }

    private long readMemory(int segment, long offset, int size) {
        long linear = addresses.forRead(segment, offset, size);
        return switch (size) {
            case 1 -> mmu.read8(linear);
            case 2 -> mmu.read16(linear);
            case 4 -> mmu.read32(linear) & 0xFFFF_FFFFL;
            default -> mmu.read64(linear);
        };
    }

    private void writeMemory(int segment, long offset, int size, long value) {
        long linear = addresses.forWrite(segment, offset, size);
        switch (size) {
            case 1 -> mmu.write8(linear, (int) value);
            case 2 -> mmu.write16(linear, (int) value);
            case 4 -> mmu.write32(linear, (int) value);
            default -> mmu.write64(linear, value);
        }
    }

    private long offsetAfter(Instruction i, int bytes) {
        return (addresses.effectiveAddress(i) + bytes) & mask(i.addressSize);
    }

    /** A 16-bit register or memory operand. */
    private int readWord(Instruction i) {
        return i.memory ? (int) readMemory(i.segment, addresses.effectiveAddress(i), 2) : (int) cpu.gpr[i.rm] & 0xFFFF;
    }

    /** Stores a selector-like value: 16 bits to memory, operand size to a register. */
    private void storeWord(Instruction i, long value) {
        if (i.memory) {
            writeMemory(i.segment, addresses.effectiveAddress(i), 2, value);
        } else {
            setRegister(i.rm, i.operandSize, value);
        }
    }

    private void push(long value, int size) {
        long mask = mask(cpu.stackSize);
        long pointer = cpu.gpr[Cpu.RSP];
        long offset = (pointer - size) & mask;
        writeMemory(Cpu.SS, offset, size, value);
        cpu.gpr[Cpu.RSP] = (pointer & ~mask) | offset;
    }

    private long top(int size) {
        return readMemory(Cpu.SS, cpu.gpr[Cpu.RSP] & mask(cpu.stackSize), size);
    }

    private void dropTop(int size) {
        long mask = mask(cpu.stackSize);
        long pointer = cpu.gpr[Cpu.RSP];
        cpu.gpr[Cpu.RSP] = (pointer & ~mask) | ((pointer + size) & mask);
    }

    // Segment registers.

    private void popSegment(int segment, int size) {
        int selector = (int) top(size) & 0xFFFF;
        // The stack pointer moves in the width of the stack that the value came from.
        long mask = mask(cpu.stackSize);
        segments.load(segment, selector);
        long pointer = cpu.gpr[Cpu.RSP];
        cpu.gpr[Cpu.RSP] = (pointer & ~mask) | ((pointer + size) & mask);
        if (segment == Cpu.SS) {
            cpu.trapShadow = true;
            window.holdOneInstruction();
        }
    }

    private void storeSegment(Instruction i) {
        int segment = i.extension();
        if (segment > Cpu.GS) {
            throw cpu.invalidOpcode();
        }
        storeWord(i, cpu.selector[segment]);
    }

    private void loadSegment(Instruction i) {
        int segment = i.extension();
        if (segment > Cpu.GS || segment == Cpu.CS) {
            throw cpu.invalidOpcode();
        }
        segments.load(segment, readWord(i));
        if (segment == Cpu.SS) {
            cpu.trapShadow = true;
            window.holdOneInstruction();
        }
    }

    private void loadFarPointer(int segment, Instruction i) {
        if (!i.memory) {
            throw cpu.invalidOpcode();
        }
        long offset = readMemory(i.segment, addresses.effectiveAddress(i), i.operandSize);
        int selector = (int) readMemory(i.segment, offsetAfter(i, i.operandSize), 2);
        segments.load(segment, selector);
        setRegister(i.reg, i.operandSize, offset);
    }

    private void farIndirect(Instruction i) {
        if (!i.memory) {
            throw cpu.invalidOpcode();
        }
        long offset = readMemory(i.segment, addresses.effectiveAddress(i), i.operandSize);
        int selector = (int) readMemory(i.segment, offsetAfter(i, i.operandSize), 2);
        if (i.extension() == 3) {
            transfer.call(selector, offset, i.operandSize);
        } else {
            transfer.jump(selector, offset, i.operandSize);
        }
    }

    private void adjustRequestedPrivilege(Instruction i) {
        requireProtected();
        int destination = readWord(i);
        int source = (int) cpu.gpr[i.reg] & 3;
        boolean adjust = (destination & 3) < source;
        if (adjust) {
            int adjusted = (destination & ~3) | source;
            if (i.memory) {
                writeMemory(i.segment, addresses.effectiveAddress(i), 2, adjusted);
            } else {
                setRegister(i.rm, 2, adjusted);
            }
        }
        setZero(adjust);
    }

    private void setZero(boolean zero) {
        int flags = cpu.arithmeticFlags();
        cpu.setArithmeticFlags(zero ? flags | Cpu.FLAG_ZF : flags & ~Cpu.FLAG_ZF);
    }

    // Flags.

    private void pushFlags(int size) {
        if (cpu.virtual8086() && cpu.ioPrivilegeLevel() < 3) {
            throw cpu.generalProtection(0);
        }
        push(cpu.flags() & ~(Cpu.FLAG_VM | Cpu.FLAG_RF), size);
    }

    private void popFlags(int size) {
        int changeable;
        if (cpu.virtual8086()) {
            if (cpu.ioPrivilegeLevel() < 3) {
                throw cpu.generalProtection(0);
            }
            changeable = transfer.changeableFlags(size) | Cpu.FLAG_IF;
        } else {
            changeable = transfer.changeableFlags(size);
        }
        int flags = (int) top(size);
        dropTop(size);
        transfer.setFlags(flags, changeable);
    }

    // Ports.

    /** Throws #GP(0) unless the current privilege, or the task's I/O bitmap, allows the port. */
    @Override
    public void checkPort(int port, int size) {
        if (cpu.realMode() || (!cpu.virtual8086() && cpu.cpl <= cpu.ioPrivilegeLevel())) {
            return;
        }
        long limit = cpu.segmentLimit[Cpu.TR];
        boolean wide = ((cpu.segmentAttributes[Cpu.TR] >>> 8) & 8) != 0;
        if (!wide || limit < 0x67) {
            throw cpu.generalProtection(0);
        }
        long map = memory.systemRead(cpu.segmentBase[Cpu.TR] + 0x66, 2);
        if (map + port / 8 + 1 > limit) {
            throw cpu.generalProtection(0);
        }
        long bits = memory.systemRead(cpu.segmentBase[Cpu.TR] + map + port / 8, 2) >>> (port & 7);
        if ((bits & ((1 << size) - 1)) != 0) {
            throw cpu.generalProtection(0);
        }
    }

    private void in(int port, int size) {
        checkPort(port, size);
        long value = ports.in(port, size) & mask(size);
        if (size == 4) {
            cpu.gpr[Cpu.RAX] = value;
        } else {
            cpu.gpr[Cpu.RAX] = (cpu.gpr[Cpu.RAX] & ~mask(size)) | value;
        }
    }

    private void out(int port, int size) {
        checkPort(port, size);
        ports.out(port, size, (int) (cpu.gpr[Cpu.RAX] & mask(size)));
    }

    // Descriptor tables and rights.

    private void executeGroup6(Instruction i) {
        requireProtected();
        switch (i.extension()) {
            case 0 -> storeWord(i, cpu.selector[Cpu.LDTR]);
            case 1 -> storeWord(i, cpu.selector[Cpu.TR]);
            case 2 -> {
                requireKernel();
                segments.loadLocalTable(readWord(i));
            }
            case 3 -> {
                requireKernel();
                segments.loadTask(readWord(i));
            }
            case 4 -> setZero(verify(readWord(i), false));
            case 5 -> setZero(verify(readWord(i), true));
            default -> throw cpu.invalidOpcode();
        }
    }

    /** The descriptor, or 0 where the selector names none. */
    private long descriptorOrZero(int selector) {
        if (SegmentLoader.isNull(selector)) {
            return 0;
        }
        try {
            return segments.descriptor(selector);
        } catch (GuestFault e) {
            if (e.vector == GuestFault.GENERAL_PROTECTION) {
                return 0;
            }
            throw e;
        }
    }

    private boolean reachable(int selector, long raw) {
        int privilege = Descriptor.privilege(raw);
        return Descriptor.conformingCode(raw) || (cpu.cpl <= privilege && (selector & 3) <= privilege);
    }

    private boolean verify(int selector, boolean write) {
        long raw = descriptorOrZero(selector);
        if (raw == 0 || Descriptor.system(raw) || !reachable(selector, raw)) {
            return false;
        }
        return write ? Descriptor.writableData(raw) : Descriptor.readable(raw);
    }

    private void loadAccessRights(Instruction i) {
        requireProtected();
        int selector = readWord(i);
        long raw = descriptorOrZero(selector);
        boolean valid = raw != 0 && reachable(selector, raw) && (!Descriptor.system(raw) || hasRights(raw));
        if (valid) {
            setRegister(i.reg, i.operandSize, (raw >>> 32) & 0x00FF_FF00);
        }
        setZero(valid);
    }

    private boolean hasRights(long raw) {
        int type = Descriptor.type(raw);
        return switch (type) {
            case Descriptor.TYPE_LDT,
                    Descriptor.TYPE_TSS_AVAILABLE,
                    Descriptor.TYPE_TSS_BUSY,
                    Descriptor.TYPE_CALL_GATE -> true;
            case Descriptor.TYPE_TSS16_AVAILABLE,
                    Descriptor.TYPE_TSS16_BUSY,
                    Descriptor.TYPE_CALL_GATE16,
                    Descriptor.TYPE_TASK_GATE -> !cpu.longMode;
            default -> false;
        };
    }

    private void loadSegmentLimit(Instruction i) {
        requireProtected();
        int selector = readWord(i);
        long raw = descriptorOrZero(selector);
        int type = Descriptor.type(raw);
        boolean hasLimit = !Descriptor.system(raw)
                || (hasRights(raw)
                        && type != Descriptor.TYPE_CALL_GATE
                        && type != Descriptor.TYPE_CALL_GATE16
                        && type != Descriptor.TYPE_TASK_GATE);
        boolean valid = raw != 0 && reachable(selector, raw) && hasLimit;
        if (valid) {
            setRegister(i.reg, i.operandSize, Descriptor.limit(raw));
        }
        setZero(valid);
    }

    private void executeGroup7(Instruction i) {
        if (!i.memory) {
            switch (i.modrm) {
                case 0xD0 -> setEdxEax(control.extendedControl((int) cpu.gpr[Cpu.RCX]));
                case 0xD1 -> control.setExtendedControl((int) cpu.gpr[Cpu.RCX], edxEax());
                case 0xF8 -> swapGs();
                case 0xF9 -> {
                    requireTimeStampAccess();
                    setEdxEax(counter.read());
                    cpu.gpr[Cpu.RCX] = registers.tscAux;
                }
                default -> executeMachineStatus(i);
            }
            return;
        }
        switch (i.extension()) {
            case 0 -> storeTable(i, cpu.gdtBase, cpu.gdtLimit);
            case 1 -> storeTable(i, cpu.idtBase, cpu.idtLimit);
            case 2 -> {
                requireKernel();
                int limit = (int) readMemory(i.segment, addresses.effectiveAddress(i), 2);
                cpu.gdtBase = tableBase(i);
                cpu.gdtLimit = limit;
            }
            case 3 -> {
                requireKernel();
                int limit = (int) readMemory(i.segment, addresses.effectiveAddress(i), 2);
                cpu.idtBase = tableBase(i);
                cpu.idtLimit = limit;
            }
            case 7 -> {
                requireKernel();
                long offset = addresses.effectiveAddress(i);
                boolean based = cpu.codeSize != 8 || i.segment >= Cpu.FS;
                memory.flushPage(based ? cpu.segmentBase[i.segment] + offset : offset);
            }
            default -> executeMachineStatus(i);
        }
    }

    private void executeMachineStatus(Instruction i) {
        switch (i.extension()) {
            case 4 -> storeWord(i, cpu.cr0 & (i.memory ? 0xFFFF : mask(i.operandSize)));
            case 6 -> {
                requireKernel();
                // LMSW sets PE but never clears it.
                int value = readWord(i) & 0xF;
                control.setCr0((cpu.cr0 & ~0xEL) | value);
            }
            default -> throw cpu.invalidOpcode();
        }
    }

    private long tableBase(Instruction i) {
        if (cpu.codeSize == 8) {
            long base = readMemory(i.segment, offsetAfter(i, 2), 8);
            if (!Cpu.canonical(base)) {
                throw cpu.generalProtection(0);
            }
            return base;
        }
        long base = readMemory(i.segment, offsetAfter(i, 2), 4);
        return i.operandSize == 2 ? base & 0xFF_FFFF : base;
    }

    private void storeTable(Instruction i, long base, int limit) {
        int baseSize = cpu.codeSize == 8 ? 8 : 4;
        mmu.checkWrite(addresses.forWrite(i.segment, addresses.effectiveAddress(i), baseSize + 2), baseSize + 2);
        writeMemory(i.segment, addresses.effectiveAddress(i), 2, limit);
        writeMemory(i.segment, offsetAfter(i, 2), baseSize, base & mask(baseSize));
    }

    private void swapGs() {
        if (cpu.codeSize != 8) {
            throw cpu.invalidOpcode();
        }
        requireKernel();
        long base = cpu.segmentBase[Cpu.GS];
        cpu.segmentBase[Cpu.GS] = registers.kernelGsBase;
        registers.kernelGsBase = base;
    }

    // Control and debug registers.

    private int wideSize() {
        return cpu.codeSize == 8 ? 8 : 4;
    }

    private void readControl(Instruction i) {
        requireKernel();
        long value =
                switch (controlNumber(i)) {
                    case 0 -> cpu.cr0;
                    case 2 -> cpu.cr2;
                    case 3 -> cpu.cr3;
                    case 4 -> cpu.cr4;
                    case 8 -> taskPriority();
                    default -> throw cpu.invalidOpcode();
                };
        setRegister(i.modrm & 7 | (i.rm & 8), wideSize(), value);
    }

    /** AMD's LOCK MOV CR0 reaches CR8 outside 64-bit mode. */
    private static int controlNumber(Instruction i) {
        return i.lock && i.reg == 0 ? 8 : i.reg;
    }

    private void writeControl(Instruction i) {
        requireKernel();
        long value = cpu.gpr[i.modrm & 7 | (i.rm & 8)] & mask(wideSize());
        switch (controlNumber(i)) {
            case 0 -> control.setCr0(value);
            case 2 -> cpu.cr2 = value;
            case 3 -> control.setCr3(value);
            case 4 -> control.setCr4(value);
            case 8 -> setTaskPriority(value);
            default -> throw cpu.invalidOpcode();
        }
    }

    private long taskPriority() {
        boardLock.lock();
        try {
            return controller.taskPriorityClass();
        } finally {
            boardLock.unlock();
        }
    }

    private void setTaskPriority(long value) {
        if (value > 15 || value < 0) {
            throw cpu.generalProtection(0);
        }
        boardLock.lock();
        try {
            controller.setTaskPriorityClass((int) value);
        } finally {
            boardLock.unlock();
        }
        window.changed();
    }

    private int debugNumber(Instruction i) {
        requireKernel();
        if (i.reg > 7 || ((i.reg == 4 || i.reg == 5) && (cpu.cr4 & Cpu.CR4_DE) != 0)) {
            throw cpu.invalidOpcode();
        }
        return i.reg == 4 || i.reg == 5 ? i.reg + 2 : i.reg;
    }

    private void readDebug(Instruction i) {
        setRegister(i.modrm & 7 | (i.rm & 8), wideSize(), cpu.debug[debugNumber(i)]);
    }

    private void writeDebug(Instruction i) {
        int number = debugNumber(i);
        long value = cpu.gpr[i.modrm & 7 | (i.rm & 8)] & mask(wideSize());
        if (number >= 6 && value >>> 32 != 0) {
            throw cpu.generalProtection(0);
        }
        cpu.debug[number] = switch (number) {
            case 6 -> (value & 0xE00F) | 0xFFFF_0FF0L;
            case 7 -> (value & 0xFFFF_2BFFL) | 0x400;
            default -> value;
        };
    }

    private void identify() {
        int[] answer = identity.leaf((int) cpu.gpr[Cpu.RAX], (int) cpu.gpr[Cpu.RCX]);
        cpu.gpr[Cpu.RAX] = answer[0] & 0xFFFF_FFFFL;
        cpu.gpr[Cpu.RBX] = answer[1] & 0xFFFF_FFFFL;
        cpu.gpr[Cpu.RCX] = answer[2] & 0xFFFF_FFFFL;
        cpu.gpr[Cpu.RDX] = answer[3] & 0xFFFF_FFFFL;
    }

    // Fast system calls.

    private static final long FLAT_CODE64 = flat(0xA09B);
    private static final long FLAT_CODE32 = flat(0xC09B);
    private static final long FLAT_DATA = flat(0xC093);

    /** A descriptor with base 0 and limit 4 GiB; bits 8 to 15 and 20 to 23 of its high word are those of {@code rights}. */
    private static long flat(int rights) {
        long high = (rights & 0xFF) << 8 | (long) (rights >>> 12) << 20 | 0xF_0000;
        return high << 32 | 0xFFFF;
    }

    private static long withPrivilege(long raw, int privilege) {
        return raw | (long) privilege << 45;
    }

    private void enterFlat(int codeSelector, long code, int stackSelector, int cpl) {
        segments.set(Cpu.CS, (codeSelector & 0xFFFC) | cpl, withPrivilege(code, cpl));
        segments.set(Cpu.SS, (stackSelector & 0xFFFC) | cpl, withPrivilege(FLAT_DATA, cpl));
        segments.setPrivilege(cpl);
    }

    private void systemCall() {
        if ((cpu.efer & Cpu.EFER_SCE) == 0 || cpu.realMode()) {
            throw cpu.invalidOpcode();
        }
        int selector = (int) (registers.star >>> 32) & 0xFFFF;
        if (cpu.longMode) {
            cpu.gpr[Cpu.RCX] = cpu.rip;
            cpu.gpr[11] = cpu.flags() & ~Cpu.FLAG_RF & 0xFFFF_FFFFL;
            long target = cpu.codeSize == 8 ? registers.lstar : registers.cstar;
            cpu.setFlags(cpu.flags() & ~(int) registers.fmask & ~Cpu.FLAG_RF);
            enterFlat(selector, FLAT_CODE64, selector + 8, 0);
            cpu.rip = target;
        } else {
            cpu.gpr[Cpu.RCX] = cpu.rip & 0xFFFF_FFFFL;
            cpu.systemFlags &= ~(Cpu.FLAG_IF | Cpu.FLAG_VM | Cpu.FLAG_RF);
            enterFlat(selector, FLAT_CODE32, selector + 8, 0);
            cpu.rip = registers.star & 0xFFFF_FFFFL;
        }
    }

    private void systemReturn(Instruction i) {
        if ((cpu.efer & Cpu.EFER_SCE) == 0 || cpu.realMode()) {
            throw cpu.invalidOpcode();
        }
        requireKernel();
        int selector = (int) (registers.star >>> 48) & 0xFFFF;
        if (cpu.longMode) {
            long target = cpu.gpr[Cpu.RCX];
            if (i.operandSize == 8) {
                if (!Cpu.canonical(target)) {
                    throw cpu.generalProtection(0);
                }
                enterFlat(selector + 16, FLAT_CODE64, selector + 8, 3);
                cpu.rip = target;
            } else {
                enterFlat(selector, FLAT_CODE32, selector + 8, 3);
                cpu.rip = target & 0xFFFF_FFFFL;
            }
            transfer.setFlags((int) cpu.gpr[11] & 0x003C_7FD7, ~(Cpu.FLAG_VM | Cpu.FLAG_RF));
        } else {
            enterFlat(selector, FLAT_CODE32, selector + 8, 3);
            cpu.rip = cpu.gpr[Cpu.RCX] & 0xFFFF_FFFFL;
            cpu.systemFlags |= Cpu.FLAG_IF;
            window.changed();
        }
    }

    private void systemEnter() {
        if (cpu.realMode() || SegmentLoader.isNull((int) registers.sysenterCs)) {
            throw cpu.generalProtection(0);
        }
        int selector = (int) registers.sysenterCs & 0xFFFC;
        cpu.systemFlags &= ~(Cpu.FLAG_IF | Cpu.FLAG_VM | Cpu.FLAG_RF);
        enterFlat(selector, cpu.longMode ? FLAT_CODE64 : FLAT_CODE32, selector + 8, 0);
        cpu.gpr[Cpu.RSP] = cpu.longMode ? registers.sysenterEsp : registers.sysenterEsp & 0xFFFF_FFFFL;
        cpu.rip = cpu.longMode ? registers.sysenterEip : registers.sysenterEip & 0xFFFF_FFFFL;
    }

    private void systemExit(Instruction i) {
        if (cpu.realMode() || SegmentLoader.isNull((int) registers.sysenterCs) || cpu.cpl != 0) {
            throw cpu.generalProtection(0);
        }
        int selector = (int) registers.sysenterCs & 0xFFFC;
        boolean wide = i.operandSize == 8;
        long pointer = cpu.gpr[Cpu.RCX];
        long target = cpu.gpr[Cpu.RDX];
        if (wide && !(Cpu.canonical(pointer) && Cpu.canonical(target))) {
            throw cpu.generalProtection(0);
        }
        enterFlat(selector + (wide ? 32 : 16), wide ? FLAT_CODE64 : FLAT_CODE32, selector + (wide ? 40 : 24), 3);
        cpu.gpr[Cpu.RSP] = wide ? pointer : pointer & 0xFFFF_FFFFL;
        cpu.rip = wide ? target : target & 0xFFFF_FFFFL;
    }
}
