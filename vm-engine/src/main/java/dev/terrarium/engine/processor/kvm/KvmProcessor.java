// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import dev.terrarium.engine.posix.Posix;
import dev.terrarium.engine.posix.PosixException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * One processor of a {@link KvmMachine}: runs the guest, and exchanges register files in the kernel's own structures. Used
 * by one thread at a time.
 */
public final class KvmProcessor implements AutoCloseable {
    /** Exit reasons that {@link #run} returns (linux/kvm.h, KVM_EXIT_*). */
    public static final int EXIT_IO = 2;

    public static final int EXIT_HALT = 5;
    public static final int EXIT_SHUTDOWN = 8;
    public static final int EXIT_FAIL_ENTRY = 9;
    public static final int EXIT_INTERNAL_ERROR = 17;

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
    private static final int SEGMENT_BYTES = 24;

    private static final int GDT = 192;
    private static final int IDT = 208;
    public static final int CR0 = 224;
    public static final int CR2 = 232;
    public static final int CR3 = 240;
    public static final int CR4 = 248;
    public static final int EFER = 264;

    private static final long KVM_RUN = 0xAE80;
    private static final long KVM_GET_REGS = 0x8090AE81L;
    private static final long KVM_SET_REGS = 0x4090AE82L;
    private static final long KVM_GET_SREGS = 0x8138AE83L;
    private static final long KVM_SET_SREGS = 0x4138AE84L;
    private static final long KVM_GET_XSAVE = 0x9000AEA4L;
    private static final long KVM_SET_XSAVE = 0x5000AEA5L;

    private static final long KVM_SET_XCRS = 0x4188AEA7L;

    private static final int UPPER_HALVES = 576;
    private static final int EXIT_REASON = 8;
    private static final int XSTATE_PRESENT = 512;

    private final int descriptor;
    private final MemorySegment shared;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment registers = arena.allocate(18 * 8, 8);
    private final MemorySegment special = arena.allocate(312, 8);
    private final MemorySegment extended = arena.allocate(4096, 64);

    KvmProcessor(int descriptor, long sharedAddress, long sharedSize) {
        this.descriptor = descriptor;
        this.shared = MemorySegment.ofAddress(sharedAddress).reinterpret(sharedSize);
    }

    /** Runs the guest until it needs something; returns the exit reason. */
    public int run() throws PosixException {
        Posix.ioctl(descriptor, KVM_RUN, 0);
        return shared.get(ValueLayout.JAVA_INT, EXIT_REASON);
    }

    public void readRegisters() throws PosixException {
        Posix.ioctl(descriptor, KVM_GET_REGS, registers.address());
    }

    public void writeRegisters() throws PosixException {
        Posix.ioctl(descriptor, KVM_SET_REGS, registers.address());
    }

    /** A general register, RIP or RFLAGS, of the copy last read. */
    public long register(int number) {
        return registers.getAtIndex(ValueLayout.JAVA_LONG, number);
    }

    public void setRegister(int number, long value) {
        registers.setAtIndex(ValueLayout.JAVA_LONG, number, value);
    }

    public void readSpecial() throws PosixException {
        Posix.ioctl(descriptor, KVM_GET_SREGS, special.address());
    }

    public void writeSpecial() throws PosixException {
        Posix.ioctl(descriptor, KVM_SET_SREGS, special.address());
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

    private void setSegmentByte(long at, int value) {
        special.set(ValueLayout.JAVA_BYTE, at, (byte) value);
    }

    /** Fetches the x87 and SSE state; the first 512 bytes are an FXSAVE64 image. */
    public void readExtended(byte[] image) throws PosixException {
        Posix.ioctl(descriptor, KVM_GET_XSAVE, extended.address());
        MemorySegment.copy(extended, ValueLayout.JAVA_BYTE, 0, image, 0, 512);
    }

    /** Sets the x87 and SSE state from an FXSAVE64 image. */
    public void writeExtended(byte[] image) throws PosixException {
        MemorySegment.copy(image, 0, extended, ValueLayout.JAVA_BYTE, 0, 512);
        extended.set(ValueLayout.JAVA_LONG, XSTATE_PRESENT, 3);
        Posix.ioctl(descriptor, KVM_SET_XSAVE, extended.address());
    }

    /** Sets XCR0. */
    public void setExtendedControl(long value) throws PosixException {
        try (Arena local = Arena.ofConfined()) {
            MemorySegment registers = local.allocate(392, 8);
            registers.set(ValueLayout.JAVA_INT, 0, 1);
            registers.set(ValueLayout.JAVA_LONG, 16, value);
            Posix.ioctl(descriptor, KVM_SET_XCRS, registers.address());
        }
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
        Posix.ioctl(descriptor, KVM_SET_XSAVE, extended.address());
    }

    @Override
    public void close() {
        Posix.unmap(shared.address(), shared.byteSize());
        Posix.close(descriptor);
        arena.close();
    }
}
