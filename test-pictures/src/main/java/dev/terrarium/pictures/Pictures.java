// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.pictures;

import dev.terrarium.engine.Screenshot;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import javafx.scene.Scene;
import javafx.scene.image.PixelFormat;
import javafx.scene.image.WritableImage;

/** Writes what a scene shows as PNG files under {@code target/screenshots}, for a person to look at. */
public final class Pictures {
    private Pictures() {}

    /** To be called on the window's thread. */
    public static Path save(Scene scene, String name) throws IOException {
        WritableImage image = scene.snapshot(null);
        int width = (int) image.getWidth();
        int height = (int) image.getHeight();
        int[] pixels = new int[width * height];
        image.getPixelReader().getPixels(0, 0, width, height, PixelFormat.getIntArgbInstance(), pixels, 0, width);
        Path file = Files.createDirectories(Path.of("target", "screenshots")).resolve(name + ".png");
        try (OutputStream out = Files.newOutputStream(file)) {
            new Screenshot(width, height, pixels).writePng(out);
        }
        return file;
    }
}
