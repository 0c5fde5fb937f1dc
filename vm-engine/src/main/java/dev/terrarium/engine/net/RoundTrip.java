// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.net;

/** How long a connection waits for an acknowledgement (RFC 6298); times are nanoseconds. */
final class RoundTrip {
    private static final long SECOND = 1_000_000_000L;
    private static final long FIRST = SECOND;
    private static final long SHORTEST = SECOND / 5;
    private static final long LONGEST = 60 * SECOND;

    private long timeout = FIRST;
    private long smoothed;
    private long variation;
    private boolean timing;
    private long timedAt;
    private int timedSequence;

    /** How long to wait for what is sent now. */
    long timeout() {
        return timeout;
    }

    /** The number {@code sequence} is sent for the first time. One at a time is timed. */
    void sent(int sequence, long now) {
        if (!timing) {
            timing = true;
            timedAt = now;
            timedSequence = sequence;
        }
    }

    /** Something is sent again: Karn's algorithm (section 3), an answer to what was timed might be to either. */
    void sentAgain() {
        timing = false;
    }

    /** What comes before {@code number} has arrived (section 2). */
    void acknowledged(int number, long now) {
        if (!timing || number - timedSequence <= 0) {
            return;
        }
        timing = false;
        long nanos = now - timedAt;
        if (smoothed == 0) {
            smoothed = nanos;
            variation = nanos / 2;
        } else {
            variation = (3 * variation + Math.abs(smoothed - nanos)) / 4;
            smoothed = (7 * smoothed + nanos) / 8;
        }
        timeout = Math.clamp(smoothed + 4 * variation, SHORTEST, LONGEST);
    }

    /** It was waited for in vain (section 5.5). */
    void backOff() {
        timeout = Math.min(2 * timeout, LONGEST);
        timing = false;
    }
}
