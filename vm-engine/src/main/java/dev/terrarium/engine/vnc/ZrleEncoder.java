// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.vnc;

import java.util.zip.Deflater;
import org.jspecify.annotations.Nullable;

/** ZRLE: tiles of 64 by 64 pixels, each packed its best way, in one zlib stream a client (RFC 6143, section 7.7.6). */
final class ZrleEncoder implements RectangleEncoder, AutoCloseable {
    private static final int TILE = 64;
    private static final int MAX_PALETTE = 127;
    private static final int MAX_PACKED_PALETTE = 16;
    private static final int RLE = 128;
    private static final int HASH_SIZE = 512;

    private @Nullable Deflater deflater;
    private int level = Deflater.BEST_SPEED;
    private final WireOutput plain = new WireOutput();
    private final byte[] packed = new byte[16384];
    private final int[] tile = new int[TILE * TILE];
    private final int[] palette = new int[MAX_PALETTE];
    private final int[] hashKeys = new int[HASH_SIZE];
    private final int[] hashIndices = new int[HASH_SIZE];
    private int paletteSize;
    private int cpixelBytes;
    private int cpixelShift;
    private boolean bigEndian;

    @Override
    public int number() {
        return Encoding.ZRLE;
    }

    /** Compression for the whole stream, from 1 to 9; without effect once it has begun. */
    void setLevel(int newLevel) {
        level = newLevel;
    }

    @Override
    public void close() {
        if (deflater != null) {
            deflater.end();
        }
    }

    @Override
    public void encode(int[] pixels, int width, int height, PixelFormat format, WireOutput out) {
        cpixelBytes = format.compact() ? 3 : format.bytesPerPixel();
        cpixelShift = format.compact() ? format.compactShift() : 0;
        bigEndian = format.bigEndian();
        plain.clear();
        for (int y = 0; y < height; y += TILE) {
            for (int x = 0; x < width; x += TILE) {
                int w = Math.min(TILE, width - x);
                int h = Math.min(TILE, height - y);
                for (int row = 0; row < h; row++) {
                    System.arraycopy(pixels, (y + row) * width + x, tile, row * w, w);
                }
                encodeTile(w, h);
            }
        }
        int lengthAt = out.size();
        out.u32(0);
        Deflater stream = deflater == null ? new Deflater(level) : deflater;
        deflater = stream;
        stream.setInput(plain.bytes(), 0, plain.size());
        int count;
        do {
            count = stream.deflate(packed, 0, packed.length, Deflater.SYNC_FLUSH);
            out.raw(packed, 0, count);
        } while (count == packed.length);
        out.setU32(lengthAt, out.size() - lengthAt - 4);
    }

    private void cpixel(int value) {
        plain.pixel(value >>> cpixelShift, cpixelBytes, bigEndian);
    }

    private void encodeTile(int w, int h) {
        int count = w * h;
        int runs = 0;
        int singles = 0;
        boolean paletteFits = true;
        clearPalette();
        for (int i = 0; i < count; ) {
            int colour = tile[i];
            int end = runEnd(i, count);
            if (end - i == 1) {
                singles++;
            } else {
                runs++;
            }
            paletteFits = paletteFits && addColour(colour);
            i = end;
        }
        if (paletteFits && paletteSize == 1) {
            plain.u8(1);
            cpixel(tile[0]);
            return;
        }
        int rawSize = count * cpixelBytes;
        int rleSize = (cpixelBytes + 1) * (runs + singles);
        int paletteRleSize = paletteFits ? cpixelBytes * paletteSize + 2 * runs + singles : Integer.MAX_VALUE;
        int bits = paletteSize <= 2 ? 1 : paletteSize <= 4 ? 2 : 4;
        int packedSize = paletteFits && paletteSize <= MAX_PACKED_PALETTE
                ? cpixelBytes * paletteSize + (w * bits + 7) / 8 * h
                : Integer.MAX_VALUE;
        int best = Math.min(Math.min(rawSize, rleSize), Math.min(paletteRleSize, packedSize));
        if (best == packedSize) {
            packedPalette(w, h, bits);
        } else if (best == paletteRleSize) {
            paletteRle(count);
        } else if (best == rleSize) {
            plain.u8(RLE);
            for (int i = 0; i < count; ) {
                int end = runEnd(i, count);
                cpixel(tile[i]);
                runLength(end - i);
                i = end;
            }
        } else {
            plain.u8(0);
            for (int i = 0; i < count; i++) {
                cpixel(tile[i]);
            }
        }
    }

    private int runEnd(int start, int count) {
        int end = start + 1;
        while (end < count && tile[end] == tile[start]) {
            end++;
        }
        return end;
    }

    private void runLength(int length) {
        int rest = length - 1;
        while (rest >= 255) {
            plain.u8(255);
            rest -= 255;
        }
        plain.u8(rest);
    }

    private void writePalette() {
        for (int i = 0; i < paletteSize; i++) {
            cpixel(palette[i]);
        }
    }

    private void packedPalette(int w, int h, int bits) {
        plain.u8(paletteSize);
        writePalette();
        for (int y = 0; y < h; y++) {
            int collected = 0;
            int filled = 0;
            for (int x = 0; x < w; x++) {
                collected = collected << bits | index(tile[y * w + x]);
                filled += bits;
                if (filled == 8) {
                    plain.u8(collected);
                    collected = 0;
                    filled = 0;
                }
            }
            if (filled > 0) {
                plain.u8(collected << 8 - filled);
            }
        }
    }

    private void paletteRle(int count) {
        plain.u8(RLE + paletteSize);
        writePalette();
        for (int i = 0; i < count; ) {
            int end = runEnd(i, count);
            int index = index(tile[i]);
            if (end - i == 1) {
                plain.u8(index);
            } else {
                plain.u8(index | RLE);
                runLength(end - i);
            }
            i = end;
        }
    }

    private void clearPalette() {
        paletteSize = 0;
        java.util.Arrays.fill(hashIndices, -1);
    }

    private int slot(int colour) {
        int slot = (colour ^ colour >>> 9 ^ colour >>> 18) & HASH_SIZE - 1;
        while (hashIndices[slot] >= 0 && hashKeys[slot] != colour) {
            slot = slot + 1 & HASH_SIZE - 1;
        }
        return slot;
    }

    private int index(int colour) {
        return hashIndices[slot(colour)];
    }

    /** Returns false if the palette is full. */
    private boolean addColour(int colour) {
        int slot = slot(colour);
        if (hashIndices[slot] >= 0) {
            return true;
        }
        if (paletteSize == MAX_PALETTE) {
            return false;
        }
        hashKeys[slot] = colour;
        hashIndices[slot] = paletteSize;
        palette[paletteSize++] = colour;
        return true;
    }
}
