// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device;

/**
 * The physical address map as devices change it: register windows, and stretches of host memory (RAM, ROM, video
 * memory) that the processor may access without calling a device. Addresses and sizes are multiples of 4096.
 */
public interface MemoryBus {
    /** Lets {@code window} answer {@code size} bytes at {@code base}, on top of what was mapped before. */
    Mapping mapWindow(long base, long size, RegisterWindow window);

    /**
     * Shows host memory in the guest's physical address space, on top of what was mapped before.
     *
     * @param readAddress host address read from, or {@link #NOT_DIRECT} to leave reads to what lies below
     * @param writeAddress host address written to; {@link #NOT_DIRECT} to drop writes
     */
    Mapping mapDirect(long base, long size, long readAddress, long writeAddress);

    /** In place of a host address: this access does not go to host memory. */
    long NOT_DIRECT = 0;

    /** A mapping that can be taken away again. */
    @FunctionalInterface
    interface Mapping {
        void remove();
    }
}
