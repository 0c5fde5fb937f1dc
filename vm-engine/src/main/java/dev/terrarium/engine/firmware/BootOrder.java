// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.firmware;

/** The Open Firmware paths by which SeaBIOS knows what it may boot from. */
public final class BootOrder {
    private BootOrder() {}

    /** A drive of the PIIX3 IDE controller at PCI device 1, function 1. */
    public static String ide(int channel, int drive) {
        return "/pci@i0cf8/ide@1,1/drive@%d/disk@%d".formatted(channel, drive);
    }

    /** A virtio disk in a PCI slot. */
    public static String virtioDisk(int slot) {
        return "/pci@i0cf8/scsi@%x/disk@0,0".formatted(slot);
    }

    /** A boot ROM in the firmware configuration device, such as {@code genroms/terrarium-boot.bin}. */
    public static String rom(String file) {
        return "/rom@" + file;
    }
}
