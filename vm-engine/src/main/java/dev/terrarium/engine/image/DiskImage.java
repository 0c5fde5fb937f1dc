// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A guest's disk inside an image of some format, with its backing images if it has any. Requests wait for the host: call
 * from I/O threads only. May be called by several threads at once; requests that overlap in time and place have no order
 * but each is whole by the sector.
 */
public interface DiskImage extends AutoCloseable {
    /** The size of the guest's disk in bytes. */
    long size();

    /** Whether writes are refused. */
    boolean readOnly();

    /** Fills the rest of {@code target} from byte {@code position} of the guest's disk on; all of it must lie within. */
    void read(ByteBuffer target, long position) throws IOException;

    /** Writes the rest of {@code source} at byte {@code position}; all of it must lie within. Durable after {@link #flush}. */
    void write(ByteBuffer source, long position) throws IOException;

    /**
     * Makes a range read as zeros, whatever a backing image holds.
     *
     * @param release whether its place on the host may be given back
     */
    void writeZeroes(long position, long length, boolean release) throws IOException;

    /** A hint that the guest needs a range no more. It reads as zeros, or as before where the format cannot do it. */
    void discard(long position, long length) throws IOException;

    /** Makes every write that returned before this call durable. */
    void flush() throws IOException;

    /**
     * What is at a place.
     *
     * @param position less than {@link #size()}
     * @param length how far to look at most, at least 1
     * @return begins at {@code position}, is at least one byte and at most {@code length} bytes long
     */
    Extent extentAt(long position, long length) throws IOException;

    /** Flushes and closes it and its backing images. Requests still under way fail. */
    @Override
    void close() throws IOException;
}
