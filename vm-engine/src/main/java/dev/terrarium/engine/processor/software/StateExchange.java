// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.device.InvalidStateException;
import dev.terrarium.engine.processor.ProcessorState;
import dev.terrarium.engine.processor.ProcessorState.Activity;
import dev.terrarium.engine.processor.ProcessorState.Segment;
import dev.terrarium.engine.processor.ProcessorState.Table;

/** Turns the software processor's registers into the state that every kind of processor speaks, and back. */
final class StateExchange {
    private static final int GENERAL_REGISTERS = 16;
    private static final int CONTROL_REGISTERS = 5;

    private StateExchange() {}

    static ProcessorState save(
            Cpu cpu, ModelSpecificRegisters registers, long taskPriority, boolean waitingForStartup) {
        Segment[] segments = new Segment[8];
        for (int i = 0; i < segments.length; i++) {
            segments[i] =
                    new Segment(cpu.selector[i], cpu.segmentBase[i], cpu.segmentLimit[i], cpu.segmentAttributes[i]);
        }
        Activity activity =
                waitingForStartup ? Activity.WAITING_FOR_STARTUP : cpu.halted ? Activity.HALTED : Activity.RUNNING;
        return new ProcessorState(
                java.util.Arrays.copyOf(cpu.gpr, GENERAL_REGISTERS),
                cpu.rip,
                cpu.flags() & 0xFFFF_FFFFL,
                segments,
                new Table(cpu.gdtBase, cpu.gdtLimit),
                new Table(cpu.idtBase, cpu.idtLimit),
                new long[] {cpu.cr0, cpu.cr2, cpu.cr3, cpu.cr4, taskPriority},
                cpu.debug.clone(),
                registers.save(),
                cpu.xcr0,
                FloatingPointImage.save(cpu.floatingPoint),
                activity,
                cpu.interruptShadow && cpu.rip == cpu.shadowedInstruction,
                cpu.nonMaskableBlocked);
    }

    static void restore(ProcessorState state, Cpu cpu, ModelSpecificRegisters registers) {
        check(state);
        System.arraycopy(state.registers(), 0, cpu.gpr, 0, GENERAL_REGISTERS);
        cpu.rip = state.instructionPointer();
        cpu.setFlags((int) state.flags());
        for (int i = 0; i < state.segments().length; i++) {
            Segment segment = state.segments()[i];
            cpu.selector[i] = segment.selector() & 0xFFFF;
            cpu.segmentBase[i] = segment.base();
            cpu.segmentLimit[i] = segment.limit() & 0xFFFF_FFFFL;
            cpu.segmentAttributes[i] = segment.attributes() & Descriptor.ATTRIBUTE_MASK;
        }
        cpu.gdtBase = state.globalDescriptorTable().base();
        cpu.gdtLimit = state.globalDescriptorTable().limit() & 0xFFFF;
        cpu.idtBase = state.interruptDescriptorTable().base();
        cpu.idtLimit = state.interruptDescriptorTable().limit() & 0xFFFF;
        cpu.cr0 = state.controlRegisters()[0];
        cpu.cr2 = state.controlRegisters()[1];
        cpu.cr3 = state.controlRegisters()[2];
        cpu.cr4 = state.controlRegisters()[3];
        System.arraycopy(state.debugRegisters(), 0, cpu.debug, 0, cpu.debug.length);
        registers.restore(state.modelSpecificRegisters());
        cpu.longMode = (cpu.efer & Cpu.EFER_LMA) != 0;
        cpu.xcr0 = state.extendedControl();
        FloatingPointImage.restore(cpu.floatingPoint, state.extendedState());
        cpu.halted = state.activity() == Activity.HALTED;
        cpu.interruptShadow = state.interruptShadow();
        cpu.shadowedInstruction = cpu.rip;
        cpu.nonMaskableBlocked = state.nonMaskableBlocked();
    }

    private static void check(ProcessorState state) {
        InvalidStateException.require(
                state.registers().length == GENERAL_REGISTERS
                        && state.segments().length == 8
                        && state.controlRegisters().length == CONTROL_REGISTERS
                        && state.debugRegisters().length == 8,
                "a processor state with the wrong number of registers");
        long cr0 = state.controlRegisters()[0];
        InvalidStateException.require(
                (cr0 & Cpu.CR0_PG) == 0 || (cr0 & Cpu.CR0_PE) != 0, "a processor state with paging in real mode");
        InvalidStateException.require(
                ControlRegisters.isExtendedControl(state.extendedControl()),
                "a processor state with an XCR0 of " + Long.toHexString(state.extendedControl()));
        InvalidStateException.require(
                FloatingPointImage.isLength(state.extendedState().length),
                "a processor state with an extended state of " + state.extendedState().length + " bytes");
    }

    /** The current privilege level that the other registers imply. */
    static int privilege(Cpu cpu) {
        if (cpu.realMode()) {
            return 0;
        }
        return cpu.virtual8086() ? 3 : (cpu.segmentAttributes[Cpu.SS] >>> 13) & 3;
    }
}
