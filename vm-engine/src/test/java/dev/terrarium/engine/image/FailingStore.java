// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Random;

/** A host that fails now and then, as a full disk does; a write that fails may have been done in part. */
public class FailingStore implements ByteStore {
    private final ByteStore store;
    private final Random random;
    private int oneIn;
    private int failures;

    public FailingStore(ByteStore store, Random random) {
        this.store = store;
        this.random = random;
    }

    /** From now on one change in so many fails; none if 0. */
    public void failOneIn(int count) {
        oneIn = count;
    }

    public int failures() {
        return failures;
    }

    private boolean fails() {
        return oneIn > 0 && random.nextInt(oneIn) == 0;
    }

    private IOException full() {
        failures++;
        return new IOException("No space left on device");
    }

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
        if (fails()) {
            int sectors = source.remaining() / 512;
            if (sectors > 1) {
                store.write(source.slice().limit(512 * random.nextInt(sectors)), position);
            }
            throw full();
        }
        store.write(source, position);
    }

    @Override
    public void flush() throws IOException {
        if (fails()) {
            throw full();
        }
        store.flush();
    }

    @Override
    public void truncate(long size) throws IOException {
        if (fails()) {
            throw full();
        }
        store.truncate(size);
    }

    @Override
    public void punchHole(long position, long length) throws IOException {
        if (fails()) {
            throw full();
        }
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
    public void close() throws IOException {
        store.close();
    }
}
