// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.wizards;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** A format that a disk image can be made in, as a person chooses it. */
enum DiskFormat {
    QCOW2("qcow2", "qcow2", "qcow2", "Grows as it is written; snapshots, compression"),
    RAW("raw", "img", "raw", "Plain and fast; every program reads it"),
    VMDK("vmdk", "vmdk", "VMDK", "For VMware"),
    VDI("vdi", "vdi", "VDI", "For VirtualBox"),
    VHDX("vhdx", "vhdx", "VHDX", "For Hyper-V"),
    VPC("vpc", "vhd", "VHD", "For Virtual PC and Azure");

    private final String engineName;
    private final String ending;
    private final String title;
    private final String purpose;

    DiskFormat(String engineName, String ending, String title, String purpose) {
        this.engineName = engineName;
        this.ending = ending;
        this.title = title;
        this.purpose = purpose;
    }

    /** qemu-img's word. */
    String engineName() {
        return engineName;
    }

    /** What its files' names end in. */
    String ending() {
        return ending;
    }

    String title() {
        return title;
    }

    String purpose() {
        return purpose;
    }

    /** The name of a file of this format, whatever it ended in before. */
    String fileName(String name) {
        int dot = name.lastIndexOf('.');
        boolean known = dot > 0
                && (Arrays.stream(values()).anyMatch(each -> each.ending.equalsIgnoreCase(name.substring(dot + 1)))
                        || name.substring(dot + 1).equalsIgnoreCase("raw"));
        return (known ? name.substring(0, dot) : name) + "." + ending;
    }

    static Optional<DiskFormat> of(String engineName) {
        return Arrays.stream(values())
                .filter(each -> each.engineName.equals(engineName))
                .findFirst();
    }

    static List<DiskFormat> all() {
        return List.of(values());
    }
}
