// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device;

/**
 * A display adapter's picture, for whoever shows it. {@link #capture} is called with the board's lock held, at most
 * some 60 times a second; it copies, so that the rest can be done without the lock.
 */
public interface ScreenSource {
    /** Brings {@code frame} up to date: sets its size and its pixels. Returns false if nothing changed since the
     * last capture into this same frame. */
    boolean capture(Frame frame);

    /** The size that the next {@link #capture} would give the picture. The board's lock is held. */
    Size size();

    /** A picture's size in pixels. */
    record Size(int width, int height) {}

    /** The pointer that the adapter lays over its picture, which is not in the picture. */
    default CursorShape cursor() {
        return CursorShape.NONE;
    }

    /** One picture: {@code pixels[y * width + x]} is 0x00RRGGBB. The array may be longer than width * height. */
    final class Frame {
        private int width;
        private int height;
        private int[] pixels = new int[0];
        private long generation = -1;

        public int width() {
            return width;
        }

        public int height() {
            return height;
        }

        public int[] pixels() {
            return pixels;
        }

        /** A number that the source uses to know what this frame shows already; -1 for a new frame. */
        public long generation() {
            return generation;
        }

        public void setGeneration(long generation) {
            this.generation = generation;
        }

        /** Sets the size, in pixels, keeping the pixel array if it is long enough. */
        public void resize(int newWidth, int newHeight) {
            width = newWidth;
            height = newHeight;
            if (pixels.length < newWidth * newHeight) {
                pixels = new int[newWidth * newHeight];
            }
        }
    }
}
