// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.disk;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.Sizes;

/** Sizes as people write them for disks. */
public final class DiskSizes {
    private DiskSizes() {}

    /**
     * The bytes of {@code 20G}, {@code 1.5T}, {@code 512}.
     *
     * @throws TerrariumException if it is no size
     */
    public static long parse(String text) throws TerrariumException {
        return Sizes.parse(text);
    }
}
