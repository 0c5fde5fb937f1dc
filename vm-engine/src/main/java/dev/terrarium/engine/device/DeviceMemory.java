// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device;

/**
 * Guest physical memory as a bus-mastering device sees it. The addresses come from the guest: a part that is not RAM
 * reads as 0xFF and swallows writes.
 */
public interface DeviceMemory {
    /** Copies guest memory from {@code physical} into {@code target[offset .. offset + length)}. */
    void read(long physical, byte[] target, int offset, int length);

    /** Copies {@code source[offset .. offset + length)} to guest memory at {@code physical}. */
    void write(long physical, byte[] source, int offset, int length);

    /** Reads a little-endian 16-bit word, zero-extended; in one piece if it is aligned. */
    default int readShort(long physical) {
        byte[] bytes = new byte[2];
        read(physical, bytes, 0, 2);
        return bytes[0] & 0xFF | (bytes[1] & 0xFF) << 8;
    }

    /** Writes the low 16 bits of {@code value}, little-endian; in one piece if they are aligned. */
    default void writeShort(long physical, int value) {
        write(physical, new byte[] {(byte) value, (byte) (value >> 8)}, 0, 2);
    }

    /** Reads a little-endian 32-bit word; in one piece if it is aligned. */
    int readInt(long physical);

    /** Writes a little-endian 32-bit word; in one piece if it is aligned. */
    void writeInt(long physical, int value);
}
