// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import dev.terrarium.engine.ConsoleStream;

/** The engine's memory pipe, as it lies between a machine of this process and its console, for tests. */
public final class MemoryConsole {
    private MemoryConsole() {}

    /** Both ends: what one writes the other reads. */
    public static ConsoleStream[] pair() {
        return PipeStream.pair();
    }
}
