// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

import dev.terrarium.engine.device.Clock;
import dev.terrarium.engine.device.StateCheck;

/** A local APIC's timer (Intel SDM volume 3, section 11.5.4) on a bus clock of 1 GHz. */
final class ApicTimer {
    private static final int DIVIDE_WRITABLE = 0x0B;

    /** The shortest time between two calls of the timer: keeps a runaway guest from occupying the host. */
    private static final long SHORTEST_ALARM_NANOS = 20_000;

    /** The registers and, while it counts, when it was started. */
    record State(int initialCount, int divide, boolean counting, long start) {
        /** A timer whose count is {@code currentCount} at {@code now}. */
        static State counting(int initialCount, int currentCount, int divide, boolean periodic, long now) {
            long initial = Integer.toUnsignedLong(initialCount);
            long current = Integer.toUnsignedLong(currentCount);
            // A periodic count that is just 0 begins again; a current count above the initial one is forged.
            long left = periodic && current == 0 ? initial : Math.min(current, initial);
            int known = divide & DIVIDE_WRITABLE;
            return new State(initialCount, known, left != 0, now - (initial - left) * divisor(known));
        }
    }

    private final Clock clock;
    private final Clock.Timer alarm;
    private final Runnable expired;
    private int initialCount;
    private int divide;
    private boolean counting;
    private long start;
    private boolean periodic;
    private boolean masked = true;

    /** @param expired called when the count has reached zero and the timer is not masked */
    ApicTimer(Clock clock, Runnable expired) {
        this.clock = clock;
        this.expired = expired;
        alarm = clock.timer(this::ring);
    }

    void reset() {
        initialCount = 0;
        divide = 0;
        counting = false;
        start = 0;
        periodic = false;
        masked = true;
        alarm.cancel();
    }

    /** The mode and mask of the local vector table changed. */
    void configure(boolean nowPeriodic, boolean nowMasked) {
        catchUp();
        periodic = nowPeriodic;
        masked = nowMasked;
        schedule(0);
    }

    int initialCount() {
        return initialCount;
    }

    void setInitialCount(int value) {
        catchUp();
        initialCount = value;
        counting = value != 0;
        start = clock.nanoTime();
        schedule(0);
    }

    int currentCount() {
        catchUp();
        if (!counting) {
            return 0;
        }
        return (int) (Integer.toUnsignedLong(initialCount) - elapsedTicks());
    }

    int divide() {
        return divide;
    }

    void setDivide(int value) {
        catchUp();
        long ticks = elapsedTicks();
        divide = value & DIVIDE_WRITABLE;
        start = clock.nanoTime() - ticks * divisor();
        schedule(0);
    }

    private long divisor() {
        return divisor(divide);
    }

    private static long divisor(int divide) {
        int code = divide >> 1 & 4 | divide & 3;
        return code == 7 ? 1 : 2L << code;
    }

    long now() {
        return clock.nanoTime();
    }

    /** Rings no more until it is restored. */
    void suspend() {
        alarm.cancel();
    }

    private long elapsedTicks() {
        return counting ? Math.max(0, clock.nanoTime() - start) / divisor() : 0;
    }

    private long periodNanos() {
        return Integer.toUnsignedLong(initialCount) * divisor();
    }

    private void ring() {
        catchUp();
        schedule(SHORTEST_ALARM_NANOS);
    }

    /** Does what was due by now; several missed periods are one. */
    private void catchUp() {
        if (!counting) {
            return;
        }
        long elapsed = clock.nanoTime() - start;
        long period = periodNanos();
        if (elapsed < period) {
            return;
        }
        if (periodic) {
            start += elapsed / period * period;
        } else {
            counting = false;
        }
        if (!masked) {
            expired.run();
        }
    }

    private void schedule(long notBefore) {
        if (counting && !masked) {
            alarm.schedule(Math.max(start + periodNanos(), clock.nanoTime() + notBefore));
        } else {
            alarm.cancel();
        }
    }

    State save() {
        return new State(initialCount, divide, counting, start);
    }

    static void check(State state) {
        StateCheck.bits("divide", state.divide, DIVIDE_WRITABLE);
        StateCheck.time("start", state.start);
        StateCheck.range("counting", state.counting && state.initialCount == 0 ? 1 : 0, 0, 0);
    }

    void restore(State state, boolean nowPeriodic, boolean nowMasked) {
        initialCount = state.initialCount;
        divide = state.divide;
        counting = state.counting;
        start = state.start;
        periodic = nowPeriodic;
        masked = nowMasked;
        schedule(0);
    }
}
