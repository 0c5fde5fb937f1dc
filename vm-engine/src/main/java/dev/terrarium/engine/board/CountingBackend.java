// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

import dev.terrarium.engine.device.StorageBackend;

/** A drive's medium that counts the bytes that pass. */
final class CountingBackend implements StorageBackend {
    private final StorageBackend backend;
    private volatile long bytesRead;
    private volatile long bytesWritten;

    CountingBackend(StorageBackend backend) {
        this.backend = backend;
    }

    long bytesRead() {
        return bytesRead;
    }

    long bytesWritten() {
        return bytesWritten;
    }

    @Override
    public long size() {
        return backend.size();
    }

    @Override
    public boolean readOnly() {
        return backend.readOnly();
    }

    // The two counters are only written with the board's lock held.

    @Override
    @SuppressWarnings("NonAtomicVolatileUpdate")
    public void read(long position, byte[] target, int offset, int length, Completion completion) {
        bytesRead += length;
        backend.read(position, target, offset, length, completion);
    }

    @Override
    @SuppressWarnings("NonAtomicVolatileUpdate")
    public void write(long position, byte[] source, int offset, int length, Completion completion) {
        bytesWritten += length;
        backend.write(position, source, offset, length, completion);
    }

    @Override
    public void writeZeroes(long position, long length, boolean release, Completion completion) {
        backend.writeZeroes(position, length, release, completion);
    }

    @Override
    public void discard(long position, long length, Completion completion) {
        backend.discard(position, length, completion);
    }

    @Override
    public void flush(Completion completion) {
        backend.flush(completion);
    }
}
