// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * One moment of a machine that it can go back to.
 *
 * @param id never changes, unlike the name
 * @param name unique among the machine's snapshots
 * @param description any text, maybe empty
 * @param time when it was taken
 * @param parent the snapshot that the machine stood on then; empty for a first one
 * @param content what was taken
 * @param storage where the disks of that moment are
 * @param memoryBytes what memory and devices take on the host; 0 without
 * @param diskBytes what the disks take on the host that no other snapshot and no running machine needs
 * @param picture the screen of that moment, a PNG file; empty if the machine was off
 * @param machine the machine's configuration then, one line for a person
 */
public record Snapshot(
        UUID id,
        String name,
        String description,
        Instant time,
        Optional<UUID> parent,
        Content content,
        Storage storage,
        long memoryBytes,
        long diskBytes,
        Optional<Path> picture,
        String machine) {

    /** What a snapshot holds. */
    public enum Content {
        /** Memory, devices and disks of a machine that ran: reverting goes on where it was. */
        RUNNING,
        /** The disks of a machine that was off. */
        STOPPED,
        /** The disks alone of a machine that ran, as after a power cut. */
        DISKS
    }

    /** Where the disks of a snapshot are. */
    public enum Storage {
        /** The images of that moment are never written again; new images stand on them. */
        OVERLAY,
        /** In the images themselves (qcow2's internal snapshots). */
        INTERNAL
    }

    /**
     * What to take.
     *
     * @param memory whether memory and devices belong to it if the machine runs
     */
    public record Request(String name, String description, boolean memory, Storage storage) {}

    /**
     * What deleting a snapshot does.
     *
     * @param freedBytes what the host has more afterwards
     * @param mergedBytes what must be copied into images that stand on it
     * @param removed files that go
     * @param kept why some of its disks stay for the time being, one line; empty if none do
     */
    public record Removal(long freedBytes, long mergedBytes, List<Path> removed, Optional<String> kept) {}
}
