// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine;

/** How a run ended: decides the exit status of {@code terrarium start --headless}. */
public sealed interface MachineEnd {
    /** The guest or its owner switched it off. */
    record PoweredOff() implements MachineEnd {}

    /** Its state is on disk: the next start goes on where it was. */
    record Saved() implements MachineEnd {}

    /** The engine had to stop it. */
    record Crashed(String reason) implements MachineEnd {}

    /** The guest wrote to the debug-exit port. */
    record DebugExit(int status) implements MachineEnd {}
}
