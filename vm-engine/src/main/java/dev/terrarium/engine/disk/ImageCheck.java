// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.disk;

import java.util.List;
import java.util.Optional;

/**
 * What {@code qemu-img check} says.
 *
 * @param corruptions and {@code leaks}: those that are left
 * @param clusters figures; empty for formats without
 */
public record ImageCheck(
        String filename,
        String format,
        List<String> messages,
        long corruptions,
        long leaks,
        long corruptionsFixed,
        long leaksFixed,
        Optional<Clusters> clusters) {
    /** What to mend. */
    public enum Repair {
        NONE,
        LEAKS,
        ALL
    }

    /** Clusters of the disk, and the file's end in bytes. */
    public record Clusters(long total, long allocated, long compressed, long fragmented, long imageEnd) {}
}
