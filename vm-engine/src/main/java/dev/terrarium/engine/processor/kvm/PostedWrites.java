// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import dev.terrarium.engine.memory.MemoryMap;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The ring in which the kernel keeps the guest's writes to windows that let them be posted (struct kvm_coalesced_mmio_ring): they are no
 * exits, and are carried out, in their order, before anything else that leaves the guest. One ring serves all vCPUs of a machine.
 */
final class PostedWrites {
    /** The page of what a vCPU shares with the kernel (KVM_COALESCED_MMIO_PAGE_OFFSET). */
    static final int RING_PAGE = 2;

    private static final int RING_BYTES = 4096;
    private static final int FIRST = 0;
    private static final int LAST = 4;
    private static final int ENTRIES = 8;
    private static final int ENTRY_BYTES = 24;
    private static final int CAPACITY = (RING_BYTES - ENTRIES) / ENTRY_BYTES;
    private static final VarHandle INDEX = ValueLayout.JAVA_INT.varHandle();

    private final MemorySegment ring;
    private final MemoryMap memory;
    private final ReentrantLock boardLock;

    /** Written with the board's lock held. */
    private volatile long count;

    private volatile boolean closed;

    /** @param shared what a vCPU shares with the kernel, which stays until {@link #close} */
    PostedWrites(MemorySegment shared, MemoryMap memory, ReentrantLock boardLock) {
        ring = shared.asSlice((long) RING_PAGE * RING_BYTES, RING_BYTES);
        this.memory = memory;
        this.boardLock = boardLock;
    }

    /** Carries out what is there. Any thread. */
    void deliver() {
        if (closed || (int) INDEX.getVolatile(ring, (long) FIRST) == (int) INDEX.getVolatile(ring, (long) LAST)) {
            return;
        }
        boardLock.lock();
        try {
            long done = 0;
            int first = closed ? 0 : (int) INDEX.getVolatile(ring, (long) FIRST);
            while (!closed && first != (int) INDEX.getVolatile(ring, (long) LAST) && first < CAPACITY) {
                long entry = ENTRIES + (long) first * ENTRY_BYTES;
                write(
                        ring.get(ValueLayout.JAVA_LONG, entry),
                        ring.get(ValueLayout.JAVA_INT, entry + 8),
                        ring.get(ValueLayout.JAVA_LONG, entry + 16));
                first = (first + 1) % CAPACITY;
                INDEX.setVolatile(ring, (long) FIRST, first);
                done++;
            }
            addToCount(done);
        } finally {
            boardLock.unlock();
        }
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // with the board's lock held
    private void addToCount(long done) {
        count += done;
    }

    private void write(long address, int length, long data) {
        if (Integer.bitCount(length) == 1 && length <= Long.BYTES) {
            memory.write(address & Long.MAX_VALUE, length, data);
        } else {
            for (int i = 0; i < length && i < Long.BYTES; i++) {
                memory.write(address + i & Long.MAX_VALUE, 1, data >>> 8 * i & 0xFF);
            }
        }
    }

    /** How many there were. */
    long count() {
        return count;
    }

    /** Nothing is delivered any more. */
    void close() {
        boardLock.lock();
        try {
            closed = true;
        } finally {
            boardLock.unlock();
        }
    }
}
