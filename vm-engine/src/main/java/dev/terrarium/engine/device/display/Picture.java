// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.display;

import dev.terrarium.engine.device.ScreenSource.Frame;
import java.util.Arrays;

/** The picture as it was last drawn, with the generation in which each row changed last. */
final class Picture {
    private int width = 640;
    private int height = 480;
    private int[] pixels = new int[width * height];
    private long[] rowGeneration = new long[height];

    /** Starts at the host's time, so that a frame filled by another adapter is never taken for one of this. */
    private long generation = System.nanoTime();

    private boolean changing;

    int width() {
        return width;
    }

    int height() {
        return height;
    }

    int[] pixels() {
        return pixels;
    }

    /** Begins a new picture, black. */
    void resize(int newWidth, int newHeight) {
        begin();
        if (newWidth != width || newHeight != height) {
            width = newWidth;
            height = newHeight;
            if (pixels.length < width * height) {
                pixels = new int[width * height];
            }
            if (rowGeneration.length < height) {
                rowGeneration = new long[height];
            }
        }
        Arrays.fill(pixels, 0, width * height, 0);
        touch(0, height);
    }

    /** Opens the next generation: rows touched from now on belong to it. */
    void begin() {
        if (!changing) {
            changing = true;
            generation++;
        }
    }

    /** Rows have been drawn. */
    void touch(int first, int count) {
        begin();
        Arrays.fill(rowGeneration, first, Math.min(height, first + count), generation);
    }

    /** Closes the generation and brings {@code frame} up to it; false if it was. */
    boolean copyTo(Frame frame) {
        changing = false;
        boolean fits = frame.width() == width && frame.height() == height && frame.generation() >= 0;
        if (fits && frame.generation() == generation) {
            return false;
        }
        long since = fits ? frame.generation() : Long.MIN_VALUE;
        frame.resize(width, height);
        int[] target = frame.pixels();
        for (int y = 0; y < height; y++) {
            if (rowGeneration[y] > since) {
                System.arraycopy(pixels, y * width, target, y * width, width);
            }
        }
        frame.setGeneration(generation);
        return true;
    }
}
