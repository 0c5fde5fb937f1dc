// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device;

/** Takes bytes that the guest sends out, one at a time. Called with the board's lock held; it must not block. */
@FunctionalInterface
public interface ByteSink {
    /** A sink that forgets. */
    ByteSink NONE = value -> {};

    /** Takes one byte, 0 to 255. */
    void write(int value);
}
