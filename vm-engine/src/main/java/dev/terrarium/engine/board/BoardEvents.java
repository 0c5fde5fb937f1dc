// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

/** What a board tells its owner. Called on the board's own threads, some with its lock held: hand over and return. */
public interface BoardEvents {
    /** The guest switched itself off (ACPI S5). */
    void poweredOff();

    /** The engine cannot go on; {@code reason} is one line. */
    void crashed(String reason);

    /** The guest wrote to the debug-exit port; {@code status} is (byte &lt;&lt; 1) | 1. */
    void debugExit(int status);

    /** The machine left KVM, live, for the software processor; {@code reason} is one line. */
    void leftKvm(String reason);

    /** The host cannot do a drive's requests ({@link Board#diskTrouble}); they wait until the machine was paused and resumed. */
    void diskTroubled();

    /** The guest sent a byte on its first serial line. */
    void serialOutput(int value);
}
