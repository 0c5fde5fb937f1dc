// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.vnc;

/** One way to put a rectangle of pixels on the wire. An encoder belongs to one client and may keep state. */
sealed interface RectangleEncoder permits RawEncoder, HextileEncoder, ZrleEncoder {
    /** The encoding's number. */
    int number();

    /**
     * Writes the rectangle's data, without its header.
     *
     * @param pixels in the client's format, row by row without gaps
     */
    void encode(int[] pixels, int width, int height, PixelFormat format, WireOutput out);
}
