// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.raw;

import dev.terrarium.engine.image.ByteStore;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.DiskRange;
import dev.terrarium.engine.image.Extent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.OptionalLong;

/** A raw image's medium: whole sectors, of which the file may lack the end of the last. */
final class RawDisk implements DiskImage {
    private static final int SECTOR = 512;
    private static final int ZERO_BYTES = 1 << 16;

    private final ByteStore store;
    private final boolean readOnly;
    private final long size;

    RawDisk(ByteStore store, boolean readOnly) throws IOException {
        this.store = store;
        this.readOnly = readOnly;
        this.size = wholeSectors(store.size());
    }

    static long wholeSectors(long bytes) {
        return (bytes + SECTOR - 1) / SECTOR * SECTOR;
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    public void read(ByteBuffer target, long position) throws IOException {
        DiskRange.check(this, position, target.remaining());
        store.read(target, position);
    }

    @Override
    public void write(ByteBuffer source, long position) throws IOException {
        DiskRange.checkWrite(this, position, source.remaining());
        store.write(source, position);
    }

    @Override
    public void writeZeroes(long position, long length, boolean release) throws IOException {
        DiskRange.checkWrite(this, position, length);
        if (release) {
            store.punchHole(position, length);
            return;
        }
        long end = position + length;
        for (long at = position; at < end; at += ZERO_BYTES) {
            store.write(ByteBuffer.allocate((int) Math.min(ZERO_BYTES, end - at)), at);
        }
    }

    @Override
    public void discard(long position, long length) throws IOException {
        writeZeroes(position, length, true);
    }

    @Override
    public void flush() throws IOException {
        if (!readOnly) {
            store.flush();
        }
    }

    @Override
    public Extent extentAt(long position, long length) throws IOException {
        DiskRange.check(this, position, 1);
        long end = Math.min(size, position + length);
        long data = store.nextData(position);
        boolean hole = data > position;
        long until = hole ? data : store.nextHole(position);
        // The file may end before the last sector does.
        until = until <= position || until >= store.size() ? end : Math.min(end, until);
        return new Extent(position, until - position, 0, true, hole, !hole, false, OptionalLong.of(position));
    }

    @Override
    public void close() throws IOException {
        try {
            flush();
        } finally {
            store.close();
        }
    }
}
