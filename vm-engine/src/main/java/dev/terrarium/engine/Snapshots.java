// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine;

/**
 * The snapshots of one machine. Everything here waits for the host's disk, so none of it is for the window's thread; one change
 * runs at a time. Names in arguments may be ids. Whatever ends a change in its middle (an error, a cancelled progress, the end of the
 * process), the machine and its snapshots are as before it or as after it.
 */
public interface Snapshots {
    /** All of them, as they are now. */
    SnapshotTree tree() throws TerrariumException;

    /**
     * Takes one. A machine that runs stands still for a moment only; its memory is written before and after that.
     *
     * @throws TerrariumException if the name is taken, the host's disk is full, or a disk cannot have such a snapshot
     */
    Snapshot create(Snapshot.Request request, Progress progress) throws TerrariumException;

    /**
     * Makes the machine what it was then. What it was until now is lost, unless it is a snapshot, too. A machine that ran goes on
     * as it was then, or is off if it was; one that was off is {@link MachineState#SAVED} then if the snapshot holds memory, so that
     * the next start goes on.
     *
     * @throws TerrariumException if a file of the snapshot is missing or damaged; the machine is unchanged
     */
    void revert(String name, Progress progress) throws TerrariumException;

    /** What {@link #delete} would do. */
    Snapshot.Removal removal(String name) throws TerrariumException;

    /** Deletes one; those that came from it, and the machine as it is, stay what they are. */
    void delete(String name, Progress progress) throws TerrariumException;

    /** Changes name and description. */
    void edit(String name, String newName, String description) throws TerrariumException;
}
