// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.display;

import dev.terrarium.engine.device.ScreenSource.Frame;
import dev.terrarium.engine.device.ScreenSource.Size;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Draws what the registers and the video memory say. It keeps a copy of every row's bytes as they were drawn last, and
 * draws only rows whose bytes differ: a picture that stands still costs one comparison of memory.
 */
final class Screen {
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private static final int DEFAULT_WIDTH = 640;
    private static final int DEFAULT_HEIGHT = 480;
    private static final int VGA_MEMORY = 0x40000;

    private static final int SCREEN_OFF = 0x20;
    private static final int HALF_DOT_CLOCK = 0x08;
    private static final int EIGHT_DOTS = 0x01;
    private static final int GRAPHICS = 0x01;
    private static final int SHIFT_256 = 0x40;
    private static final int SHIFT_INTERLEAVED = 0x20;
    private static final int DOUBLE_SCAN = 0x80;
    private static final int PANNING_COMPATIBLE = 0x20;
    private static final int PALETTE_BITS_5_4 = 0x80;

    /** How the bytes of a row become pixels. */
    private enum Kind {
        BLANK,
        TEXT,
        PLANAR,
        CGA,
        PACKED,
        RGB555,
        RGB565,
        RGB24,
        RGB32
    }

    private final VideoMemory memory;
    private final VgaRegisters registers;
    private final BochsDisplay bochs;
    private final TextScreen text;
    private final Picture picture = new Picture();
    private final int[] colors = new int[256];
    private final int[] attributeColors = new int[16];

    /** A register changed since {@link #configure}. */
    private boolean stale = true;

    /** A register changed since the last capture. */
    private boolean redraw = true;

    private Kind kind = Kind.BLANK;
    private int dots;
    private int pan;
    private int rowBytes;
    private byte[] shadow = new byte[0];
    private MemorySegment shadowSegment = MemorySegment.ofArray(shadow);

    Screen(VideoMemory memory, VgaRegisters registers, BochsDisplay bochs) {
        this.memory = memory;
        this.registers = registers;
        this.bochs = bochs;
        this.text = new TextScreen(memory, registers, picture, attributeColors);
    }

    /** A register changed: everything is to be drawn again. */
    void invalidate() {
        stale = true;
        redraw = true;
    }

    Size size() {
        refresh();
        return new Size(picture.width(), picture.height());
    }

    private void refresh() {
        if (stale) {
            stale = false;
            configure();
        }
    }

    boolean capture(Frame frame, long nanos) {
        boolean whole = redraw;
        redraw = false;
        refresh();
        switch (kind) {
            case BLANK -> {}
            case TEXT -> text.draw(nanos, whole);
            default -> drawRows(whole);
        }
        return picture.copyTo(frame);
    }

    private void configure() {
        boolean eightBits = bochs.enabled() && bochs.eightBitDac();
        int mask = registers.pelMask();
        for (int i = 0; i < 256; i++) {
            colors[i] = registers.color(i & mask, eightBits);
        }
        for (int i = 0; i < 16; i++) {
            attributeColors[i] = colors[attributeColor(i)];
        }
        if (bochs.enabled()) {
            configureBochs();
        } else {
            configureVga();
        }
        boolean off =
                !registers.screenEnabled() || (registers.sequencer(VgaRegisters.SEQ_CLOCKING_MODE) & SCREEN_OFF) != 0;
        if (off) {
            kind = Kind.BLANK;
            picture.resize(picture.width(), picture.height());
            return;
        }
        int needed = rowBytes * picture.height();
        if (shadow.length < needed) {
            shadow = new byte[needed];
            shadowSegment = MemorySegment.ofArray(shadow);
        }
    }

    private int attributeColor(int index) {
        int entry = registers.attribute(index & registers.attribute(VgaRegisters.ATTR_PLANE_ENABLE) & 0xF);
        int select = registers.attribute(VgaRegisters.ATTR_COLOR_SELECT);
        return (registers.attribute(VgaRegisters.ATTR_MODE_CONTROL) & PALETTE_BITS_5_4) != 0
                ? (select & 0xF) << 4 | entry & 0xF
                : (select & 0xC) << 4 | entry & 0x3F;
    }

    private void configureBochs() {
        int width = bochs.width();
        kind = switch (bochs.depth()) {
            case 4 -> Kind.PLANAR;
            case 15 -> Kind.RGB555;
            case 16 -> Kind.RGB565;
            case 24 -> Kind.RGB24;
            case 32 -> Kind.RGB32;
            default -> Kind.PACKED;
        };
        dots = 1;
        pan = bochs.panning();
        rowBytes = bochs.rowBytes(width + pan);
        picture.resize(width, bochs.height());
    }

    private int displayEnd() {
        int overflow = registers.crtc(VgaRegisters.CRTC_OVERFLOW);
        return (registers.crtc(VgaRegisters.CRTC_VERTICAL_DISPLAY_END) | (overflow & 2) << 7 | (overflow & 0x40) << 3)
                + 1;
    }

    private void configureVga() {
        int characters = registers.crtc(VgaRegisters.CRTC_DISPLAY_END) + 1;
        int height = displayEnd();
        int clocking = registers.sequencer(VgaRegisters.SEQ_CLOCKING_MODE);
        if (characters < 8 || height < 64) {
            kind = Kind.BLANK;
            picture.resize(DEFAULT_WIDTH, DEFAULT_HEIGHT);
            return;
        }
        dots = (clocking & HALF_DOT_CLOCK) != 0 ? 2 : 1;
        int mode = registers.graphics(VgaRegisters.GC_MODE);
        pan = registers.attribute(VgaRegisters.ATTR_PIXEL_PANNING) & 7;
        if ((registers.graphics(VgaRegisters.GC_MISCELLANEOUS) & GRAPHICS) == 0) {
            kind = Kind.TEXT;
            int cellWidth = (clocking & EIGHT_DOTS) != 0 ? 8 : 9;
            rowBytes = 0;
            text.configure(characters, cellWidth, dots, height);
        } else if ((mode & SHIFT_256) != 0) {
            kind = Kind.PACKED;
            dots *= 2;
            pan /= 2;
            rowBytes = characters * 4 + 4;
            picture.resize(characters * 8 * dots / 2, height);
        } else {
            kind = (mode & SHIFT_INTERLEAVED) != 0 ? Kind.CGA : Kind.PLANAR;
            rowBytes = characters * 4 + 4;
            picture.resize(characters * 8 * dots, height);
        }
    }

    /** Where the row drawn at {@code y} begins in video memory. */
    private long rowAddress(int y) {
        if (bochs.enabled()) {
            return bochs.start() + (long) y * bochs.pitch();
        }
        int maxScan = registers.crtc(VgaRegisters.CRTC_MAX_SCAN_LINE);
        long start =
                4L * (registers.crtc(VgaRegisters.CRTC_START_HIGH) << 8 | registers.crtc(VgaRegisters.CRTC_START_LOW));
        int scan = y;
        if (y > lineCompare()) {
            start = 0;
            scan = y - lineCompare() - 1;
        }
        scan >>= (maxScan & DOUBLE_SCAN) != 0 ? 1 : 0;
        int rows = (maxScan & 0x1F) + 1;
        int counter = scan % rows;
        long address = start + (long) (scan / rows) * registers.crtc(VgaRegisters.CRTC_OFFSET) * 8;
        int control = registers.crtc(VgaRegisters.CRTC_MODE_CONTROL);
        if ((control & 1) == 0) {
            int bit = (control & 0x40) != 0 ? 15 : 14;
            address = address & ~(1L << bit) | (long) (counter & 1) << bit;
        }
        if ((control & 2) == 0) {
            address = address & ~(1L << 15) | (long) (counter >> 1 & 1) << 15;
        }
        return address & (VGA_MEMORY - 1);
    }

    private int lineCompare() {
        return registers.crtc(VgaRegisters.CRTC_LINE_COMPARE)
                | (registers.crtc(VgaRegisters.CRTC_OVERFLOW) & 0x10) << 4
                | (registers.crtc(VgaRegisters.CRTC_MAX_SCAN_LINE) & 0x40) << 3;
    }

    private void drawRows(boolean whole) {
        int height = picture.height();
        boolean stillBelowSplit =
                (registers.attribute(VgaRegisters.ATTR_MODE_CONTROL) & PANNING_COMPATIBLE) != 0 && !bochs.enabled();
        for (int y = 0; y < height; y++) {
            long address = rowAddress(y);
            int at = y * rowBytes;
            if (!memory.contains(address, rowBytes)) {
                continue;
            }
            boolean differs = memory.refresh(address, shadowSegment, at, rowBytes);
            if (differs || whole) {
                int rowPan = stillBelowSplit && y > lineCompare() ? 0 : pan;
                drawRow(at, y * picture.width(), picture.width(), rowPan);
                picture.touch(y, 1);
            }
        }
    }

    private void drawRow(int from, int to, int width, int rowPan) {
        int[] pixels = picture.pixels();
        switch (kind) {
            case RGB32 -> {
                for (int x = 0; x < width; x++) {
                    pixels[to + x] = (int) INT.get(shadow, from + 4 * x) & 0xFFFFFF;
                }
            }
            case RGB24 -> {
                for (int x = 0, at = from; x < width; x++, at += 3) {
                    pixels[to + x] = shadow[at] & 0xFF | (shadow[at + 1] & 0xFF) << 8 | (shadow[at + 2] & 0xFF) << 16;
                }
            }
            case RGB565 -> {
                for (int x = 0, at = from; x < width; x++, at += 2) {
                    int value = shadow[at] & 0xFF | (shadow[at + 1] & 0xFF) << 8;
                    int green = value >> 5 & 0x3F;
                    pixels[to + x] = five(value >> 11) << 16 | (green << 2 | green >> 4) << 8 | five(value);
                }
            }
            case RGB555 -> {
                for (int x = 0, at = from; x < width; x++, at += 2) {
                    int value = shadow[at] & 0xFF | (shadow[at + 1] & 0xFF) << 8;
                    pixels[to + x] = five(value >> 10) << 16 | five(value >> 5) << 8 | five(value);
                }
            }
            case PACKED -> {
                for (int x = 0; x < width; x++) {
                    pixels[to + x] = colors[shadow[from + x / dots + rowPan] & 0xFF];
                }
            }
            case PLANAR -> {
                for (int x = 0; x < width; x++) {
                    pixels[to + x] = attributeColors[planar(from, x / dots + rowPan)];
                }
            }
            case CGA -> {
                for (int x = 0; x < width; x++) {
                    pixels[to + x] = attributeColors[interleaved(from, x / dots + rowPan)];
                }
            }
            case BLANK, TEXT -> {}
        }
    }

    private static int five(int value) {
        int low = value & 0x1F;
        return low << 3 | low >> 2;
    }

    private int planar(int from, int pixel) {
        int at = from + (pixel >> 3) * 4;
        int bit = 7 - (pixel & 7);
        return shadow[at] >> bit & 1
                | (shadow[at + 1] >> bit & 1) << 1
                | (shadow[at + 2] >> bit & 1) << 2
                | (shadow[at + 3] >> bit & 1) << 3;
    }

    /** Two bits a pixel: the first four pixels of a character from planes 0 and 2, the others from 1 and 3. */
    private int interleaved(int from, int pixel) {
        int at = from + (pixel >> 3) * 4 + (pixel >> 2 & 1);
        int shift = 6 - 2 * (pixel & 3);
        return shadow[at] >> shift & 3 | (shadow[at + 2] >> shift & 3) << 2;
    }
}
