// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import dev.terrarium.engine.posix.Posix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/** The page that the kernel shares with whoever runs a vCPU (struct kvm_run in linux/kvm.h). */
final class KvmRun implements AutoCloseable {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    private static final VarHandle BYTES = BYTE.varHandle();

    private static final int REQUEST_INTERRUPT_WINDOW = 0;
    private static final int IMMEDIATE_EXIT = 1;
    private static final int EXIT_REASON = 8;
    private static final int READY_FOR_INTERRUPT = 12;
    private static final int INTERRUPT_FLAG = 13;
    private static final int CR8 = 16;
    private static final int APIC_BASE = 24;

    private static final int PORT_DIRECTION = 32;
    private static final int PORT_SIZE = 33;
    private static final int PORT_NUMBER = 34;
    private static final int PORT_COUNT = 36;
    private static final int PORT_DATA_OFFSET = 40;

    private static final int MEMORY_ADDRESS = 32;
    private static final int MEMORY_DATA = 40;
    private static final int MEMORY_LENGTH = 48;
    private static final int MEMORY_IS_WRITE = 52;

    private static final int DETAIL = 32;

    private final MemorySegment area;

    KvmRun(long address, long size) {
        area = MemorySegment.ofAddress(address).reinterpret(size);
    }

    /** All of it. */
    MemorySegment area() {
        return area;
    }

    int exitReason() {
        return area.get(INT, EXIT_REASON);
    }

    /** Makes KVM_RUN return at once, or (false) not. Any thread. */
    void setImmediateExit(boolean exit) {
        BYTES.setVolatile(area, (long) IMMEDIATE_EXIT, (byte) (exit ? 1 : 0));
    }

    void requestInterruptWindow(boolean wanted) {
        area.set(BYTE, REQUEST_INTERRUPT_WINDOW, (byte) (wanted ? 1 : 0));
    }

    /** Would KVM_INTERRUPT be delivered by the next KVM_RUN, as far as the last exit tells? */
    boolean readyForInterrupt() {
        return area.get(BYTE, READY_FOR_INTERRUPT) != 0;
    }

    /** RFLAGS.IF at the last exit. */
    boolean interruptFlag() {
        return area.get(BYTE, INTERRUPT_FLAG) != 0;
    }

    /** What the last exit would have told of a state that was set since. */
    void setInterruptible(boolean flag, boolean ready) {
        area.set(BYTE, INTERRUPT_FLAG, (byte) (flag ? 1 : 0));
        area.set(BYTE, READY_FOR_INTERRUPT, (byte) (ready ? 1 : 0));
    }

    int cr8() {
        return (int) area.get(LONG, CR8) & 0xF;
    }

    void setCr8(int priorityClass) {
        area.set(LONG, CR8, priorityClass);
    }

    long apicBase() {
        return area.get(LONG, APIC_BASE);
    }

    boolean portWrite() {
        return area.get(BYTE, PORT_DIRECTION) == 1;
    }

    int portSize() {
        return area.get(BYTE, PORT_SIZE);
    }

    int port() {
        return area.get(ValueLayout.JAVA_SHORT_UNALIGNED, PORT_NUMBER) & 0xFFFF;
    }

    /** How many items a string instruction moves at once; 1 for IN and OUT. */
    int portCount() {
        return area.get(INT, PORT_COUNT);
    }

    int portData(int index) {
        long at = area.get(LONG, PORT_DATA_OFFSET) + (long) index * portSize();
        return switch (portSize()) {
            case 1 -> area.get(BYTE, at) & 0xFF;
            case 2 -> area.get(ValueLayout.JAVA_SHORT_UNALIGNED, at) & 0xFFFF;
            default -> area.get(INT, at);
        };
    }

    void setPortData(int index, int value) {
        long at = area.get(LONG, PORT_DATA_OFFSET) + (long) index * portSize();
        switch (portSize()) {
            case 1 -> area.set(BYTE, at, (byte) value);
            case 2 -> area.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, (short) value);
            default -> area.set(INT, at, value);
        }
    }

    long memoryAddress() {
        return area.get(LONG, MEMORY_ADDRESS);
    }

    boolean memoryWrite() {
        return area.get(BYTE, MEMORY_IS_WRITE) != 0;
    }

    int memoryLength() {
        return area.get(INT, MEMORY_LENGTH);
    }

    /** The 8 bytes of data, of which {@link #memoryLength} count. */
    long memoryData() {
        return area.get(LONG, MEMORY_DATA);
    }

    void setMemoryData(long value) {
        area.set(LONG, MEMORY_DATA, value);
    }

    /** The first word of what the exit says: the kind of internal error or of system event. */
    int detail() {
        return area.get(INT, DETAIL);
    }

    /** The hardware's reason of a KVM_EXIT_FAIL_ENTRY or KVM_EXIT_UNKNOWN. */
    long hardwareReason() {
        return area.get(LONG, DETAIL);
    }

    @Override
    public void close() {
        Posix.unmap(area.address(), area.byteSize());
    }
}
