// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.task;

import java.util.OptionalLong;

/**
 * How fast work goes: an exponential moving average of bytes a second, so that one slow second does not make the time
 * left jump.
 */
final class Rate {
    /** After so many seconds a change of speed is seen by 63 %. */
    private static final double SMOOTHING_SECONDS = 3;

    private static final double SECOND = 1e9;
    /** Nothing is said before the work has gone on for so long. */
    private static final double LEAST_SECONDS = 0.7;

    private double bytesPerSecond = -1;
    private double seconds;
    private long lastDone;
    private long lastNanos;

    Rate(long startNanos) {
        lastNanos = startNanos;
    }

    /** So much is done at this time of {@link System#nanoTime}. */
    void sample(long done, long nanos) {
        double elapsed = (nanos - lastNanos) / SECOND;
        if (elapsed <= 0) {
            return;
        }
        if (done < lastDone) {
            bytesPerSecond = -1;
            seconds = 0;
        } else {
            double now = (done - lastDone) / elapsed;
            double weight = bytesPerSecond < 0 ? 1 : 1 - Math.exp(-elapsed / SMOOTHING_SECONDS);
            bytesPerSecond = bytesPerSecond < 0 ? now : bytesPerSecond + weight * (now - bytesPerSecond);
            seconds += elapsed;
        }
        lastDone = done;
        lastNanos = nanos;
    }

    /** Bytes a second, if that is known yet. */
    OptionalLong bytesPerSecond() {
        return seconds < LEAST_SECONDS || bytesPerSecond <= 0
                ? OptionalLong.empty()
                : OptionalLong.of(Math.round(bytesPerSecond));
    }

    /** Nanoseconds until {@code total} is done, if it goes on like this. */
    OptionalLong nanosLeft(long total) {
        OptionalLong speed = bytesPerSecond();
        return speed.isEmpty() || total <= 0
                ? OptionalLong.empty()
                : OptionalLong.of((long) (Math.max(0, total - lastDone) / (double) speed.getAsLong() * SECOND));
    }
}
