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

    /** Reads a little-endian 32-bit word. */
    int readInt(long physical);

    /** Writes a little-endian 32-bit word. */
    void writeInt(long physical, int value);
}
