// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import java.time.Instant;

/**
 * A snapshot inside an image file.
 *
 * @param id unique in the image; qemu-img gives numbers
 * @param vmClockNanos how long the guest had been running
 * @param vmStateSize bytes of a running machine's state that are kept with it; 0 for the disk alone
 * @param diskSize bytes of the disk at that time
 */
public record ImageSnapshot(String id, String name, Instant date, long vmClockNanos, long vmStateSize, long diskSize) {}
