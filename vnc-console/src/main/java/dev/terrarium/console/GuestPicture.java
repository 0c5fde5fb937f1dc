// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.console;

import java.nio.IntBuffer;
import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;

/** The guest's picture as far as it has come over the wire, and what part of it has not been shown yet. */
final class GuestPicture {
    private static final int OPAQUE = 0xFF000000;

    private final ReentrantLock lock = new ReentrantLock();
    private int width;
    private int height;
    private int[] pixels = new int[0];
    private int dirtyLeft;
    private int dirtyTop;
    private int dirtyRight;
    private int dirtyBottom;

    /** The part of the picture that was brought up to date. */
    record Change(int x, int y, int width, int height) {}

    void resize(int newWidth, int newHeight) {
        lock.lock();
        try {
            width = newWidth;
            height = newHeight;
            pixels = new int[newWidth * newHeight];
            Arrays.fill(pixels, OPAQUE);
            dirtyLeft = 0;
            dirtyTop = 0;
            dirtyRight = newWidth;
            dirtyBottom = newHeight;
        } finally {
            lock.unlock();
        }
    }

    int width() {
        lock.lock();
        try {
            return width;
        } finally {
            lock.unlock();
        }
    }

    int height() {
        lock.lock();
        try {
            return height;
        } finally {
            lock.unlock();
        }
    }

    private void touch(int x, int y, int w, int h) {
        if (dirtyRight <= dirtyLeft) {
            dirtyLeft = x;
            dirtyTop = y;
            dirtyRight = x + w;
            dirtyBottom = y + h;
        } else {
            dirtyLeft = Math.min(dirtyLeft, x);
            dirtyTop = Math.min(dirtyTop, y);
            dirtyRight = Math.max(dirtyRight, x + w);
            dirtyBottom = Math.max(dirtyBottom, y + h);
        }
    }

    private boolean outside(int x, int y, int w, int h) {
        return x < 0 || y < 0 || w <= 0 || h <= 0 || x + w > width || y + h > height;
    }

    void fill(int x, int y, int w, int h, int rgb) {
        lock.lock();
        try {
            if (outside(x, y, w, h)) {
                return;
            }
            for (int row = y; row < y + h; row++) {
                Arrays.fill(pixels, row * width + x, row * width + x + w, rgb | OPAQUE);
            }
            touch(x, y, w, h);
        } finally {
            lock.unlock();
        }
    }

    void draw(int x, int y, int w, int h, int[] source) {
        lock.lock();
        try {
            if (outside(x, y, w, h)) {
                return;
            }
            for (int row = 0; row < h; row++) {
                int target = (y + row) * width + x;
                for (int column = 0; column < w; column++) {
                    pixels[target + column] = source[row * w + column] | OPAQUE;
                }
            }
            touch(x, y, w, h);
        } finally {
            lock.unlock();
        }
    }

    void copy(int x, int y, int w, int h, int fromX, int fromY) {
        lock.lock();
        try {
            if (outside(x, y, w, h) || outside(fromX, fromY, w, h)) {
                return;
            }
            for (int i = 0; i < h; i++) {
                int row = fromY < y ? h - 1 - i : i;
                System.arraycopy(pixels, (fromY + row) * width + fromX, pixels, (y + row) * width + x, w);
            }
            touch(x, y, w, h);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Copies what is new into a buffer of the picture's size. An empty change comes back if the buffer's size is not
     * the picture's any more.
     */
    Change takeInto(IntBuffer target, int targetWidth, int targetHeight) {
        lock.lock();
        try {
            if (targetWidth != width || targetHeight != height) {
                return new Change(0, 0, 0, 0);
            }
            Change change = new Change(dirtyLeft, dirtyTop, dirtyRight - dirtyLeft, dirtyBottom - dirtyTop);
            for (int y = dirtyTop; y < dirtyBottom; y++) {
                target.put(y * width + dirtyLeft, pixels, y * width + dirtyLeft, change.width());
            }
            dirtyRight = dirtyLeft;
            dirtyBottom = dirtyTop;
            return change;
        } finally {
            lock.unlock();
        }
    }
}
