// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.block;

import java.io.IOException;

/**
 * A format's tables: where on the store each block of the guest's disk stands. Blocks have one size and, once they have a
 * place, keep it until the image is closed. {@link BlockImage} calls all methods but {@link Commit#write} with its lock
 * held. A table that points to where no block can be is an {@link IOException} whose message says so.
 */
public interface BlockMap {
    /** Bytes of the guest's disk a block. */
    int blockSize();

    /**
     * What is at a byte of the guest's disk.
     *
     * @return at most {@code length} bytes long; it need not reach the end of its block
     */
    Run find(long position, long length) throws IOException;

    /**
     * Finds a place for a block, whose bytes there are zeros, without entering it into the table. Also asked for a block
     * that has a place already, if {@link #find} says of a part of it that nothing is there.
     *
     * @return where in the store the block's bytes will stand
     * @throws IOException if the image or the host is full, or the place cannot be made
     */
    long reserve(long block) throws IOException;

    /** Enters a reserved place into the table; durable when a commit taken after this is complete. */
    void assign(long block, long place) throws IOException;

    /** Once, before the guest's disk is changed for the first time since it was opened. */
    default void beforeFirstChange() throws IOException {}

    /** Whether so many table entries wait to be written that this should be done now. */
    boolean crowded();

    /** Takes what was entered since the last one. */
    Commit take() throws IOException;

    /** After the last commit, if the image was open for writing: leaves the file as one that was closed in order. */
    void close() throws IOException;

    /** Table entries on their way to the store. Every block they name, and its zeros, was written to the store before. */
    interface Commit {
        /** Whether there is nothing to write. */
        boolean empty();

        /** Writes the entries and makes them durable. Called after a flush of the store, without the lock. */
        void write() throws IOException;

        /** With the lock held: the entries are durable; or, if not {@code success}, they must be taken again. */
        void finished(boolean success);
    }
}
