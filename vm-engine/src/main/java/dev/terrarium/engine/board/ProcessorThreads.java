// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

import dev.terrarium.engine.processor.Processor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * The platform threads that run a board's vCPUs, one each, and the gate that lets them all run or holds them all. While
 * the gate is closed no vCPU executes and the processors belong to whoever closed it.
 */
final class ProcessorThreads {
    private final List<? extends Processor> processors;
    private final List<Thread> threads = new ArrayList<>();
    private final Runnable shutdown;
    private final Runnable beforeRunning;
    private final Runnable afterRunning;
    private final ReentrantLock gate = new ReentrantLock();
    private final Condition changed = gate.newCondition();
    private boolean open;
    private boolean closed;
    private int inside;

    /**
     * @param beforeRunning called before the gate opens, without its lock
     * @param afterRunning called when the gate was closed and no vCPU executes any more, without its lock
     * @param shutdown called on a vCPU's thread after its triple fault
     * @param failed called with what a vCPU's thread died of
     */
    ProcessorThreads(
            String machine,
            List<? extends Processor> processors,
            Runnable beforeRunning,
            Runnable afterRunning,
            Runnable shutdown,
            Consumer<Throwable> failed) {
        this.processors = processors;
        this.beforeRunning = beforeRunning;
        this.afterRunning = afterRunning;
        this.shutdown = shutdown;
        for (int i = 0; i < processors.size(); i++) {
            Processor processor = processors.get(i);
            threads.add(Thread.ofPlatform()
                    .daemon()
                    .name(machine + " vCPU " + i)
                    .uncaughtExceptionHandler((thread, death) -> failed.accept(death))
                    .unstarted(() -> loop(processor)));
        }
    }

    void start() {
        threads.forEach(Thread::start);
    }

    private void loop(Processor processor) {
        while (enter()) {
            Processor.Exit exit;
            try {
                exit = processor.run();
            } finally {
                leave();
            }
            if (exit == Processor.Exit.SHUTDOWN) {
                shutdown.run();
            }
        }
    }

    /** Waits at the gate; false when there is nothing to run any more. */
    private boolean enter() {
        gate.lock();
        try {
            while (!open && !closed) {
                changed.awaitUninterruptibly();
            }
            if (closed) {
                return false;
            }
            inside++;
            return true;
        } finally {
            gate.unlock();
        }
    }

    private void leave() {
        gate.lock();
        try {
            inside--;
            changed.signalAll();
        } finally {
            gate.unlock();
        }
    }

    /** Lets the vCPUs run; to be called by whoever closed the gate, or first of all. */
    void openGate() {
        beforeRunning.run();
        gate.lock();
        try {
            open = true;
            changed.signalAll();
        } finally {
            gate.unlock();
        }
    }

    /** Lets no vCPU start to run again, without waiting for those that do. For any thread, whatever it holds. */
    void holdGate() {
        gate.lock();
        try {
            open = false;
        } finally {
            gate.unlock();
        }
        processors.forEach(Processor::kick);
    }

    /** Stops the vCPUs; returns when none executes. Not for a vCPU's own thread, nor with the board's lock held. */
    void closeGate() {
        gate.lock();
        try {
            open = false;
            while (inside > 0) {
                processors.forEach(Processor::kick);
                awaitBriefly();
            }
        } finally {
            gate.unlock();
        }
        afterRunning.run();
    }

    /** A kick that arrives just before run() takes attention is seen by it; waiting briefly covers the rest. */
    private void awaitBriefly() {
        try {
            changed.awaitNanos(1_000_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            changed.awaitUninterruptibly();
        }
    }

    /** Stops the vCPUs for good and waits for their threads. */
    void close() {
        closeGate();
        gate.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            gate.unlock();
        }
        for (Thread thread : threads) {
            boolean interrupted = false;
            while (thread.isAlive() && thread != Thread.currentThread()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
