// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.firmware;

/**
 * How much RAM lies below and above 4 GiB.
 *
 * @param low bytes from address 0
 * @param high bytes from address 4 GiB
 */
public record MemoryMap(long low, long high) {
    /** The most that fits below the PCI window. */
    public static final long MAX_LOW = 0xE000_0000L;

    private static final long SPLIT_LOW = 0xC000_0000L;
    private static final long HIGH_BASE = 1L << 32;
    private static final int TYPE_RAM = 1;

    /** Divides {@code size} bytes of RAM as the i440FX boards of today do. */
    public static MemoryMap of(long size) {
        return size < MAX_LOW ? new MemoryMap(size, 0) : new MemoryMap(SPLIT_LOW, size - SPLIT_LOW);
    }

    /** The contents of the file {@code etc/e820}. */
    public byte[] e820() {
        LittleEndian map = LittleEndian.of(40).u64(0).u64(low).u32(TYPE_RAM);
        if (high > 0) {
            map.u64(HIGH_BASE).u64(high).u32(TYPE_RAM);
        }
        return map.toByteArray();
    }
}
