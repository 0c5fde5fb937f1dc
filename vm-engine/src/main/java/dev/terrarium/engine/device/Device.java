// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device;

/**
 * A part of the PC: a pure state machine whose wiring (interrupt lines, clock, guest memory, backend) was handed to its
 * constructor. It owns no thread, file or socket.
 *
 * <p>Life: constructed, then {@link #reset} once at power-on and at every reset of the machine; in between register
 * windows, timers and backends call it, always with the board's lock held. {@link #save} may be called at any such
 * moment and cannot fail; {@link #restore} is called on a device of the same configuration in any state.
 *
 * @param <S> the state as a plain record of ints, longs, booleans, enums, strings, arrays of primitives, lists and
 *     records of these
 */
public interface Device<S extends Record> {
    /** The device's name, unique on its board, for logs and saved states: {@code "pic"}, {@code "serial0"}. */
    String name();

    /** Returns the device to its power-on state; output lines are driven to their power-on level. */
    void reset();

    /** Everything that a restored device must know to go on where this one is. */
    S save();

    /**
     * Replaces the state, driving output lines and timers to match.
     *
     * @throws InvalidStateException if a value is one that this device cannot have; the device is then unchanged
     */
    void restore(S state);
}
