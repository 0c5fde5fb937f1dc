// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

import dev.terrarium.engine.config.Throttle.Limit;

/**
 * What keeps one limit: units are poured in as they are used and leak out at the average rate; when it is full, the next has to
 * wait. Its size is what a burst may use at once. A burst that lasts longer than a second has a second bucket, which leaks at
 * the burst's rate (as QEMU's util/throttle.c does, so that the same numbers mean the same).
 */
final class LeakyBucket {
    private static final double NANOS = 1e9;

    /** Without a burst, and within one: as much as a tenth of a second's worth goes at once. */
    private static final double AT_ONCE = 0.1;

    private final Limit limit;
    private double level;
    private double burstLevel;
    private long lastNanos;

    LeakyBucket(Limit limit, long nowNanos) {
        this.limit = limit;
        this.lastNanos = nowNanos;
    }

    /** Whether it ever makes anybody wait. */
    boolean limits() {
        return limit.average() > 0;
    }

    private void leak(long nowNanos) {
        double seconds = (nowNanos - lastNanos) / NANOS;
        lastNanos = nowNanos;
        level = Math.max(0, level - limit.average() * seconds);
        burstLevel = Math.max(0, burstLevel - limit.burst() * seconds);
    }

    /** How long the next has to wait, in nanoseconds; 0 if it need not. */
    long waitNanos(long nowNanos) {
        if (!limits()) {
            return 0;
        }
        leak(nowNanos);
        boolean bursts = limit.burst() > 0;
        double size = bursts ? (double) limit.burst() * limit.burstSeconds() : limit.average() * AT_ONCE;
        double wait = (level - size) / limit.average();
        if (bursts && limit.burstSeconds() > 1) {
            wait = Math.max(wait, (burstLevel - limit.burst() * AT_ONCE) / limit.burst());
        }
        return wait <= 0 ? 0 : (long) Math.ceil(wait * NANOS);
    }

    /** Pours in what is used now. */
    void use(double units) {
        level += units;
        burstLevel += units;
    }
}
