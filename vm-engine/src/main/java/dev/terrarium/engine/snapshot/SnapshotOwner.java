// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.snapshot;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.board.Board;
import dev.terrarium.engine.board.SavedMachine;
import dev.terrarium.engine.config.MachineConfig;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** The machine that snapshots are of, as far as they need it. */
public interface SnapshotOwner {
    Path folder();

    MachineConfig config();

    /** The text of a {@code machine.json}. */
    byte[] encode(MachineConfig config);

    /** The configuration of a text. */
    MachineConfig parse(byte[] text) throws TerrariumException;

    /** Writes {@code machine.json} and makes it the machine's configuration. */
    void adopt(MachineConfig config) throws TerrariumException;

    /** Parts of a saved state that say which machine it is of. */
    Map<String, byte[]> stateParts();

    /** Writes the screen as a PNG file; false if there is none. */
    boolean drawPicture(Path file) throws TerrariumException;

    /** An empty folder for a state that the next start goes on from. */
    SavedMachine beginSavedState() throws TerrariumException;

    /** Lets what is in that folder be the machine's saved state; does nothing if that was done already. */
    void commitSavedState() throws TerrariumException;

    /** Throws away a saved state, if there is one. */
    void dropSavedState() throws TerrariumException;

    boolean isSaved();

    /** Images of this machine on which disks of other machines stand, each with such a machine's name. */
    Map<Path, String> standing() throws TerrariumException;

    /** Work on a machine that nobody else changes. */
    @FunctionalInterface
    interface Work<T> {
        /** @param board the machine as it runs in this process; empty if it is off */
        T run(Optional<Board> board) throws TerrariumException;
    }

    /**
     * Does {@code work} while the machine is locked by this process, running or not, and no other change of it is under way.
     *
     * @throws TerrariumException if another process has it, or the work failed
     */
    <T> T exclusively(Work<T> work) throws TerrariumException;

    /** Cuts the power if the machine runs here, does {@code work}, and if it ran and is saved then, lets it go on from that. */
    void switchedOff(Work<Boolean> work) throws TerrariumException;
}
