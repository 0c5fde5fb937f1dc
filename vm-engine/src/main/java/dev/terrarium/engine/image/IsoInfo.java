// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import java.util.Optional;

/**
 * What an ISO 9660 image says about itself.
 *
 * @param label the volume identifier
 * @param publisher the publisher identifier; empty if none
 * @param application the application identifier; empty if none
 * @param bootable whether its El Torito catalogue has an entry for a PC BIOS
 * @param efiBootable whether the catalogue has an entry for UEFI
 * @param osId the operating system that it installs or runs, as a short lower-case name: {@code "debian"}
 * @param description the image's own words for it, such as the line in Debian's {@code .disk/info}
 */
public record IsoInfo(
        String label,
        String publisher,
        String application,
        boolean bootable,
        boolean efiBootable,
        Optional<String> osId,
        Optional<String> description) {}
