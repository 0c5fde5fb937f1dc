// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.disk;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What there is to say of an image, with the words of {@code qemu-img info}.
 *
 * @param virtualSize bytes of the guest's disk
 * @param actualSize bytes of the file that are not holes
 * @param clusterSize bytes; 0 if the format has no clusters
 * @param fullBackingFile the backing file's path
 * @param details what is particular to the format
 */
public record ImageInfo(
        String filename,
        String format,
        long virtualSize,
        long actualSize,
        int clusterSize,
        boolean dirty,
        Optional<String> backingFile,
        Optional<String> backingFormat,
        Optional<String> fullBackingFile,
        List<Snapshot> snapshots,
        Map<String, Object> details) {
    /** A snapshot inside an image. */
    public record Snapshot(String id, String name, Instant date, long vmClockNanos, long vmStateSize) {}
}
