// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import dev.terrarium.engine.TerrariumException;
import java.nio.file.Path;

/**
 * The beginning of a file that may be an image, and its size. Reading it does not disturb the lock of a machine of this
 * process that uses the file, as opening and closing the file in any other way would.
 */
public record ImageHead(byte[] bytes, long size) {
    /**
     * Reads up to {@code length} bytes.
     *
     * @throws TerrariumException if the file is missing or cannot be read
     */
    public static ImageHead read(Path path, int length) throws TerrariumException {
        return ImageFile.head(path, length);
    }
}
