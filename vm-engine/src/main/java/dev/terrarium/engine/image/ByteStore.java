// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Bytes addressed by position, kept by the host: what every image format stands on. Usually a file; in tests also memory,
 * and a decorator that cuts the power. May be called by several threads at once; requests that overlap in time and
 * place have no order.
 */
public interface ByteStore extends AutoCloseable {
    /** Bytes up to the end of the store. */
    long size() throws IOException;

    /** Fills the rest of {@code target} from byte {@code position} on. What lies past the end reads as zeros. */
    void read(ByteBuffer target, long position) throws IOException;

    /** Writes the rest of {@code source} at byte {@code position}. The store grows if need be. Durable after {@link #flush}. */
    void write(ByteBuffer source, long position) throws IOException;

    /** Makes everything durable that was written before this call, the size included. */
    void flush() throws IOException;

    /** Cuts or extends the store to {@code size} bytes; new bytes are zeros. */
    void truncate(long size) throws IOException;

    /** Makes a range read as zeros and gives its blocks back to the host if the host can; the size stays. */
    void punchHole(long position, long length) throws IOException;

    /**
     * The first byte at or after {@code position} that the host may have stored something for (SEEK_DATA), or the size
     * if only holes follow. Bytes before it are zeros.
     */
    long nextData(long position) throws IOException;

    /** The first byte at or after {@code position} that lies in a hole or at the end (SEEK_HOLE). */
    long nextHole(long position) throws IOException;

    @Override
    void close() throws IOException;
}
