// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine;

/**
 * What a file that somebody wants to boot from turned out to be.
 *
 * @param title for a person: {@code "Debian 12 installer"}
 * @param operatingSystem the guest ID for {@code MachineConfig}, or {@code other}
 * @param bytes size of the file
 */
public record MediaInfo(Kind kind, String title, String operatingSystem, boolean bootable, long bytes) {
    /** Kind of medium. */
    public enum Kind {
        CD_IMAGE,
        DISK_IMAGE,
        LINUX_KERNEL,
        MULTIBOOT_KERNEL
    }
}
