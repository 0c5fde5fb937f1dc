// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.vnc;

import dev.terrarium.engine.device.CursorShape;
import java.nio.charset.StandardCharsets;

/** The rectangles of one update that are not picture, collected before it, since an update begins with their number. */
final class PseudoRectangles {
    /** Reasons and results of ExtendedDesktopSize (rfbproto, "ExtendedDesktopSize Pseudo-encoding"). */
    static final int BY_SERVER = 0;

    static final int BY_THIS_CLIENT = 1;
    static final int DONE = 0;
    static final int PROHIBITED = 1;

    private static final int HALF_OPAQUE = 128;
    private static final RawEncoder RAW = new RawEncoder();

    private final WireOutput out = new WireOutput();
    private int count;

    int count() {
        return count;
    }

    /** Hands everything over and is empty again. */
    void moveTo(WireOutput target) {
        target.raw(out.bytes(), 0, out.size());
        out.clear();
        count = 0;
    }

    private void begin(int x, int y, int width, int height, int encoding) {
        out.rectangle(x, y, width, height, encoding);
        count++;
    }

    /** QEMU Extended Key Event is understood here. */
    void extendedKeys() {
        begin(0, 0, 0, 0, Encoding.QEMU_EXTENDED_KEY);
    }

    void desktopSize(int width, int height) {
        begin(0, 0, width, height, Encoding.DESKTOP_SIZE);
    }

    /** ExtendedDesktopSize with one screen. */
    void layout(int reason, int result, int width, int height) {
        begin(reason, result, width, height, Encoding.EXTENDED_DESKTOP_SIZE);
        out.u8(1);
        out.u8(0);
        out.u16(0);
        out.u32(0);
        out.u16(0);
        out.u16(0);
        out.u16(width);
        out.u16(height);
        out.u32(0);
    }

    /** DesktopName (rfbproto, "DesktopName Pseudo-encoding"). */
    void name(String name) {
        begin(0, 0, 0, 0, Encoding.DESKTOP_NAME);
        byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
        out.u32(utf8.length);
        out.raw(utf8, 0, utf8.length);
    }

    void qemuLeds(int leds) {
        begin(0, 0, 0, 0, Encoding.QEMU_LED_STATE);
        out.u8(leds);
    }

    void vmwareLeds(int leds) {
        begin(0, 0, 0, 0, Encoding.VMWARE_LED_STATE);
        out.u32(leds);
    }

    /** Cursor: pixels in the client's format, and a bit a pixel, one for those that are seen (RFC 6143, section 7.8.1). */
    void cursor(CursorShape shape, PixelFormat format) {
        int width = shape.width();
        int height = shape.height();
        begin(shape.hotX(), shape.hotY(), width, height, Encoding.CURSOR);
        int[] pixels = new int[width * height];
        format.convert(shape.argb(), 0, pixels, 0, pixels.length);
        RAW.encode(pixels, width, height, format, out);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x += 8) {
                int bits = 0;
                for (int i = x; i < Math.min(x + 8, width); i++) {
                    if (shape.argb()[y * width + i] >>> 24 >= HALF_OPAQUE) {
                        bits |= 0x80 >> i - x;
                    }
                }
                out.u8(bits);
            }
        }
    }

    /** Cursor With Alpha: an encoding, here raw, and RGBA multiplied by alpha (rfbproto, "Cursor With Alpha ..."). */
    void cursorWithAlpha(CursorShape shape) {
        begin(shape.hotX(), shape.hotY(), shape.width(), shape.height(), Encoding.CURSOR_WITH_ALPHA);
        out.u32(Encoding.RAW);
        for (int pixel : shape.argb()) {
            int alpha = pixel >>> 24;
            for (int shift = 16; shift >= 0; shift -= 8) {
                out.u8(((pixel >> shift & 0xFF) * alpha + 127) / 255);
            }
            out.u8(alpha);
        }
    }
}
