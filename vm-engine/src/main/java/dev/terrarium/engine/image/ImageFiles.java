// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import dev.terrarium.engine.TerrariumException;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Opens the files an image names. What a name inside an image may reach is the caller's decision, so that a stranger's
 * image does not open the user's files: one outside the allowed folders is refused with a line that names it.
 */
public interface ImageFiles {
    /** Opens a file of bytes, locked as an image is; {@code name} is relative to {@code base}'s folder unless absolute. */
    ByteStore openBytes(Path base, String name, boolean readOnly) throws TerrariumException, IOException;

    /** Makes a file of bytes that must not exist yet. */
    ByteStore createBytes(Path base, String name) throws TerrariumException, IOException;

    /**
     * Opens a backing image read-only.
     *
     * @param format its format's name; empty to find out by its content, never as raw by accident: see the implementation
     */
    DiskImage openImage(Path base, String name, String format) throws TerrariumException, IOException;
}
