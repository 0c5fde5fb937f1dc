// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.display;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The adapter's memory: a block of host memory, which the processor may write at any time without asking. Every access
 * is checked against the block's size here, because the addresses come from the guest.
 */
final class VideoMemory {
    private static final MemorySegment HOST = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final long base;
    private final int size;

    VideoMemory(long base, int size) {
        this.base = base;
        this.size = size;
    }

    long base() {
        return base;
    }

    int size() {
        return size;
    }

    boolean contains(long at, int length) {
        return at >= 0 && at <= size - (long) length;
    }

    int readByte(long at) {
        return contains(at, 1) ? HOST.get(ValueLayout.JAVA_BYTE, base + at) & 0xFF : 0xFF;
    }

    void writeByte(long at, int value) {
        if (contains(at, 1)) {
            HOST.set(ValueLayout.JAVA_BYTE, base + at, (byte) value);
        }
    }

    int readInt(long at) {
        return contains(at, 4) ? HOST.get(INT, base + at) : -1;
    }

    void writeInt(long at, int value) {
        if (contains(at, 4)) {
            HOST.set(INT, base + at, value);
        }
    }

    void clear(long length) {
        HOST.asSlice(base, Math.min(length, size)).fill((byte) 0);
    }

    /** Brings {@code shadow[offset .. offset + length)} up to date; false if it was. The range must be inside. */
    boolean refresh(long at, MemorySegment shadow, int offset, int length) {
        if (MemorySegment.mismatch(HOST, base + at, base + at + length, shadow, offset, offset + (long) length) < 0) {
            return false;
        }
        MemorySegment.copy(HOST, base + at, shadow, offset, length);
        return true;
    }
}
