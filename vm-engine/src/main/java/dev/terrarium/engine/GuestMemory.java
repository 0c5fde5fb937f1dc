// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine;

/**
 * What a guest with a balloon driver says about its memory. Figures in bytes; -1 where it has not told.
 *
 * @param targetBytes memory that it was asked to make do with; all of it unless somebody asked for less
 * @param balloonBytes of it in the balloon, which the host has back
 * @param totalBytes what it knows of, the balloon left out
 * @param freeBytes used for nothing
 * @param availableBytes what programs could have without swapping
 * @param cachedBytes copies of files
 */
public record GuestMemory(
        long targetBytes, long balloonBytes, long totalBytes, long freeBytes, long availableBytes, long cachedBytes) {
    /** Of a machine without a balloon, or that is off. */
    public static final GuestMemory NONE = new GuestMemory(-1, 0, -1, -1, -1, -1);

    /** What it uses itself, caches left out; -1 if it has not told. */
    public long usedBytes() {
        return totalBytes < 0 || freeBytes < 0 ? -1 : Math.max(0, totalBytes - freeBytes - Math.max(0, cachedBytes));
    }
}
