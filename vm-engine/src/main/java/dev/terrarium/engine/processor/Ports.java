// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor;

/** The I/O port space as a processor uses it: IN and OUT. Takes the board's lock itself. */
public interface Ports {
    /** Reads {@code size} (1, 2 or 4) bytes at {@code port}. */
    int in(int port, int size);

    /** Writes {@code size} (1, 2 or 4) bytes at {@code port}. */
    void out(int port, int size, int value);
}
