// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.console;

import javafx.scene.Cursor;
import javafx.scene.ImageCursor;
import javafx.scene.image.PixelFormat;
import javafx.scene.image.WritableImage;

/**
 * The pointer that the server wants to be shown over the picture; empty if the guest draws its own. Sizes and the hot
 * spot are in pixels.
 *
 * @param argb multiplied by alpha; not changed once made
 */
@SuppressWarnings("ArrayRecordComponent") // shapes are never compared
record PointerShape(int width, int height, int hotX, int hotY, int[] argb) {
    private static final int MAX_SIDE = 512;

    /** Throws if a pointer of this size is not to be read. */
    static void check(int width, int height) {
        if (width > MAX_SIDE || height > MAX_SIDE) {
            throw new com.tigervnc.rfb.Exception("a pointer of " + width + " by " + height);
        }
    }

    /** To be called on the JavaFX thread. */
    Cursor cursor() {
        if (width == 0 || height == 0) {
            return Cursor.NONE;
        }
        WritableImage image = new WritableImage(width, height);
        image.getPixelWriter().setPixels(0, 0, width, height, PixelFormat.getIntArgbPreInstance(), argb, 0, width);
        return new ImageCursor(image, hotX, hotY);
    }
}
