// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.firmware;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A growing run of little-endian numbers and bytes. */
final class LittleEndian {
    private byte[] bytes;
    private int size;

    private LittleEndian(int capacity) {
        bytes = new byte[capacity];
    }

    static LittleEndian of(int capacity) {
        return new LittleEndian(capacity);
    }

    int size() {
        return size;
    }

    private LittleEndian put(long value, int count) {
        if (size + count > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(size + count, 2 * bytes.length));
        }
        for (int i = 0; i < count; i++) {
            bytes[size++] = (byte) (value >>> (8 * i));
        }
        return this;
    }

    LittleEndian u8(int value) {
        return put(value, 1);
    }

    LittleEndian u16(int value) {
        return put(value, 2);
    }

    LittleEndian u32(long value) {
        return put(value, 4);
    }

    LittleEndian u64(long value) {
        return put(value, 8);
    }

    LittleEndian zeros(int count) {
        for (int i = 0; i < count; i++) {
            put(0, 1);
        }
        return this;
    }

    LittleEndian bytes(byte[] more) {
        for (byte b : more) {
            put(b, 1);
        }
        return this;
    }

    /** ASCII text of exactly {@code length} bytes, cut or padded with {@code padding}. */
    LittleEndian text(String text, int length, char padding) {
        byte[] ascii = text.getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i < length; i++) {
            put(i < ascii.length ? ascii[i] : padding, 1);
        }
        return this;
    }

    LittleEndian alignTo(int alignment) {
        return zeros((alignment - size % alignment) % alignment);
    }

    byte[] toByteArray() {
        return Arrays.copyOf(bytes, size);
    }

    /** The byte that makes the sum of {@code data[from .. to)} zero, its own place counted as it is. */
    static byte checksum(byte[] data, int from, int to) {
        int sum = 0;
        for (int i = from; i < to; i++) {
            sum += data[i];
        }
        return (byte) -sum;
    }
}
