// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device;

/** One wire from a device to an interrupt controller. Driving it to the level that it has already is harmless. */
@FunctionalInterface
public interface InterruptLine {
    /** A wire that ends nowhere. */
    InterruptLine UNCONNECTED = asserted -> {};

    /** Drives the wire; true is the active level, whatever its electrical polarity. */
    void set(boolean asserted);

    /** Asserts and releases the wire: one edge. */
    default void pulse() {
        set(true);
        set(false);
    }
}
