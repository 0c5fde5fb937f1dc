// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import dev.terrarium.engine.TerrariumException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/** An image that keeps snapshots of its disk within. A snapshot is found by its id, else by its name. */
public interface SnapshotImage extends DiskImage {
    /** In the order in which they were made. */
    List<ImageSnapshot> snapshots();

    /**
     * Keeps the disk as it is now.
     *
     * @param vmStateSize bytes that {@link #writeVmState} was given since the last snapshot; 0 for the disk alone
     */
    ImageSnapshot createSnapshot(String name, long vmStateSize, long vmClockNanos)
            throws TerrariumException, IOException;

    /** Makes the disk what it was; what was written since is lost unless another snapshot has it. */
    void applySnapshot(String idOrName) throws TerrariumException, IOException;

    void deleteSnapshot(String idOrName) throws TerrariumException, IOException;

    /** Writes a part of the machine's state that the next snapshot will keep. */
    void writeVmState(ByteBuffer source, long position) throws TerrariumException, IOException;

    /** Fills the rest of a buffer from the machine's state that a snapshot keeps; past its end are zeros. */
    void readVmState(String idOrName, ByteBuffer target, long position) throws TerrariumException, IOException;
}
