// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device;

/** The board's time: it starts at zero at power-on and stands still while the machine is paused. */
public interface Clock {
    /** Nanoseconds that the machine has run. May be called from any thread. */
    long nanoTime();

    /** Wall-clock time for a battery-backed clock, in milliseconds since 1970 UTC. */
    long wallTimeMillis();

    /** Makes a timer, stopped, that calls {@code action} with the board's lock held when its deadline has passed. */
    Timer timer(Runnable action);

    /** A one-shot alarm on the board's time. Called with the board's lock held. */
    interface Timer {
        /** Starts or moves the alarm; a deadline in the past fires as soon as possible, never inside this call. */
        void schedule(long deadlineNanos);

        /** Stops the alarm. */
        void cancel();
    }
}
