// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.device.Clock;

/**
 * The time-stamp counter: one tick a nanosecond of the board's time, so 1 GHz, the same on every vCPU. What the guest
 * adds to its own vCPU's shows in IA32_TSC_ADJUST (Intel SDM volume 3, section 18.17.3), by which Linux knows that the counters
 * run together and does not judge them by timer interrupts, which may come late.
 */
final class TimeStampCounter {
    private final Clock clock;

    /** The counter less the board's time and {@link #adjustment}: not 0 after a saved state was restored. */
    private long origin;

    private long adjustment;

    TimeStampCounter(Clock clock) {
        this.clock = clock;
    }

    long read() {
        return clock.nanoTime() + origin + adjustment;
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
