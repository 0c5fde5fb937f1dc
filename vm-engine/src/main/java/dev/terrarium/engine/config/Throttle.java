// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.config;

/** How fast a guest may read and write a disk: bytes and operations a second, together and by direction. */
public record Throttle(
        Limit bpsTotal, Limit bpsRead, Limit bpsWrite, Limit iopsTotal, Limit iopsRead, Limit iopsWrite) {
    /** As fast as the host. */
    public static final Throttle NONE =
            new Throttle(Limit.NONE, Limit.NONE, Limit.NONE, Limit.NONE, Limit.NONE, Limit.NONE);

    @SuppressWarnings("ConstantValue") // Jackson gives null for what the file does not have
    public Throttle {
        bpsTotal = bpsTotal == null ? Limit.NONE : bpsTotal;
        bpsRead = bpsRead == null ? Limit.NONE : bpsRead;
        bpsWrite = bpsWrite == null ? Limit.NONE : bpsWrite;
        iopsTotal = iopsTotal == null ? Limit.NONE : iopsTotal;
        iopsRead = iopsRead == null ? Limit.NONE : iopsRead;
        iopsWrite = iopsWrite == null ? Limit.NONE : iopsWrite;
    }

    /**
     * One limit.
     *
     * @param average a second in the long run; 0 for none
     * @param burst a second for a while, once there was less to do than the average; 0 for a tenth of a second's average at once
     * @param burstSeconds how long a burst may last at most
     */
    public record Limit(long average, long burst, int burstSeconds) {
        /** No limit. */
        public static final Limit NONE = new Limit(0, 0, 1);

        private static final long LARGEST = 1_000_000_000_000_000L;
        private static final int LONGEST = 3600;

        public Limit {
            burstSeconds = burstSeconds == 0 ? 1 : burstSeconds;
        }

        /** Whether it says something that can be. */
        boolean isPossible() {
            return average >= 0
                    && average <= LARGEST
                    && (burst == 0 || average > 0 && burst >= average && burst <= LARGEST)
                    && burstSeconds >= 1
                    && burstSeconds <= LONGEST
                    && (burstSeconds == 1 || burst > 0);
        }
    }

    /** Whether every limit says something that can be. */
    boolean isPossible() {
        return bpsTotal.isPossible()
                && bpsRead.isPossible()
                && bpsWrite.isPossible()
                && iopsTotal.isPossible()
                && iopsRead.isPossible()
                && iopsWrite.isPossible();
    }
}
