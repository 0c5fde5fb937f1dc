// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.disk;

import java.util.OptionalLong;

/**
 * A range of a disk whose bytes all stand the same way, with the words of {@code qemu-img map}.
 *
 * @param file of the image in the chain that has the say
 */
public record MapRange(
        long start,
        long length,
        int depth,
        boolean present,
        boolean zero,
        boolean data,
        boolean compressed,
        OptionalLong offset,
        String file) {}
