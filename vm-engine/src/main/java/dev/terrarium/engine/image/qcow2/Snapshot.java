// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import dev.terrarium.engine.image.ImageSnapshot;
import java.time.Instant;

/**
 * An entry of the snapshot table.
 *
 * @param extra data after the disk's size that nobody here knows; kept
 */
record Snapshot(
        long l1Offset,
        int l1Size,
        String id,
        String name,
        int seconds,
        int nanos,
        long vmClockNanos,
        long vmStateSize,
        long diskSize,
        boolean hasDiskSize,
        byte[] extra) {
    ImageSnapshot summary() {
        return new ImageSnapshot(
                id,
                name,
                Instant.ofEpochSecond(Integer.toUnsignedLong(seconds), nanos),
                vmClockNanos,
                vmStateSize,
                diskSize);
    }

    Snapshot at(long offset, int size) {
        return new Snapshot(
                offset, size, id, name, seconds, nanos, vmClockNanos, vmStateSize, diskSize, hasDiskSize, extra);
    }
}
