// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.state.StateFile;
import dev.terrarium.engine.state.StateFileException;
import java.nio.file.Path;
import java.util.UUID;

/**
 * A folder with a machine's state: {@code memory} and {@code state}.
 *
 * @param machine the id of the machine whose state it must be
 */
public record SavedMachine(Path folder, UUID machine) {
    Path memoryFile() {
        return folder.resolve("memory");
    }

    Path stateFile() {
        return folder.resolve("state");
    }

    /**
     * Reads the state.
     *
     * @throws TerrariumException if it is missing, corrupt, too old, too new, or of another machine
     */
    public StateFile read() throws TerrariumException {
        StateFile state = StateFile.read(stateFile());
        if (!state.machine().equals(machine)) {
            throw StateFileException.foreign(
                    stateFile(), "it is of another machine: put it back where it came from, or discard the state");
        }
        return state;
    }
}
