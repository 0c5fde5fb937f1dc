// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device;

import java.util.ArrayList;
import java.util.List;

/** A board's clock that moves only when the test says so. */
public final class ManualClock implements Clock {
    /** 2024-02-28 23:59:58 UTC, a moment before a leap day. */
    public static final long DEFAULT_EPOCH_MILLIS = 1_709_164_798_000L;

    private static final int MOST_ALARMS = 1_000_000;

    private final List<ManualTimer> timers = new ArrayList<>();
    private final long epochMillis;
    private long nanos;

    public ManualClock() {
        this(DEFAULT_EPOCH_MILLIS);
    }

    /** @param epochMillis the wall-clock time at power-on */
    public ManualClock(long epochMillis) {
        this.epochMillis = epochMillis;
    }

    /** Lets time pass; alarms ring at their time, in order. */
    public void advance(long duration) {
        long end = nanos + duration;
        for (int i = 0; i < MOST_ALARMS; i++) {
            ManualTimer next = null;
            for (ManualTimer timer : timers) {
                if (timer.scheduled && timer.deadline <= end && (next == null || timer.deadline < next.deadline)) {
                    next = timer;
                }
            }
            if (next == null) {
                nanos = end;
                return;
            }
            nanos = Math.max(nanos, next.deadline);
            next.scheduled = false;
            next.action.run();
        }
        throw new AssertionError("Alarms ring without end");
    }

    /** Jumps ahead without ringing what falls due on the way before it is there: a host that was busy. */
    public void jump(long duration) {
        nanos += duration;
        advance(0);
    }

    /** Sets the time of a board that is being restored. */
    public void set(long newNanos) {
        nanos = newNanos;
    }

    /** The number of alarms that are set. */
    public long scheduled() {
        return timers.stream().filter(timer -> timer.scheduled).count();
    }

    @Override
    public long nanoTime() {
        return nanos;
    }

    @Override
    public long wallTimeMillis() {
        return epochMillis + nanos / 1_000_000;
    }

    @Override
    public Timer timer(Runnable action) {
        ManualTimer timer = new ManualTimer(action);
        timers.add(timer);
        return timer;
    }

    private static final class ManualTimer implements Timer {
        private final Runnable action;
        private boolean scheduled;
        private long deadline;

        private ManualTimer(Runnable action) {
            this.action = action;
        }

        @Override
        public void schedule(long deadlineNanos) {
            scheduled = true;
            deadline = deadlineNanos;
        }

        @Override
        public void cancel() {
            scheduled = false;
        }
    }
}
