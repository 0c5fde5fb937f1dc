// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.vnc;

/** Raw: the pixels as they are (RFC 6143, section 7.7.1). */
record RawEncoder() implements RectangleEncoder {
    @Override
    public int number() {
        return Encoding.RAW;
    }

    @Override
    public void encode(int[] pixels, int width, int height, PixelFormat format, WireOutput out) {
        int bytes = format.bytesPerPixel();
        if (bytes == 4) {
            out.pixels32(pixels, width * height, format.bigEndian());
            return;
        }
        for (int i = 0; i < width * height; i++) {
            out.pixel(pixels[i], bytes, format.bigEndian());
        }
    }
}
