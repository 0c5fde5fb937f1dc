// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

import dev.terrarium.engine.device.Clock;
import java.util.PriorityQueue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The board's time and its timers. One thread, {@link #run}, fires due timers with the board's lock held. Time stands
 * still while the clock is stopped.
 */
final class BoardClock implements Clock, Runnable {
    private static final long MAXIMUM_WAIT_NANOS = 1_000_000_000L;

    private final ReentrantLock boardLock;
    private final Condition changed;
    private final PriorityQueue<BoardTimer> queue = new PriorityQueue<>((a, b) -> Long.compare(a.deadline, b.deadline));
    private volatile Reading reading = new Reading(0, 0, false);
    private boolean closed;

    /** Board time was {@code board} when the host's monotonic clock read {@code host}. */
    private record Reading(long board, long host, boolean running) {
        long now() {
            return running ? board + System.nanoTime() - host : board;
        }
    }

    BoardClock(ReentrantLock boardLock) {
        this.boardLock = boardLock;
        this.changed = boardLock.newCondition();
    }

    @Override
    public long nanoTime() {
        return reading.now();
    }

    @Override
    public long wallTimeMillis() {
        return System.currentTimeMillis();
    }

    /** Does time run? */
    boolean running() {
        return reading.running();
    }

    /** Lets time run. Called with the board's lock held, as are {@link #stop} and {@link #close}. */
    void start() {
        reading = new Reading(reading.now(), System.nanoTime(), true);
        changed.signalAll();
    }

    /** Sets the time of a clock that stands still. Timers keep their deadlines. */
    void set(long nanos) {
        if (reading.running) {
            throw new IllegalStateException("the board's clock runs");
        }
        reading = new Reading(nanos, 0, false);
    }

    void stop() {
        reading = new Reading(reading.now(), 0, false);
        changed.signalAll();
    }

    void close() {
        closed = true;
        changed.signalAll();
    }

    @Override
    public Timer timer(Runnable action) {
        return new BoardTimer(action);
    }

    private final class BoardTimer implements Timer {
        private final Runnable action;
        private long deadline;
        private boolean queued;

        BoardTimer(Runnable action) {
            this.action = action;
        }

        @Override
        public void schedule(long deadlineNanos) {
            cancel();
            deadline = deadlineNanos;
            queued = true;
            queue.add(this);
            if (queue.peek() == this) {
                changed.signalAll();
            }
        }

        @Override
        public void cancel() {
            if (queued) {
                queue.remove(this);
                queued = false;
            }
        }
    }

    /** Fires timers until {@link #close}; the board's timer thread. */
    @Override
    public void run() {
        boardLock.lock();
        try {
            while (!closed) {
                BoardTimer next = queue.peek();
                if (next == null || !reading.running) {
                    changed.awaitNanos(MAXIMUM_WAIT_NANOS);
                    continue;
                }
                long wait = next.deadline - nanoTime();
                if (wait > 0) {
                    changed.awaitNanos(Math.min(wait, MAXIMUM_WAIT_NANOS));
                    continue;
                }
                queue.remove(next);
                next.queued = false;
                next.action.run();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            boardLock.unlock();
        }
    }
}
