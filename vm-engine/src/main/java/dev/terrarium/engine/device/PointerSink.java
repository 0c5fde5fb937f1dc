// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device;

/** A pointing device that takes relative motion. Called with the board's lock held. */
public interface PointerSink {
    /**
     * The pointer moved or its buttons changed.
     *
     * @param dx motion to the right, in pixels
     * @param dy motion downwards, in pixels
     * @param wheel notches, positive away from the user
     * @param buttons bit 0 left, bit 1 middle, bit 2 right
     */
    void move(int dx, int dy, int wheel, int buttons);
}
