// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import java.util.OptionalLong;

/**
 * A range of a guest's disk whose bytes all stand the same way, with the words of {@code qemu-img map}.
 *
 * @param start first byte on the guest's disk
 * @param length bytes, at least 1
 * @param depth 0 for the image itself, 1 for its backing image and so on: whose word on these bytes counts
 * @param present whether an image in the chain says anything about them; otherwise they are zeros that nobody wrote
 * @param zero whether they read as zeros without looking
 * @param data whether there are stored bytes
 * @param compressed whether those are compressed
 * @param offset where in the file of that image the stored bytes begin, if they stand there as they are
 */
public record Extent(
        long start,
        long length,
        int depth,
        boolean present,
        boolean zero,
        boolean data,
        boolean compressed,
        OptionalLong offset) {

    /** The same at another place on the disk: of a part that begins elsewhere. */
    public Extent at(long position) {
        return new Extent(position, length, depth, present, zero, data, compressed, offset);
    }

    /** The same as seen by the image that stands on this one, where it lies at {@code position}. */
    public Extent below(long position) {
        return new Extent(position, length, depth + 1, present, zero, data, compressed, offset);
    }
}
