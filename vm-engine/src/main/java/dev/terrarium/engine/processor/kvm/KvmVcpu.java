// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import dev.terrarium.engine.posix.DeviceCall;
import dev.terrarium.engine.posix.PosixException;
import dev.terrarium.engine.processor.KernelInterruptChips;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.OptionalLong;

/**
 * One vCPU of a {@link KvmMachine}: runs the guest, and exchanges register files in the kernel's own structures. Used by one
 * thread at a time.
 */
public final class KvmVcpu implements VcpuTime.Counter, AutoCloseable {
    /** The exit reason that {@link #run} returns at a HLT (linux/kvm.h, KVM_EXIT_HLT). */
    public static final int EXIT_HALT = 5;

    /** Order in struct kvm_regs; R8 to R15 follow at 8. */
    public static final int RAX = 0;

    public static final int RBX = 1;
    public static final int RCX = 2;
    public static final int RDX = 3;
    public static final int RSI = 4;
    public static final int RDI = 5;
    public static final int RSP = 6;
    public static final int RBP = 7;
    public static final int R8 = 8;
    public static final int RIP = 16;
    public static final int RFLAGS = 17;

    /** Order of the segments in struct kvm_sregs. */
    public static final int CS = 0;

    public static final int DS = 1;
    public static final int ES = 2;
    public static final int FS = 3;
    public static final int GS = 4;
    public static final int SS = 5;
    public static final int TR = 6;
    public static final int LDTR = 7;

    /** Byte offsets in struct kvm_sregs. */
    static final int SEGMENT_BYTES = 24;

    static final int GDT = 192;

    static final int IDT = 208;
    public static final int CR0 = 224;
    public static final int CR2 = 232;
    public static final int CR3 = 240;
    public static final int CR4 = 248;
    public static final int EFER = 264;

    static final int CR8 = 256;
    static final int APIC_BASE = 272;
    static final int INTERRUPT_BITMAP = 280;

    private static final long KVM_RUN = 0xAE80;
    private static final long KVM_GET_REGS = 0x8090AE81L;
    private static final long KVM_SET_REGS = 0x4090AE82L;
    private static final long KVM_GET_SREGS = 0x8138AE83L;
    private static final long KVM_SET_SREGS = 0x4138AE84L;
    private static final long KVM_GET_XSAVE = 0x9000AEA4L;
    private static final long KVM_SET_XSAVE = 0x5000AEA5L;

    private static final long KVM_SET_XCRS = 0x4188AEA7L;

    private static final long KVM_GET_XCRS = 0x8188AEA6L;
    private static final long KVM_GET_DEBUGREGS = 0x8080AEA1L;
    private static final long KVM_SET_DEBUGREGS = 0x4080AEA2L;
    private static final long KVM_GET_VCPU_EVENTS = 0x8040AE9FL;
    private static final long KVM_SET_VCPU_EVENTS = 0x4040AEA0L;
    private static final long KVM_GET_MSRS = 0xC008AE88L;
    private static final long KVM_SET_MSRS = 0x4008AE89L;
    private static final long KVM_INTERRUPT = 0x4004AE86L;
    private static final long KVM_NMI = 0xAE9A;
    private static final long KVM_GET_TSC_KHZ = 0xAEA3;

    private static final long KVM_GET_LAPIC = 0x8400AE8EL;
    private static final long KVM_SET_LAPIC = 0x4400AE8FL;
    private static final long KVM_GET_MP_STATE = 0x8004AE98L;
    private static final long KVM_SET_MP_STATE = 0x4004AE99L;

    private static final long KVM_SET_DEVICE_ATTR = 0x4018AEE1L;
    private static final long KVM_GET_DEVICE_ATTR = 0x4018AEE2L;

    private static final int UPPER_HALVES = 576;
    private static final int XSTATE_PRESENT = 512;

    /** Model-specific registers of one call. */
    private static final int MOST_REGISTERS = 64;

    private final DeviceCall call;
    private final KvmRun shared;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment registers = arena.allocate(18 * 8, 8);
    private final MemorySegment special = arena.allocate(312, 8);
    private final MemorySegment extended = arena.allocate(4096, 64);

    /** struct kvm_debugregs: DR0 to DR3, DR6, DR7. */
    final MemorySegment debug = arena.allocate(128, 8);

    /** struct kvm_vcpu_events; see {@link KvmEvents}. */
    final MemorySegment events = arena.allocate(64, 8);

    private final MemorySegment extendedControl = arena.allocate(392, 8);
    private final MemorySegment modelSpecific = arena.allocate(8 + 16L * MOST_REGISTERS, 8);

    /** struct kvm_device_attr, for KVM_VCPU_TSC_CTRL and KVM_VCPU_TSC_OFFSET, both 0. */
    private final MemorySegment deviceAttribute = arena.allocate(24, 8);

    private final MemorySegment counterOffset = arena.allocate(8, 8);
    private final MemorySegment vector = arena.allocate(4, 4);
    private final MemorySegment activity = arena.allocate(4, 4);
    private final MemorySegment localApic = arena.allocate(KernelInterruptChips.LOCAL_APIC_BYTES, 8);

    KvmVcpu(int descriptor, long sharedAddress, long sharedSize) {
        this.call = new DeviceCall(descriptor);
        this.shared = new KvmRun(sharedAddress, sharedSize);
    }

    /** Runs the guest until it needs something; returns the exit reason. */
    public int run() throws PosixException {
        call.call(KVM_RUN, 0);
        return shared.exitReason();
    }

    /** Runs the guest; returns 0 after an exit, or a negative errno: EINTR if it was made to stop. */
    int enter() {
        return call.attempt(KVM_RUN, 0);
    }

    /** Decides what CPUID answers. */
    void announce(KvmCpuid cpuid) throws PosixException {
        cpuid.giveTo(call.descriptor());
    }

    KvmStatistics statistics() throws PosixException {
        return new KvmStatistics(call);
    }

    @Override
    public OptionalLong timeStamp() {
        return modelSpecific(KvmRegisters.TIME_STAMP_COUNTER);
    }

    @Override
    public OptionalLong timeStampOffset() {
        deviceAttribute.fill((byte) 0);
        deviceAttribute.set(ValueLayout.JAVA_LONG, 16, counterOffset.address());
        return call.attempt(KVM_GET_DEVICE_ATTR, deviceAttribute.address()) == 0
                ? OptionalLong.of(counterOffset.get(ValueLayout.JAVA_LONG, 0))
                : OptionalLong.empty();
    }

    @Override
    public void setTimeStampOffset(long ticks) throws PosixException {
        counterOffset.set(ValueLayout.JAVA_LONG, 0, ticks);
        call.call(KVM_SET_DEVICE_ATTR, deviceAttribute.address());
    }

    /** What the kernel and this process tell each other about an exit. */
    KvmRun shared() {
        return shared;
    }

    /** Ticks of the time-stamp counter a second. */
    long timeStampHertz() throws PosixException {
        return 1000L * call.call(KVM_GET_TSC_KHZ, 0);
    }

    void injectInterrupt(int number) throws PosixException {
        vector.set(ValueLayout.JAVA_INT, 0, number);
        call.call(KVM_INTERRUPT, vector.address());
    }

    void injectNonMaskable() throws PosixException {
        call.call(KVM_NMI, 0);
    }

    /** What the vCPU does; for one whose local APIC is in the kernel. */
    KvmActivity activity() throws PosixException {
        call.call(KVM_GET_MP_STATE, activity.address());
        return KvmActivity.of(activity.get(ValueLayout.JAVA_INT, 0));
    }

    void setActivity(KvmActivity value) throws PosixException {
        activity.set(ValueLayout.JAVA_INT, 0, value.ordinal());
        call.call(KVM_SET_MP_STATE, activity.address());
    }

    /** The registers of the local APIC that the kernel has for it. */
    byte[] localApic() throws PosixException {
        call.call(KVM_GET_LAPIC, localApic.address());
        return localApic.toArray(ValueLayout.JAVA_BYTE);
    }

    void setLocalApic(byte[] image) throws PosixException {
        MemorySegment.copy(image, 0, localApic, ValueLayout.JAVA_BYTE, 0, KernelInterruptChips.LOCAL_APIC_BYTES);
        call.call(KVM_SET_LAPIC, localApic.address());
    }

    void readDebug() throws PosixException {
        call.call(KVM_GET_DEBUGREGS, debug.address());
    }

    void writeDebug() throws PosixException {
        call.call(KVM_SET_DEBUGREGS, debug.address());
    }

    void readEvents() throws PosixException {
        call.call(KVM_GET_VCPU_EVENTS, events.address());
    }

    void writeEvents() throws PosixException {
        call.call(KVM_SET_VCPU_EVENTS, events.address());
    }

    /** A model-specific register; empty if this KVM does not have it. */
    OptionalLong modelSpecific(int register) {
        modelSpecific.set(ValueLayout.JAVA_INT, 0, 1);
        modelSpecific.set(ValueLayout.JAVA_INT, 8, register);
        return call.attempt(KVM_GET_MSRS, modelSpecific.address()) == 1
                ? OptionalLong.of(modelSpecific.get(ValueLayout.JAVA_LONG, 16))
                : OptionalLong.empty();
    }

    /** Sets a model-specific register; false if this KVM does not have it, or not with that value. */
    boolean setModelSpecific(int register, long value) {
        modelSpecific.set(ValueLayout.JAVA_INT, 0, 1);
        modelSpecific.set(ValueLayout.JAVA_INT, 8, register);
        modelSpecific.set(ValueLayout.JAVA_LONG, 16, value);
        return call.attempt(KVM_SET_MSRS, modelSpecific.address()) == 1;
    }

    /** Fetches model-specific registers that this KVM has. */
    void readModelSpecific(int[] registers, Map<Integer, Long> values) {
        modelSpecific.set(ValueLayout.JAVA_INT, 0, registers.length);
        for (int i = 0; i < registers.length; i++) {
            modelSpecific.set(ValueLayout.JAVA_INT, 8 + 16L * i, registers[i]);
        }
        int done = call.attempt(KVM_GET_MSRS, modelSpecific.address());
        for (int i = 0; i < done; i++) {
            values.put(registers[i], modelSpecific.get(ValueLayout.JAVA_LONG, 16 + 16L * i));
        }
    }

    /** Sets those of {@code registers} that {@code values} has; what KVM does not take is left as it is. */
    void writeModelSpecific(int[] registers, Map<Integer, Long> values) {
        int next = 0;
        while (next < registers.length) {
            int count = 0;
            for (int i = next; i < registers.length; i++) {
                Long value = values.get(registers[i]);
                if (value != null) {
                    modelSpecific.set(ValueLayout.JAVA_INT, 8 + 16L * count, registers[i]);
                    modelSpecific.set(ValueLayout.JAVA_LONG, 16 + 16L * count, value);
                    count++;
                }
            }
            if (count == 0) {
                return;
            }
            modelSpecific.set(ValueLayout.JAVA_INT, 0, count);
            int done = Math.max(0, call.attempt(KVM_SET_MSRS, modelSpecific.address()));
            if (done >= count) {
                return;
            }
            int refused = modelSpecific.get(ValueLayout.JAVA_INT, 8 + 16L * done);
            while (registers[next] != refused) {
                next++;
            }
            next++;
        }
    }

    /** XCR0. */
    long extendedControl() throws PosixException {
        call.call(KVM_GET_XCRS, extendedControl.address());
        return extendedControl.get(ValueLayout.JAVA_LONG, 16);
    }

    /** The x87, SSE and AVX state as the processor's XSAVE64 image, of 832 bytes. */
    byte[] extendedState() throws PosixException {
        call.call(KVM_GET_XSAVE, extended.address());
        return extended.asSlice(0, ExtendedImage.BYTES).toArray(ValueLayout.JAVA_BYTE);
    }

    /** Sets the x87, SSE and, if {@code image} has it, AVX state. */
    void setExtendedState(byte[] image, boolean avx) throws PosixException {
        extended.fill((byte) 0);
        int used = ExtendedImage.LEGACY_BYTES;
        MemorySegment.copy(image, 0, extended, ValueLayout.JAVA_BYTE, 0, used);
        long present = ExtendedImage.X87_AND_SSE;
        if (avx && image.length >= ExtendedImage.BYTES) {
            MemorySegment.copy(
                    image, UPPER_HALVES, extended, ValueLayout.JAVA_BYTE, UPPER_HALVES, image.length - UPPER_HALVES);
            present |= ExtendedImage.AVX;
        }
        extended.set(ValueLayout.JAVA_LONG, XSTATE_PRESENT, present);
        call.call(KVM_SET_XSAVE, extended.address());
    }

    public void readRegisters() throws PosixException {
        call.call(KVM_GET_REGS, registers.address());
    }

    public void writeRegisters() throws PosixException {
        call.call(KVM_SET_REGS, registers.address());
    }

    /** A general register, RIP or RFLAGS, of the copy last read. */
    public long register(int number) {
        return registers.getAtIndex(ValueLayout.JAVA_LONG, number);
    }

    public void setRegister(int number, long value) {
        registers.setAtIndex(ValueLayout.JAVA_LONG, number, value);
    }

    public void readSpecial() throws PosixException {
        call.call(KVM_GET_SREGS, special.address());
    }

    public void writeSpecial() throws PosixException {
        call.call(KVM_SET_SREGS, special.address());
    }

    /** CR0, CR2, CR3, CR4 or EFER of the copy last read. */
    public long control(int offset) {
        return special.get(ValueLayout.JAVA_LONG, offset);
    }

    public void setControl(int offset, long value) {
        special.set(ValueLayout.JAVA_LONG, offset, value);
    }

    public void setDescriptorTables(long gdtBase, int gdtLimit, long idtBase, int idtLimit) {
        special.set(ValueLayout.JAVA_LONG, GDT, gdtBase);
        special.set(ValueLayout.JAVA_SHORT, GDT + 8, (short) gdtLimit);
        special.set(ValueLayout.JAVA_LONG, IDT, idtBase);
        special.set(ValueLayout.JAVA_SHORT, IDT + 8, (short) idtLimit);
    }

    /**
     * Sets a segment register.
     *
     * @param attributes descriptor bits in place: type at 8, S, DPL, P, then AVL at 20, L, D/B, G
     */
    public void setSegment(int number, int selector, long base, long limit, int attributes) {
        long at = (long) number * SEGMENT_BYTES;
        special.set(ValueLayout.JAVA_LONG, at, base);
        special.set(ValueLayout.JAVA_INT, at + 8, (int) limit);
        special.set(ValueLayout.JAVA_SHORT, at + 12, (short) selector);
        setSegmentByte(at + 14, attributes >>> 8 & 0xF);
        setSegmentByte(at + 15, attributes >>> 15 & 1);
        setSegmentByte(at + 16, attributes >>> 13 & 3);
        setSegmentByte(at + 17, attributes >>> 22 & 1);
        setSegmentByte(at + 18, attributes >>> 12 & 1);
        setSegmentByte(at + 19, attributes >>> 21 & 1);
        setSegmentByte(at + 20, attributes >>> 23 & 1);
        setSegmentByte(at + 21, attributes >>> 20 & 1);
        setSegmentByte(at + 22, attributes == 0 ? 1 : 0);
    }

    /** The struct kvm_sregs last read. */
    MemorySegment special() {
        return special;
    }

    private void setSegmentByte(long at, int value) {
        special.set(ValueLayout.JAVA_BYTE, at, (byte) value);
    }

    /** Fetches the x87 and SSE state; the first 512 bytes are an FXSAVE64 image. */
    public void readExtended(byte[] image) throws PosixException {
        call.call(KVM_GET_XSAVE, extended.address());
        MemorySegment.copy(extended, ValueLayout.JAVA_BYTE, 0, image, 0, 512);
    }

    /** Sets the x87 and SSE state from an FXSAVE64 image. */
    public void writeExtended(byte[] image) throws PosixException {
        MemorySegment.copy(image, 0, extended, ValueLayout.JAVA_BYTE, 0, 512);
        extended.set(ValueLayout.JAVA_LONG, XSTATE_PRESENT, 3);
        call.call(KVM_SET_XSAVE, extended.address());
    }

    /** Sets XCR0. */
    public void setExtendedControl(long value) throws PosixException {
        extendedControl.fill((byte) 0);
        extendedControl.set(ValueLayout.JAVA_INT, 0, 1);
        extendedControl.set(ValueLayout.JAVA_LONG, 16, value);
        call.call(KVM_SET_XCRS, extendedControl.address());
    }

    /** The upper halves of YMM0 to YMM15 that {@link #readExtended} fetched. */
    public void upperHalves(byte[] halves) {
        boolean there = (extended.get(ValueLayout.JAVA_LONG, XSTATE_PRESENT) & 4) != 0;
        for (int i = 0; i < halves.length; i++) {
            halves[i] = there ? extended.get(ValueLayout.JAVA_BYTE, UPPER_HALVES + i) : 0;
        }
    }

    /** Sets the x87, SSE and AVX state: an FXSAVE64 image and the upper halves of YMM0 to YMM15. */
    public void writeExtended(byte[] image, byte[] halves) throws PosixException {
        MemorySegment.copy(image, 0, extended, ValueLayout.JAVA_BYTE, 0, 512);
        MemorySegment.copy(halves, 0, extended, ValueLayout.JAVA_BYTE, UPPER_HALVES, halves.length);
        extended.set(ValueLayout.JAVA_LONG, XSTATE_PRESENT, 7);
        call.call(KVM_SET_XSAVE, extended.address());
    }

    @Override
    public void close() {
        shared.close();
        call.close();
        arena.close();
    }
}
