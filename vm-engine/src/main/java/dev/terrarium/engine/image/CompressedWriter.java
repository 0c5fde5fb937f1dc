// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import java.io.IOException;

/** An image that can hold parts of the disk compressed, each written once. */
public interface CompressedWriter extends DiskImage {
    /** The parts' size in bytes; 0 if this image cannot. */
    int compressedUnit();

    /**
     * Writes a part, compressed if that makes it shorter and nothing was written there before.
     *
     * @param unit exactly {@link #compressedUnit} bytes; what lies past the disk's end is zeros
     * @param position a multiple of the unit
     */
    void writeCompressed(byte[] unit, long position) throws IOException;
}
