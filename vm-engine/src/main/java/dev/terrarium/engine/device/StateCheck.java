// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device;

/** The checks that a device's {@code restore} makes on the numbers of a state. */
public final class StateCheck {
    /** Ticks and nanoseconds farther from zero than this are forged: they would overflow. */
    private static final long TIME_LIMIT = 1L << 60;

    private StateCheck() {}

    /** Requires {@code min <= value <= max}. */
    public static void range(String name, long value, long min, long max) {
        if (value < min || value > max) {
            throw new InvalidStateException(name + " is " + value + ", not in " + min + ".." + max);
        }
    }

    /** Requires that no bit outside {@code allowed} is set. */
    public static void bits(String name, long value, long allowed) {
        if ((value & ~allowed) != 0) {
            throw new InvalidStateException(
                    name + " is 0x" + Long.toHexString(value) + ", bits beyond 0x" + Long.toHexString(allowed));
        }
    }

    /** Requires a length. */
    public static void length(String name, int actual, int expected) {
        if (actual != expected) {
            throw new InvalidStateException(name + " has " + actual + " elements, not " + expected);
        }
    }

    /** Requires a number of elements, each in {@code min..max}. */
    public static void elements(String name, int[] values, int expected, int min, int max) {
        length(name, values.length, expected);
        for (int value : values) {
            range(name, value, min, max);
        }
    }

    /** Requires a point in time, or a difference of two, that can be calculated with. */
    public static void time(String name, long value) {
        range(name, value, -TIME_LIMIT, TIME_LIMIT);
    }
}
