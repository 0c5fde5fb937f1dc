// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;

/**
 * The processor time that a vCPU took of the host: where the kernel has the local APIC a halted vCPU sleeps inside KVM_RUN, so that the
 * time spent there says nothing.
 */
final class BusyTime {
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private final Object lock = new Object();

    /** Guarded by the lock, as are the others: of runs that are over. */
    private long before;

    private long atBegin;
    private long thread;
    private boolean running;

    /** The calling thread runs the vCPU from now on. */
    void begin() {
        synchronized (lock) {
            thread = Thread.currentThread().threadId();
            atBegin = THREADS.getCurrentThreadCpuTime();
            running = true;
        }
    }

    void end() {
        synchronized (lock) {
            before += THREADS.getCurrentThreadCpuTime() - atBegin;
            running = false;
        }
    }

    /** Nanoseconds so far. Any thread. */
    long nanos() {
        synchronized (lock) {
            return before + (running ? Math.max(0, THREADS.getThreadCpuTime(thread) - atBegin) : 0);
        }
    }
}
