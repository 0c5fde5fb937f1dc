// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

/** The RAM that lies under the ROMs between 0xC0000 and 0xFFFFF. */
@FunctionalInterface
public interface ShadowMemory {
    /**
     * Decides where accesses to one segment go.
     *
     * @param base physical address of the segment: 16 KiB ones from 0xC0000, one of 64 KiB at 0xF0000
     * @param size its size in bytes
     * @param readRam true: reads see the RAM; false: the ROM or the bus
     * @param writeRam true: writes go to the RAM; false: they are lost or go to the bus
     */
    void set(int base, int size, boolean readRam, boolean writeRam);
}
