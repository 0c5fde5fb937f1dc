// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.storage;

import dev.terrarium.engine.device.DeviceMemory;
import java.util.Arrays;

/** A small guest memory. */
final class TestMemory implements DeviceMemory {
    final byte[] bytes = new byte[1 << 20];

    @Override
    public void read(long physical, byte[] target, int offset, int length) {
        Arrays.fill(target, offset, offset + length, (byte) 0xFF);
        if (physical < bytes.length) {
            System.arraycopy(bytes, (int) physical, target, offset, (int) Math.min(length, bytes.length - physical));
        }
    }

    @Override
    public void write(long physical, byte[] source, int offset, int length) {
        if (physical < bytes.length) {
            System.arraycopy(source, offset, bytes, (int) physical, (int) Math.min(length, bytes.length - physical));
        }
    }

    @Override
    public int readInt(long physical) {
        byte[] word = new byte[4];
        read(physical, word, 0, 4);
        return word[0] & 0xFF | (word[1] & 0xFF) << 8 | (word[2] & 0xFF) << 16 | word[3] << 24;
    }

    @Override
    public void writeInt(long physical, int value) {
        write(
                physical,
                new byte[] {(byte) value, (byte) (value >> 8), (byte) (value >> 16), (byte) (value >> 24)},
                0,
                4);
    }
}
