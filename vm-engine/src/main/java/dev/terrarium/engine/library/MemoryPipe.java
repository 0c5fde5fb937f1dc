// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Objects;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** A bounded byte stream between two threads of this process: the writer waits while it is full. */
final class MemoryPipe {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final byte[] ring;
    private int start;
    private int count;
    private boolean closed;

    MemoryPipe(int capacity) {
        ring = new byte[capacity];
    }

    /** Ends the stream: the reader gets what is in it, then the end; the writer gets an error. */
    void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Writes what fits without waiting; returns how many bytes, 0 once it is closed. */
    int offer(byte[] source) {
        lock.lock();
        try {
            int done = 0;
            while (!closed && done < source.length && count < ring.length) {
                done += put(source, done, source.length - done);
            }
            return done;
        } finally {
            lock.unlock();
        }
    }

    /** Copies one piece that is contiguous in the ring; there is room for a byte. */
    private int put(byte[] source, int offset, int length) {
        int at = (start + count) % ring.length;
        int part = Math.min(Math.min(length, ring.length - count), ring.length - at);
        System.arraycopy(source, offset, ring, at, part);
        count += part;
        changed.signalAll();
        return part;
    }

    private void await() throws IOException {
        try {
            changed.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new java.io.InterruptedIOException();
        }
    }

    InputStream input() {
        return new InputStream() {
            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
            }

            @Override
            public int read(byte[] target, int offset, int length) throws IOException {
                Objects.checkFromIndexSize(offset, length, target.length);
                if (length == 0) {
                    return 0;
                }
                lock.lock();
                try {
                    while (count == 0) {
                        if (closed) {
                            return -1;
                        }
                        await();
                    }
                    int part = Math.min(Math.min(length, count), ring.length - start);
                    System.arraycopy(ring, start, target, offset, part);
                    start = (start + part) % ring.length;
                    count -= part;
                    changed.signalAll();
                    return part;
                } finally {
                    lock.unlock();
                }
            }

            @Override
            public int available() {
                lock.lock();
                try {
                    return count;
                } finally {
                    lock.unlock();
                }
            }

            @Override
            public void close() {
                MemoryPipe.this.close();
            }
        };
    }

    OutputStream output() {
        return new OutputStream() {
            @Override
            public void write(int value) throws IOException {
                write(new byte[] {(byte) value}, 0, 1);
            }

            @Override
            public void write(byte[] source, int offset, int length) throws IOException {
                Objects.checkFromIndexSize(offset, length, source.length);
                lock.lock();
                try {
                    int done = 0;
                    while (done < length) {
                        while (count == ring.length && !closed) {
                            await();
                        }
                        if (closed) {
                            throw new IOException("the other end is closed");
                        }
                        done += put(source, offset + done, length - done);
                    }
                } finally {
                    lock.unlock();
                }
            }

            @Override
            public void close() {
                MemoryPipe.this.close();
            }
        };
    }
}
