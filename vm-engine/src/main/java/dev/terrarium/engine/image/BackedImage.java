// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import dev.terrarium.engine.TerrariumException;
import java.io.IOException;
import java.util.Optional;

/** An image that may stand on another: what it does not hold itself is read there. */
public interface BackedImage extends DiskImage {
    /** The backing file's name as the image gives it, relative to the image's folder unless absolute. */
    Optional<String> backingFile();

    /** Its format, if the image says. */
    Optional<String> backingFormat();

    /** The open backing image. */
    Optional<DiskImage> backing();

    /**
     * Names another backing file; the one that is open stays in use until the image is opened again. The caller sees to
     * it that the disk does not change by that.
     */
    void changeBacking(Optional<String> name, Optional<String> format) throws TerrariumException, IOException;

    /** Refuses if what the image says of its backing image cannot be changed, nor that image itself, without harm. */
    default void requireChangeableChain() throws TerrariumException {}

    /** Forgets everything the image itself holds of the disk, so that all of it is read from the backing image. */
    void makeEmpty() throws TerrariumException, IOException;
}
