// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import dev.terrarium.engine.posix.ThreadSignal;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Gets a vCPU's thread out of the guest, or out of its sleep, from any other thread: {@code immediate_exit} for the KVM_RUN
 * that is about to begin, a signal for the one that has.
 */
final class VcpuInterrupter {
    private static final long HALT_WAIT_NANOS = 500_000_000L;

    private final KvmRun shared;
    private volatile boolean wanted;
    private volatile @Nullable Thread sleeper;

    /** Guarded by this: the kernel's number of the thread that runs the vCPU; 0 if none does. */
    private int thread;

    private boolean closed;

    VcpuInterrupter(KvmRun shared) {
        this.shared = shared;
    }

    /** The calling thread runs the vCPU from now on. */
    synchronized void enter() {
        thread = ThreadSignal.currentThread();
    }

    synchronized void leave() {
        thread = 0;
    }

    /** No other thread touches the shared page any more. */
    synchronized void close() {
        closed = true;
    }

    /** Makes the vCPU's thread look for what there is to do. */
    void interrupt() {
        wanted = true;
        synchronized (this) {
            if (!closed) {
                shared.setImmediateExit(true);
                if (thread != 0 && thread != ownThread()) {
                    ThreadSignal.interrupt(thread);
                }
            }
        }
        Thread waiting = sleeper;
        if (waiting != null) {
            LockSupport.unpark(waiting);
        }
    }

    private int ownThread() {
        return thread == 0 ? 0 : ThreadSignal.currentThread();
    }

    /** Called by the vCPU's thread before it looks for what there is to do. */
    void beginLook() {
        shared.setImmediateExit(false);
        wanted = false;
    }

    /** Sleeps until the next {@link #interrupt} after {@link #beginLook}, or half a second. */
    void sleep() {
        sleeper = Thread.currentThread();
        if (!wanted) {
            LockSupport.parkNanos(this, HALT_WAIT_NANOS);
        }
        sleeper = null;
    }
}
