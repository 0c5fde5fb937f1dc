// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.virtio;

import dev.terrarium.engine.device.chipset.PciIdentity;

/** A kind of device (VIRTIO 1.2, chapter 5) and what its PCI function says that it is (section 4.1.2.1). */
public enum DeviceType {
    NETWORK(1, 0x020000),
    BLOCK(2, 0x010000),
    CONSOLE(3, 0x078000),
    ENTROPY(4, 0x00FF00),
    BALLOON(5, 0x00FF00);

    private static final int VENDOR = 0x1AF4;
    private static final int FIRST_DEVICE = 0x1040;
    private static final int REVISION = 1;
    private static final int SUBSYSTEM = 0x1100;

    private final int id;
    private final int classCode;

    DeviceType(int id, int classCode) {
        this.id = id;
        this.classCode = classCode;
    }

    /** The number of the kind. */
    public int id() {
        return id;
    }

    PciIdentity identity() {
        return new PciIdentity(VENDOR, FIRST_DEVICE + id, REVISION, classCode, VENDOR, SUBSYSTEM);
    }
}
