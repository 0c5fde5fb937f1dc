// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

/** An oscillator: converts between nanoseconds and its ticks without losing any over the years. */
record TickRate(long hertz) {
    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    /** The 14.31818 MHz crystal divided by twelve: the clock of the 8254. */
    static final TickRate PIT = new TickRate(1_193_182);

    /** The 14.31818 MHz crystal divided by four: the ACPI power management timer. */
    static final TickRate POWER_MANAGEMENT = new TickRate(3_579_545);

    /** The watch crystal of the real-time clock. */
    static final TickRate WATCH = new TickRate(32_768);

    /** Whole ticks after {@code nanos}, which must not be negative. */
    long ticksAt(long nanos) {
        return nanos / NANOS_PER_SECOND * hertz + nanos % NANOS_PER_SECOND * hertz / NANOS_PER_SECOND;
    }

    /** The first nanosecond at which {@link #ticksAt} is {@code ticks} or more. */
    long nanosAt(long ticks) {
        return ticks / hertz * NANOS_PER_SECOND + Math.ceilDiv(ticks % hertz * NANOS_PER_SECOND, hertz);
    }
}
