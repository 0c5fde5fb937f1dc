// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A copy of a machine that is wanted.
 *
 * @param name of the copy
 * @param kind what its disks are
 * @param snapshot the moment to copy, by name or id; empty for the machine as it is now (of one that runs: its disks as after a
 *     power cut, with what the guest flushed)
 */
public record CloneRequest(String name, Kind kind, Optional<String> snapshot) {
    /** What the disks of a copy are. */
    public enum Kind {
        /** Copies, which need nothing of the original. */
        FULL,
        /** Images that hold what changes, and stand on the original's, which is not to be deleted while they are there. */
        LINKED
    }

    /**
     * What a clone would make.
     *
     * @param disks one for each disk of the machine
     * @param freeBytes room on the file system of the home
     */
    public record Plan(List<Disk> disks, long freeBytes) {
        public Plan {
            disks = List.copyOf(disks);
        }

        /** What is written at once. */
        public long bytes() {
            return disks.stream().mapToLong(Disk::bytes).sum();
        }
    }

    /**
     * One disk of a plan.
     *
     * @param source the original's image
     * @param target the copy's; equal to {@code source} for what is shared and never written, such as a CD image
     * @param bytes that the copy takes when it is made
     */
    public record Disk(Path source, Path target, long bytes) {}
}
