// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.engine.Host.DamagedMachine;

/** A row of the list of machines. */
sealed interface ListEntry {
    /** The title of a group. */
    record Heading(String title, int count) implements ListEntry {}

    /** A machine. */
    record Machine(MachineViewModel model) implements ListEntry {}

    /** A machine folder that could not be read. */
    record Damaged(DamagedMachine machine) implements ListEntry {}
}
