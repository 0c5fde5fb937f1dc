// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import dev.terrarium.engine.TerrariumException;
import java.io.IOException;

/** An image whose disk can change its size. */
public interface ResizableImage extends DiskImage {
    /**
     * Makes the disk larger, by zeros, or smaller, which loses what lies past the new end.
     *
     * @throws TerrariumException if the format or the image does not allow it
     */
    void resize(long newSize) throws TerrariumException, IOException;
}
