// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What a vCPU was about to do when it was stopped (struct kvm_vcpu_events): an exception, interrupt or NMI whose handler it
 * has yet to enter, and what holds interrupts off.
 */
final class KvmEvents {
    private static final int EXCEPTION_INJECTED = 0;
    private static final int EXCEPTION_VECTOR = 1;
    private static final int EXCEPTION_HAS_ERROR = 2;
    private static final int EXCEPTION_PENDING = 3;
    private static final int EXCEPTION_ERROR = 4;
    private static final int INTERRUPT_INJECTED = 8;
    private static final int INTERRUPT_VECTOR = 9;
    private static final int INTERRUPT_SOFT = 10;
    private static final int INTERRUPT_SHADOW = 11;
    private static final int NMI_INJECTED = 12;
    private static final int NMI_PENDING = 13;
    private static final int NMI_MASKED = 14;
    private static final int FLAGS = 20;

    private static final int SHADOW_MOV_SS = 1;
    private static final int SHADOW_STI = 2;
    private static final int VALID_NMI_PENDING = 1;
    private static final int VALID_SHADOW = 4;

    private final MemorySegment events;

    KvmEvents(MemorySegment events) {
        this.events = events;
    }

    private int read(int offset) {
        return events.get(ValueLayout.JAVA_BYTE, offset) & 0xFF;
    }

    boolean exception() {
        return read(EXCEPTION_INJECTED) != 0 || read(EXCEPTION_PENDING) != 0;
    }

    int exceptionVector() {
        return read(EXCEPTION_VECTOR);
    }

    /** The error code, or -1 if the exception has none. */
    int exceptionError() {
        return read(EXCEPTION_HAS_ERROR) == 0 ? -1 : events.get(ValueLayout.JAVA_INT, EXCEPTION_ERROR);
    }

    /** An interrupt from outside; INT n is none, for RIP is still at the instruction. */
    boolean interrupt() {
        return read(INTERRUPT_INJECTED) != 0 && read(INTERRUPT_SOFT) == 0;
    }

    int interruptVector() {
        return read(INTERRUPT_VECTOR);
    }

    boolean shadow() {
        return read(INTERRUPT_SHADOW) != 0;
    }

    boolean nonMaskable() {
        return read(NMI_INJECTED) != 0;
    }

    boolean nonMaskablePending() {
        return read(NMI_PENDING) != 0;
    }

    /** Was a non-maskable interrupt pending? It is not any more once these events are written. */
    boolean takeNonMaskablePending() {
        boolean pending = nonMaskablePending();
        events.set(ValueLayout.JAVA_BYTE, NMI_PENDING, (byte) 0);
        return pending;
    }

    boolean nonMaskableMasked() {
        return read(NMI_MASKED) != 0;
    }

    /** Nothing to do but what holds interrupts off. */
    void set(boolean shadow, boolean interruptFlag, boolean nonMaskableMasked) {
        events.fill((byte) 0);
        // The hardware refuses the shadow of STI while IF is clear.
        int kind = interruptFlag ? SHADOW_STI : SHADOW_MOV_SS;
        events.set(ValueLayout.JAVA_BYTE, INTERRUPT_SHADOW, (byte) (shadow ? kind : 0));
        events.set(ValueLayout.JAVA_BYTE, NMI_MASKED, (byte) (nonMaskableMasked ? 1 : 0));
        events.set(ValueLayout.JAVA_INT, FLAGS, VALID_NMI_PENDING | VALID_SHADOW);
    }
}
