// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import dev.terrarium.engine.posix.EventDescriptor;
import dev.terrarium.engine.posix.Posix;
import dev.terrarium.engine.posix.PosixException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.OptionalInt;

/**
 * What a KVM machine can do with event descriptors by itself: a guest's write adds to one instead of being an exit (KVM_IOEVENTFD), and
 * one that is added to raises an interrupt of the kernel's controllers (KVM_IRQFD). Undone by closing what is returned, or with the
 * machine.
 */
final class KvmEventWires {
    private static final long KVM_IRQFD = 0x4020AE76L;
    private static final long KVM_IOEVENTFD = 0x4040AE79L;

    private static final int MATCH = 1;
    private static final int PORT = 2;
    private static final int REMOVE_WRITES = 4;
    private static final int REMOVE_INTERRUPT = 1;

    private final int machine;

    KvmEventWires(int machine) {
        this.machine = machine;
    }

    /** A wire that can be taken away. */
    interface Wire extends AutoCloseable {
        @Override
        void close() throws PosixException;
    }

    /**
     * Where the guest writes.
     *
     * @param port an I/O port, rather than a physical address
     * @param size bytes of the write: 1, 2, 4 or 8; others are exits
     * @param value what must be written; if there is none, anything
     */
    record Doorbell(boolean port, long address, int size, OptionalInt value) {}

    /** Adds 1 to {@code event} at each write of the guest to {@code doorbell}, which is no exit any more. */
    Wire onWrite(Doorbell doorbell, EventDescriptor event) throws PosixException {
        setWrites(doorbell, event, 0);
        return () -> setWrites(doorbell, event, REMOVE_WRITES);
    }

    private void setWrites(Doorbell doorbell, EventDescriptor event, int flags) throws PosixException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = arena.allocate(64, 8);
            request.set(ValueLayout.JAVA_LONG, 0, Integer.toUnsignedLong(doorbell.value.orElse(0)));
            request.set(ValueLayout.JAVA_LONG, 8, doorbell.address);
            request.set(ValueLayout.JAVA_INT, 16, doorbell.size);
            request.set(ValueLayout.JAVA_INT, 20, event.descriptor());
            request.set(
                    ValueLayout.JAVA_INT,
                    24,
                    flags | (doorbell.value.isPresent() ? MATCH : 0) | (doorbell.port ? PORT : 0));
            Posix.ioctl(machine, KVM_IOEVENTFD, request.address());
        }
    }

    /**
     * Gives a wire of the kernel's controllers a pulse whenever {@code event} is added to, by anybody.
     *
     * @param line as in {@link KvmChips#setLine}
     * @throws PosixException also if the machine has no controllers in the kernel
     */
    Wire interrupt(int line, EventDescriptor event) throws PosixException {
        setInterrupt(line, event, 0);
        return () -> setInterrupt(line, event, REMOVE_INTERRUPT);
    }

    private void setInterrupt(int line, EventDescriptor event, int flags) throws PosixException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = arena.allocate(32, 8);
            request.set(ValueLayout.JAVA_INT, 0, event.descriptor());
            request.set(ValueLayout.JAVA_INT, 4, line);
            request.set(ValueLayout.JAVA_INT, 8, flags);
            Posix.ioctl(machine, KVM_IRQFD, request.address());
        }
    }
}
