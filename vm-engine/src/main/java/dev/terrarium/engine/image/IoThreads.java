// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;

/** The few daemon threads on which every machine of this process waits for its disks. */
public final class IoThreads {
    private static final int THREADS = 4;
    private static final Executor SHARED = Executors.newFixedThreadPool(THREADS, factory());

    private IoThreads() {}

    /** The pool that all machines share. */
    public static Executor shared() {
        return SHARED;
    }

    private static ThreadFactory factory() {
        AtomicInteger count = new AtomicInteger();
        return task -> {
            Thread thread = new Thread(task, "disk-io-" + count.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }
}
