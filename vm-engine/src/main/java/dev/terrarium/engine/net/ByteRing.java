// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.net;

import java.nio.ByteBuffer;

/** Bytes that wait, first in, first out. Its room grows, as long as a common budget lasts, and goes back to it when closed. */
final class ByteRing implements AutoCloseable {
    /** What all rings of a network may take together. */
    static final class Budget {
        private long left;

        Budget(long bytes) {
            left = bytes;
        }

        private boolean take(long bytes) {
            if (bytes > left) {
                return false;
            }
            left -= bytes;
            return true;
        }

        long left() {
            return left;
        }
    }

    private static final int SMALLEST = 4096;

    private final Budget budget;
    private final int largest;
    private byte[] bytes = new byte[0];
    private int first;
    private int size;

    /** @param largest a power of two */
    ByteRing(Budget budget, int largest) {
        this.budget = budget;
        this.largest = largest;
    }

    int size() {
        return size;
    }

    /** How many bytes could be added; the budget may allow fewer. */
    int room() {
        return largest - size;
    }

    private void grow(int wanted) {
        int length = bytes.length;
        while (length < wanted && length < largest) {
            length = Math.max(SMALLEST, length * 2);
        }
        length = Math.min(length, largest);
        if (length > bytes.length && budget.take(length - bytes.length)) {
            byte[] larger = new byte[length];
            // All of it, for what was put after the end.
            System.arraycopy(bytes, first, larger, 0, bytes.length - first);
            System.arraycopy(bytes, 0, larger, bytes.length - first, first);
            bytes = larger;
            first = 0;
        }
    }

    /** Adds as many of {@code length} bytes as there is room for; says how many. */
    int add(byte[] source, int from, int length) {
        int count = put(0, source, from, length);
        size += count;
        return count;
    }

    /**
     * Puts bytes where they will be when {@code gap} bytes have come before them and all were {@link #added}; they do not wait until then.
     *
     * @return how many there was room for
     */
    int put(int gap, byte[] source, int from, int length) {
        if (size + gap + length > bytes.length) {
            grow(size + gap + length);
        }
        int count = Math.min(length, bytes.length - size - gap);
        if (count <= 0) {
            return 0;
        }
        int at = first + size + gap & bytes.length - 1;
        int tail = Math.min(count, bytes.length - at);
        System.arraycopy(source, from, bytes, at, tail);
        System.arraycopy(source, from + tail, bytes, 0, count - tail);
        return count;
    }

    /** A stretch of free room, to be filled and then {@link #added}; up to {@code wanted} bytes, fewer at its end or without budget. */
    ByteBuffer free(int wanted) {
        if (size + wanted > bytes.length) {
            grow(size + wanted);
        }
        if (bytes.length == size) {
            return ByteBuffer.allocate(0);
        }
        int at = first + size & bytes.length - 1;
        int length = Math.min(Math.min(wanted, bytes.length - size), bytes.length - at);
        return ByteBuffer.wrap(bytes, at, length);
    }

    void added(int count) {
        size += count;
    }

    /** The first stretch of bytes that wait, to be taken and then {@link #remove}d. */
    ByteBuffer waiting() {
        return size == 0 ? ByteBuffer.allocate(0) : ByteBuffer.wrap(bytes, first, Math.min(size, bytes.length - first));
    }

    /** Copies bytes from the {@code offset}th that waits on; they stay. */
    void copy(int offset, byte[] target, int to, int length) {
        if (length == 0) {
            return;
        }
        int at = first + offset & bytes.length - 1;
        int tail = Math.min(length, bytes.length - at);
        System.arraycopy(bytes, at, target, to, tail);
        System.arraycopy(bytes, 0, target, to + tail, length - tail);
    }

    void remove(int count) {
        size -= count;
        first = first + count & bytes.length - 1;
    }

    @Override
    public void close() {
        budget.left += bytes.length;
        bytes = new byte[0];
        size = 0;
        first = 0;
    }
}
