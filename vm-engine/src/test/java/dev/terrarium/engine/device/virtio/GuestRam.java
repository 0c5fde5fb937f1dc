// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.virtio;

import dev.terrarium.engine.device.DeviceMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** A guest's memory of one mebibyte, and nothing at other addresses. */
public final class GuestRam implements DeviceMemory {
    public final byte[] bytes = new byte[1 << 20];
    private final ByteBuffer words = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);

    private boolean holds(long physical, int length) {
        return physical >= 0 && physical <= bytes.length - length;
    }

    @Override
    public void read(long physical, byte[] target, int offset, int length) {
        Arrays.fill(target, offset, offset + length, (byte) 0xFF);
        if (holds(physical, length)) {
            System.arraycopy(bytes, (int) physical, target, offset, length);
        }
    }

    @Override
    public void write(long physical, byte[] source, int offset, int length) {
        if (holds(physical, length)) {
            System.arraycopy(source, offset, bytes, (int) physical, length);
        }
    }

    @Override
    public int readInt(long physical) {
        return holds(physical, 4) ? words.getInt((int) physical) : -1;
    }

    @Override
    public void writeInt(long physical, int value) {
        if (holds(physical, 4)) {
            words.putInt((int) physical, value);
        }
    }

    public void writeLong(long physical, long value) {
        writeInt(physical, (int) value);
        writeInt(physical + 4, (int) (value >>> 32));
    }
}
