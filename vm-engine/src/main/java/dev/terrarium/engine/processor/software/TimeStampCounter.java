// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.device.Clock;

/**
 * The time-stamp counter: so many ticks a second of the board's time, the same on every vCPU. Of itself a software
 * processor has one tick a nanosecond; where it stands in for one of the host's it counts as that does.
 */
final class TimeStampCounter {
    static final long USUAL_HERTZ = 1_000_000_000L;
    private static final long MOST_HERTZ = 1L << 33;

    private final Clock clock;

    /** Ticks a nanosecond, times 2 to the 30th. */
    private final long ratio;

    private long offset;

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
        return ticks() + offset;
    }

    void write(long value) {
        offset = value - ticks();
    }
}
