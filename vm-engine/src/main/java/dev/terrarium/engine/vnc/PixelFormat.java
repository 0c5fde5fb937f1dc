// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.vnc;

import java.io.DataInputStream;
import java.io.IOException;

/** How a client wants its pixels (RFC 6143, section 7.4), with the tables that make them from 0x00RRGGBB. */
final class PixelFormat {
    /** What the server offers: 0x00RRGGBB in little-endian order. */
    static final PixelFormat NATIVE = new PixelFormat(32, 24, false, 255, 255, 255, 16, 8, 0, false);

    private final int bitsPerPixel;
    private final int depth;
    private final boolean bigEndian;
    private final boolean colourMap;
    private final int[] shifts;
    private final int[] maxima;
    private final int[] red;
    private final int[] green;
    private final int[] blue;
    private final boolean identity;

    private PixelFormat(
            int bitsPerPixel,
            int depth,
            boolean bigEndian,
            int redMax,
            int greenMax,
            int blueMax,
            int redShift,
            int greenShift,
            int blueShift,
            boolean colourMap) {
        this.bitsPerPixel = bitsPerPixel;
        this.depth = depth;
        this.bigEndian = bigEndian;
        this.colourMap = colourMap;
        shifts = new int[] {redShift, greenShift, blueShift};
        maxima = new int[] {redMax, greenMax, blueMax};
        red = table(redMax, redShift);
        green = table(greenMax, greenShift);
        blue = table(blueMax, blueShift);
        identity = bitsPerPixel == 32
                && redMax == 255
                && greenMax == 255
                && blueMax == 255
                && redShift == 16
                && greenShift == 8
                && blueShift == 0;
    }

    private static int[] table(int max, int shift) {
        int[] table = new int[256];
        for (int i = 0; i < 256; i++) {
            table[i] = (i * max + 127) / 255 << shift;
        }
        return table;
    }

    /** Reads the 16 bytes of a pixel format. */
    static PixelFormat read(DataInputStream in) throws IOException {
        int bits = in.readUnsignedByte();
        int depth = in.readUnsignedByte();
        boolean bigEndian = in.readUnsignedByte() != 0;
        boolean trueColour = in.readUnsignedByte() != 0;
        int redMax = in.readUnsignedShort();
        int greenMax = in.readUnsignedShort();
        int blueMax = in.readUnsignedShort();
        int redShift = in.readUnsignedByte();
        int greenShift = in.readUnsignedByte();
        int blueShift = in.readUnsignedByte();
        in.skipNBytes(3);
        if (bits != 8 && bits != 16 && bits != 32) {
            throw new RfbProtocolException(bits + " bits per pixel");
        }
        if (!trueColour) {
            if (bits != 8) {
                throw new RfbProtocolException("a colour map with " + bits + " bits per pixel");
            }
            return new PixelFormat(8, 8, false, 7, 7, 3, 0, 3, 6, true);
        }
        check(bits, redMax, redShift);
        check(bits, greenMax, greenShift);
        check(bits, blueMax, blueShift);
        return new PixelFormat(
                bits, depth, bigEndian, redMax, greenMax, blueMax, redShift, greenShift, blueShift, false);
    }

    private static void check(int bits, int max, int shift) throws RfbProtocolException {
        if (max == 0 || (max & max + 1) != 0 || shift + Integer.bitCount(max) > bits) {
            throw new RfbProtocolException("a colour with maximum " + max + " at bit " + shift + " of " + bits);
        }
    }

    /** The 16 bytes of this format. */
    void write(WireOutput out) {
        out.u8(bitsPerPixel);
        out.u8(depth);
        out.u8(bigEndian ? 1 : 0);
        out.u8(colourMap ? 0 : 1);
        for (int max : maxima) {
            out.u16(max);
        }
        for (int shift : shifts) {
            out.u8(shift);
        }
        out.u8(0);
        out.u16(0);
    }

    /** Does the client need {@link #writeColourMap} before its first pixel? */
    boolean usesColourMap() {
        return colourMap;
    }

    /** SetColourMapEntries with the 256 colours that pixels of such a client index. */
    void writeColourMap(WireOutput out) {
        out.u8(1);
        out.u8(0);
        out.u16(0);
        out.u16(256);
        for (int i = 0; i < 256; i++) {
            for (int part = 0; part < 3; part++) {
                out.u16((i >> shifts[part] & maxima[part]) * 65535 / maxima[part]);
            }
        }
    }

    int bytesPerPixel() {
        return bitsPerPixel / 8;
    }

    boolean bigEndian() {
        return bigEndian;
    }

    int pixel(int rgb) {
        return red[rgb >> 16 & 0xFF] | green[rgb >> 8 & 0xFF] | blue[rgb & 0xFF];
    }

    /** Converts {@code count} pixels. */
    void convert(int[] source, int sourceAt, int[] target, int targetAt, int count) {
        if (identity) {
            for (int i = 0; i < count; i++) {
                target[targetAt + i] = source[sourceAt + i] & 0xFFFFFF;
            }
        } else {
            for (int i = 0; i < count; i++) {
                target[targetAt + i] = pixel(source[sourceAt + i]);
            }
        }
    }

    private int allBits() {
        return maxima[0] << shifts[0] | maxima[1] << shifts[1] | maxima[2] << shifts[2];
    }

    /** Is a ZRLE CPIXEL (RFC 6143, section 7.7.5) three bytes wide? */
    boolean compact() {
        return bitsPerPixel == 32 && depth <= 24 && ((allBits() & 0xFF000000) == 0 || (allBits() & 0xFF) == 0);
    }

    /** Where in the pixel a three-byte CPIXEL begins: at bit 0, or at bit 8 if only the upper three bytes are used. */
    int compactShift() {
        boolean lower = (allBits() & 0xFF000000) == 0;
        boolean upper = (allBits() & 0xFF) == 0;
        return bigEndian ? (upper ? 8 : 0) : (lower ? 0 : 8);
    }
}
