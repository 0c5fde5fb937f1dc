// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.vnc;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** A growing buffer of big-endian fields and of pixels in the client's format, written out when its owner says so. */
final class WireOutput {
    private byte[] bytes = new byte[4096];
    private int size;

    int size() {
        return size;
    }

    byte[] bytes() {
        return bytes;
    }

    void clear() {
        size = 0;
    }

    /** Drops everything after the first {@code newSize} bytes. */
    void truncate(int newSize) {
        size = Math.min(size, newSize);
    }

    private int grow(int count) {
        if (bytes.length - size < count) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, size + count));
        }
        int at = size;
        size += count;
        return at;
    }

    void u8(int value) {
        int at = grow(1);
        bytes[at] = (byte) value;
    }

    void u16(int value) {
        int at = grow(2);
        bytes[at] = (byte) (value >> 8);
        bytes[at + 1] = (byte) value;
    }

    void u32(int value) {
        u16(value >>> 16);
        u16(value);
    }

    void setU8(int at, int value) {
        bytes[at] = (byte) value;
    }

    void setU32(int at, int value) {
        bytes[at] = (byte) (value >> 24);
        bytes[at + 1] = (byte) (value >> 16);
        bytes[at + 2] = (byte) (value >> 8);
        bytes[at + 3] = (byte) value;
    }

    void raw(byte[] source, int offset, int length) {
        int at = grow(length);
        System.arraycopy(source, offset, bytes, at, length);
    }

    /** One pixel of {@code width} bytes. */
    void pixel(int value, int width, boolean bigEndian) {
        int at = grow(width);
        for (int i = 0; i < width; i++) {
            int shift = 8 * (bigEndian ? width - 1 - i : i);
            bytes[at + i] = (byte) (value >> shift);
        }
    }

    /** Pixels of four bytes each. */
    void pixels32(int[] values, int count, boolean bigEndian) {
        int at = grow(4 * count);
        ByteBuffer.wrap(bytes, at, 4 * count)
                .order(bigEndian ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN)
                .asIntBuffer()
                .put(values, 0, count);
    }

    void rectangle(int x, int y, int width, int height, int encoding) {
        u16(x);
        u16(y);
        u16(width);
        u16(height);
        u32(encoding);
    }

    /** Writes everything and becomes empty. */
    void drainTo(OutputStream output) throws IOException {
        output.write(bytes, 0, size);
        size = 0;
    }
}
