// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vhdx;

import dev.terrarium.engine.image.ByteStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** A file as it would be after its log was replayed, for those who may not write to it. */
final class ReplayedStore implements ByteStore, VhdxLogEntry.Target {
    private final ByteStore store;
    private final List<Patch> patches = new ArrayList<>();
    private long size;

    /** Bytes that differ from the file's: {@code length} of them, all zeros if {@code bytes} is empty. */
    private record Patch(long position, long length, byte[] bytes) {}

    ReplayedStore(ByteStore store, List<VhdxLogEntry> entries, VhdxHeader header) throws IOException {
        this.store = store;
        this.size = store.size();
        for (VhdxLogEntry entry : entries) {
            size = Math.max(size, entry.lastSize());
            entry.replay(store, header, this);
        }
    }

    @Override
    public void page(long position, byte[] bytes) {
        patches.add(new Patch(position, bytes.length, bytes));
    }

    @Override
    public void zeros(long position, long length) {
        patches.add(new Patch(position, length, new byte[0]));
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public void read(ByteBuffer target, long position) throws IOException {
        int start = target.position();
        int count = target.remaining();
        store.read(target, position);
        for (Patch patch : patches) {
            long from = Math.max(position, patch.position);
            long to = Math.min(position + count, patch.position + patch.length);
            for (long at = from; at < to; at++) {
                int index = (int) (at - patch.position);
                target.put(start + (int) (at - position), patch.bytes.length == 0 ? 0 : patch.bytes[index]);
            }
        }
    }

    @Override
    public void write(ByteBuffer source, long position) throws IOException {
        throw readOnly();
    }

    private static IOException readOnly() {
        return new IOException("the image is read-only");
    }

    @Override
    public void flush() {}

    @Override
    public void truncate(long newSize) throws IOException {
        throw readOnly();
    }

    @Override
    public void punchHole(long position, long length) throws IOException {
        throw readOnly();
    }

    @Override
    public long nextData(long position) {
        return Math.min(position, size);
    }

    @Override
    public long nextHole(long position) {
        return size;
    }

    @Override
    public void close() throws IOException {
        store.close();
    }
}
