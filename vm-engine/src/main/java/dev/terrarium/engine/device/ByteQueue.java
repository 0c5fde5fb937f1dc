// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device;

/** A queue of bytes with a fixed capacity: a hardware FIFO, or what waits to enter one. */
public final class ByteQueue {
    private final int capacity;
    private byte[] ring;
    private int head;
    private int size;

    /** @param capacity the most bytes that it holds; memory is taken as needed */
    public ByteQueue(int capacity) {
        this.capacity = capacity;
        ring = new byte[Math.min(capacity, 16)];
    }

    public int size() {
        return size;
    }

    public boolean isEmpty() {
        return size == 0;
    }

    public int free() {
        return capacity - size;
    }

    /** Appends the low byte of {@code value}; forgets it if the queue is full. */
    public void add(int value) {
        if (size == capacity) {
            return;
        }
        if (size == ring.length) {
            byte[] larger = new byte[Math.min(capacity, 2 * size)];
            copyTo(larger);
            ring = larger;
            head = 0;
        }
        ring[(head + size) % ring.length] = (byte) value;
        size++;
    }

    /** Takes the oldest byte, 0 to 255; 0 if there is none. */
    public int remove() {
        if (size == 0) {
            return 0;
        }
        int value = ring[head] & 0xFF;
        head = (head + 1) % ring.length;
        size--;
        return value;
    }

    public void clear() {
        head = 0;
        size = 0;
    }

    /** The bytes, oldest first. */
    public byte[] toByteArray() {
        byte[] bytes = new byte[size];
        copyTo(bytes);
        return bytes;
    }

    private void copyTo(byte[] target) {
        for (int i = 0; i < size; i++) {
            target[i] = ring[(head + i) % ring.length];
        }
    }

    /** Replaces the content; bytes beyond the capacity are forgotten. */
    public void set(byte[] bytes) {
        clear();
        for (byte value : bytes) {
            add(value);
        }
    }
}
