// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.vnc;

/** Hextile: tiles of 16 by 16 pixels as a background with rectangles on it (RFC 6143, section 7.7.4). */
final class HextileEncoder implements RectangleEncoder {
    private static final int TILE = 16;
    private static final int RAW = 1;
    private static final int BACKGROUND = 2;
    private static final int FOREGROUND = 4;
    private static final int SUBRECTANGLES = 8;
    private static final int COLOURED = 16;

    private final int[] tile = new int[TILE * TILE];
    private final boolean[] done = new boolean[TILE * TILE];
    private boolean backgroundKnown;
    private boolean foregroundKnown;
    private int lastBackground;
    private int lastForeground;

    @Override
    public int number() {
        return Encoding.HEXTILE;
    }

    @Override
    public void encode(int[] pixels, int width, int height, PixelFormat format, WireOutput out) {
        backgroundKnown = false;
        foregroundKnown = false;
        for (int y = 0; y < height; y += TILE) {
            for (int x = 0; x < width; x += TILE) {
                int w = Math.min(TILE, width - x);
                int h = Math.min(TILE, height - y);
                for (int row = 0; row < h; row++) {
                    System.arraycopy(pixels, (y + row) * width + x, tile, row * w, w);
                }
                encodeTile(w, h, format, out);
            }
        }
    }

    private void encodeTile(int w, int h, PixelFormat format, WireOutput out) {
        int count = w * h;
        int first = tile[0];
        int firstCount = 0;
        int second = first;
        int secondCount = 0;
        boolean more = false;
        for (int i = 0; i < count; i++) {
            int pixel = tile[i];
            if (pixel == first) {
                firstCount++;
            } else if (secondCount == 0 || pixel == second) {
                second = pixel;
                secondCount++;
            } else {
                more = true;
            }
        }
        int background = firstCount >= secondCount ? first : second;
        int foreground = firstCount >= secondCount ? second : first;
        int start = out.size();
        int flags = 0;
        out.u8(0);
        if (!backgroundKnown || background != lastBackground) {
            flags |= BACKGROUND;
            pixel(background, format, out);
        }
        if (secondCount > 0) {
            flags |= SUBRECTANGLES;
            if (more) {
                flags |= COLOURED;
            } else if (!foregroundKnown || foreground != lastForeground) {
                flags |= FOREGROUND;
                pixel(foreground, format, out);
            }
            int limit = start + 1 + count * format.bytesPerPixel();
            if (!subrectangles(w, h, background, more, limit, format, out)) {
                out.truncate(start);
                out.u8(RAW);
                for (int i = 0; i < count; i++) {
                    pixel(tile[i], format, out);
                }
                backgroundKnown = false;
                foregroundKnown = false;
                return;
            }
            foregroundKnown = !more;
            lastForeground = foreground;
        }
        backgroundKnown = true;
        lastBackground = background;
        out.setU8(start, flags);
    }

    private static void pixel(int value, PixelFormat format, WireOutput out) {
        out.pixel(value, format.bytesPerPixel(), format.bigEndian());
    }

    /** Returns false as soon as the raw pixels would be smaller. */
    private boolean subrectangles(
            int w, int h, int background, boolean coloured, int limit, PixelFormat format, WireOutput out) {
        int countAt = out.size();
        int rectangles = 0;
        out.u8(0);
        for (int i = 0; i < w * h; i++) {
            done[i] = tile[i] == background;
        }
        for (int y = 0; y < h; y++) {
            for (int x = 0; x < w; x++) {
                if (done[y * w + x]) {
                    continue;
                }
                int colour = tile[y * w + x];
                int right = x + 1;
                while (right < w && !done[y * w + right] && tile[y * w + right] == colour) {
                    right++;
                }
                int bottom = y + 1;
                while (bottom < h && rowIs(colour, bottom * w + x, bottom * w + right)) {
                    bottom++;
                }
                for (int row = y; row < bottom; row++) {
                    java.util.Arrays.fill(done, row * w + x, row * w + right, true);
                }
                if (coloured) {
                    pixel(colour, format, out);
                }
                out.u8(x << 4 | y);
                out.u8(right - x - 1 << 4 | bottom - y - 1);
                rectangles++;
                if (out.size() >= limit || rectangles > 255) {
                    return false;
                }
            }
        }
        out.setU8(countAt, rectangles);
        return true;
    }

    private boolean rowIs(int colour, int from, int to) {
        for (int i = from; i < to; i++) {
            if (done[i] || tile[i] != colour) {
                return false;
            }
        }
        return true;
    }
}
