// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import dev.terrarium.engine.image.ByteStore;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Someone else's store, which closing leaves open. */
record BorrowedStore(ByteStore store) implements ByteStore {
    @Override
    public long size() throws IOException {
        return store.size();
    }

    @Override
    public void read(ByteBuffer target, long position) throws IOException {
        store.read(target, position);
    }

    @Override
    public void write(ByteBuffer source, long position) throws IOException {
        store.write(source, position);
    }

    @Override
    public void flush() throws IOException {
        store.flush();
    }

    @Override
    public void truncate(long size) throws IOException {
        store.truncate(size);
    }

    @Override
    public void punchHole(long position, long length) throws IOException {
        store.punchHole(position, length);
    }

    @Override
    public long nextData(long position) throws IOException {
        return store.nextData(position);
    }

    @Override
    public long nextHole(long position) throws IOException {
        return store.nextHole(position);
    }

    @Override
    public void close() {}
}
