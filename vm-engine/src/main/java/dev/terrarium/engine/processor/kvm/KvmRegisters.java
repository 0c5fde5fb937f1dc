// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import dev.terrarium.engine.posix.PosixException;
import dev.terrarium.engine.processor.LocalInterruptController;
import dev.terrarium.engine.processor.ProcessorState;
import dev.terrarium.engine.processor.ProcessorState.Activity;
import dev.terrarium.engine.processor.ProcessorState.Segment;
import dev.terrarium.engine.processor.ProcessorState.Table;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Carries the registers of a vCPU between the kernel and the state that every kind of processor speaks. What the vCPU was
 * about to do is left in {@link #events}.
 */
final class KvmRegisters {
    /** The number in struct kvm_regs of RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI. */
    private static final int[] GENERAL = {
        KvmVcpu.RAX, KvmVcpu.RCX, KvmVcpu.RDX, KvmVcpu.RBX, KvmVcpu.RSP, KvmVcpu.RBP, KvmVcpu.RSI, KvmVcpu.RDI
    };

    /** The number in struct kvm_sregs of ES, CS, SS, DS, FS, GS, LDTR, TR. */
    private static final int[] SEGMENTS = {
        KvmVcpu.ES, KvmVcpu.CS, KvmVcpu.SS, KvmVcpu.DS, KvmVcpu.FS, KvmVcpu.GS, KvmVcpu.LDTR, KvmVcpu.TR
    };

    private static final int[] DEBUG_OFFSETS = {0, 8, 16, 24, -1, -1, 32, 40};
    private static final long FLAG_INTERRUPT = 0x200;

    static final int TIME_STAMP_COUNTER = 0x10;
    private static final int APIC_BASE = 0x1B;
    private static final int EFER = 0xC000_0080;
    private static final int FS_BASE = 0xC000_0100;
    private static final int GS_BASE = 0xC000_0101;

    private final KvmVcpu vcpu;
    private final ModelSpecificBank bank;
    private final KvmEvents events;
    private final boolean avx;

    /** MSRs of a restored state that this KVM does not have. */
    private final Map<Integer, Long> carried = new HashMap<>();

    KvmRegisters(KvmVcpu vcpu, boolean avx) {
        this.vcpu = vcpu;
        this.avx = avx;
        bank = new ModelSpecificBank(vcpu);
        events = new KvmEvents(vcpu.events);
    }

    /** What the vCPU was about to do at the last {@link #read}. */
    KvmEvents events() {
        return events;
    }

    /** What CR8 read at the last {@link #read}, if the local APIC is in the kernel. */
    int taskPriority() {
        return (int) vcpu.special().get(ValueLayout.JAVA_LONG, KvmVcpu.CR8) & 0xF;
    }

    /** The IA32_APIC_BASE register at the last {@link #read}. */
    long apicBase() {
        return vcpu.special().get(ValueLayout.JAVA_LONG, KvmVcpu.APIC_BASE);
    }

    /** Fetches the registers; CR8 and IA32_APIC_BASE as {@code controller} has them, or if there is none, as the kernel. */
    ProcessorState read(Activity activity, @Nullable LocalInterruptController controller) throws PosixException {
        vcpu.readRegisters();
        vcpu.readSpecial();
        int taskPriority = controller == null ? taskPriority() : controller.taskPriorityClass();
        long apicBase = controller == null ? apicBase() : controller.baseAddress();
        vcpu.readDebug();
        vcpu.readEvents();
        long[] general = new long[16];
        for (int i = 0; i < general.length; i++) {
            general[i] = vcpu.register(i < GENERAL.length ? GENERAL[i] : KvmVcpu.R8 + i - GENERAL.length);
        }
        MemorySegment special = vcpu.special();
        Segment[] segments = new Segment[SEGMENTS.length];
        for (int i = 0; i < segments.length; i++) {
            segments[i] = segment(special, (long) SEGMENTS[i] * KvmVcpu.SEGMENT_BYTES);
        }
        long[] debug = new long[DEBUG_OFFSETS.length];
        for (int i = 0; i < debug.length; i++) {
            debug[i] = DEBUG_OFFSETS[i] < 0 ? 0 : vcpu.debug.get(ValueLayout.JAVA_LONG, DEBUG_OFFSETS[i]);
        }
        Map<Integer, Long> modelSpecific = new HashMap<>(carried);
        bank.read(modelSpecific);
        modelSpecific.put(APIC_BASE, apicBase);
        modelSpecific.put(EFER, vcpu.control(KvmVcpu.EFER));
        modelSpecific.put(FS_BASE, segments[4].base());
        modelSpecific.put(GS_BASE, segments[5].base());
        return new ProcessorState(
                general,
                vcpu.register(KvmVcpu.RIP),
                vcpu.register(KvmVcpu.RFLAGS),
                segments,
                table(special, KvmVcpu.GDT),
                table(special, KvmVcpu.IDT),
                new long[] {
                    vcpu.control(KvmVcpu.CR0),
                    vcpu.control(KvmVcpu.CR2),
                    vcpu.control(KvmVcpu.CR3),
                    vcpu.control(KvmVcpu.CR4),
                    taskPriority
                },
                debug,
                modelSpecific,
                avx ? vcpu.extendedControl() : 1,
                vcpu.extendedState(),
                activity,
                events.shadow(),
                events.nonMaskableMasked());
    }

    private static Segment segment(MemorySegment special, long at) {
        long base = special.get(ValueLayout.JAVA_LONG, at);
        long limit = special.get(ValueLayout.JAVA_INT, at + 8) & 0xFFFF_FFFFL;
        int selector = special.get(ValueLayout.JAVA_SHORT, at + 12) & 0xFFFF;
        boolean unusable = special.get(ValueLayout.JAVA_BYTE, at + 22) != 0;
        int attributes = field(special, at, 14, 8)
                | field(special, at, 15, 15)
                | field(special, at, 16, 13)
                | field(special, at, 17, 22)
                | field(special, at, 18, 12)
                | field(special, at, 19, 21)
                | field(special, at, 20, 23)
                | field(special, at, 21, 20);
        return new Segment(selector, base, limit, unusable ? 0 : attributes);
    }

    private static int field(MemorySegment special, long at, int offset, int shift) {
        return special.get(ValueLayout.JAVA_BYTE, at + offset) << shift;
    }

    private static Table table(MemorySegment special, long at) {
        return new Table(special.get(ValueLayout.JAVA_LONG, at), special.get(ValueLayout.JAVA_SHORT, at + 8) & 0xFFFF);
    }

    /**
     * Sets the registers.
     *
     * @param timeStamp also the time-stamp counter; otherwise that runs on
     * @throws PosixException if this KVM does not take that state
     */
    void write(ProcessorState state, boolean timeStamp, long apicBase) throws PosixException {
        for (int i = 0; i < 16; i++) {
            vcpu.setRegister(i < GENERAL.length ? GENERAL[i] : KvmVcpu.R8 + i - GENERAL.length, state.registers()[i]);
        }
        vcpu.setRegister(KvmVcpu.RIP, state.instructionPointer());
        vcpu.setRegister(KvmVcpu.RFLAGS, state.flags());
        writeSpecial(state, apicBase);
        vcpu.writeRegisters();
        if (avx) {
            vcpu.setExtendedControl(state.extendedControl());
        }
        vcpu.setExtendedState(state.extendedState(), avx);
        carried.clear();
        carried.putAll(state.modelSpecificRegisters());
        bank.write(state.modelSpecificRegisters(), timeStamp);
        for (int i = 0; i < DEBUG_OFFSETS.length; i++) {
            if (DEBUG_OFFSETS[i] >= 0) {
                vcpu.debug.set(ValueLayout.JAVA_LONG, DEBUG_OFFSETS[i], state.debugRegisters()[i]);
            }
        }
        vcpu.writeDebug();
        boolean interruptFlag = (state.flags() & FLAG_INTERRUPT) != 0;
        events.set(state.interruptShadow(), interruptFlag, state.nonMaskableBlocked());
        vcpu.writeEvents();
        vcpu.shared().setInterruptible(interruptFlag, interruptFlag && !state.interruptShadow());
    }

    /** The state with a time-stamp counter of {@code ticks}. */
    static ProcessorState withTimeStamp(ProcessorState state, long ticks) {
        Map<Integer, Long> values = new HashMap<>(state.modelSpecificRegisters());
        values.put(TIME_STAMP_COUNTER, ticks);
        return new ProcessorState(
                state.registers(),
                state.instructionPointer(),
                state.flags(),
                state.segments(),
                state.globalDescriptorTable(),
                state.interruptDescriptorTable(),
                state.controlRegisters(),
                state.debugRegisters(),
                values,
                state.extendedControl(),
                state.extendedState(),
                state.activity(),
                state.interruptShadow(),
                state.nonMaskableBlocked());
    }

    private void writeSpecial(ProcessorState state, long apicBase) throws PosixException {
        MemorySegment special = vcpu.special();
        for (int i = 0; i < SEGMENTS.length; i++) {
            Segment segment = state.segments()[i];
            vcpu.setSegment(SEGMENTS[i], segment.selector(), segment.base(), segment.limit(), segment.attributes());
        }
        Table gdt = state.globalDescriptorTable();
        Table idt = state.interruptDescriptorTable();
        vcpu.setDescriptorTables(gdt.base(), gdt.limit(), idt.base(), idt.limit());
        vcpu.setControl(KvmVcpu.CR0, state.controlRegisters()[0]);
        vcpu.setControl(KvmVcpu.CR2, state.controlRegisters()[1]);
        vcpu.setControl(KvmVcpu.CR3, state.controlRegisters()[2]);
        vcpu.setControl(KvmVcpu.CR4, state.controlRegisters()[3]);
        special.set(ValueLayout.JAVA_LONG, KvmVcpu.CR8, state.controlRegisters()[4]);
        vcpu.setControl(KvmVcpu.EFER, state.modelSpecificRegisters().getOrDefault(EFER, 0L));
        special.set(ValueLayout.JAVA_LONG, KvmVcpu.APIC_BASE, apicBase);
        special.asSlice(KvmVcpu.INTERRUPT_BITMAP, 32).fill((byte) 0);
        vcpu.writeSpecial();
    }
}
