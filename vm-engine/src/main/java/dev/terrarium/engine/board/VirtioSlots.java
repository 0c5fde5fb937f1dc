// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

/** The PCI slots of virtio devices: a guest names a device by its slot, so one keeps it whatever else the machine has. */
final class VirtioSlots {
    static final int NETWORK = 3;
    static final int ENTROPY = 11;
    static final int BALLOON = 12;
    static final int CONSOLE = 13;
    private static final int NETWORK_CARDS = 8;
    private static final int FIRST_DISK = 16;
    private static final int DISKS = 16;

    private VirtioSlots() {}

    static int disk(int index) {
        return slot(FIRST_DISK, index, DISKS);
    }

    static int networkCard(int index) {
        return slot(NETWORK, index, NETWORK_CARDS);
    }

    private static int slot(int first, int index, int count) {
        if (index < 0 || index >= count) {
            throw new IllegalArgumentException("there is no slot for device " + index);
        }
        return first + index;
    }
}
