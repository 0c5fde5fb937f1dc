// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.device.Clock;

/** The time-stamp counter: one tick a nanosecond of the board's time, so 1 GHz, the same on every vCPU. */
final class TimeStampCounter {
    private final Clock clock;
    private long offset;

    TimeStampCounter(Clock clock) {
        this.clock = clock;
    }

    long read() {
        return clock.nanoTime() + offset;
    }

    void write(long value) {
        offset = value - clock.nanoTime();
    }
}
