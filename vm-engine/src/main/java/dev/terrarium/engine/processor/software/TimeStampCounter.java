// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.device.Clock;

/**
 * The time-stamp counter: so many ticks a second of the board's time, the same on every vCPU. Of itself a software
 * processor has one tick a nanosecond; where it stands in for one of the host's it counts as that does. What the guest
 * adds to its own vCPU's shows in IA32_TSC_ADJUST (Intel SDM volume 3, section 18.17.3), by which Linux knows that the counters
 * run together and does not judge them by timer interrupts, which may come late.
 */
final class TimeStampCounter {
    static final long USUAL_HERTZ = 1_000_000_000L;
    private static final long MOST_HERTZ = 1L << 33;

    private final Clock clock;

    /** Ticks a nanosecond, times 2 to the 30th. */
    private final long ratio;

    /** The counter less the board's time and {@link #adjustment}: not 0 after a saved state was restored. */
    private long origin;

    private long adjustment;

    TimeStampCounter(Clock clock, long hertz) {
        if (hertz <= 0 || hertz >= MOST_HERTZ) {
            throw new IllegalArgumentException("a time-stamp counter of " + hertz + " Hz");
        }
        this.clock = clock;
        this.ratio = (hertz << 30) / USUAL_HERTZ;
    }

    private long ticks() {
        long nanos = clock.nanoTime();
        return Math.multiplyHigh(nanos, ratio) << 34 | nanos * ratio >>> 30;
    }

    long read() {
        return ticks() + origin + adjustment;
    }

    /** The guest writes the counter. */
    void write(long value) {
        adjustment += value - read();
    }

    long adjustment() {
        return adjustment;
    }

    /** The guest writes IA32_TSC_ADJUST; the counter moves with it. */
    void adjust(long value) {
        adjustment = value;
    }

    /** Power-on: time goes on, as it is the board's. */
    void reset() {
        origin = 0;
        adjustment = 0;
    }

    /** The counter goes on from a value, whatever the adjustment. */
    void restore(long value) {
        origin += value - read();
    }

    /** Restores IA32_TSC_ADJUST; the counter stays. */
    void restoreAdjustment(long value) {
        origin += adjustment - value;
        adjustment = value;
    }
}
