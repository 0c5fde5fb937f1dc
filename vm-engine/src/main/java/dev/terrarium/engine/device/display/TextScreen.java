// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.display;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Draws the text modes: characters from plane 0, attributes from plane 1, glyphs from plane 2. A row of characters is
 * drawn again when its bytes, the font, its cursor or its blinking changed.
 */
final class TextScreen {
    private static final long CURSOR_BLINK_NANOS = 266_000_000L;
    private static final long TEXT_BLINK_NANOS = 533_000_000L;

    private static final int CELL = 4;
    private static final int GLYPHS = 256;
    private static final int GLYPH_ROWS = 32;
    private static final int FONT_SIZE = GLYPHS * GLYPH_ROWS;

    private static final int LINE_GRAPHICS = 0x04;
    private static final int BLINK_ENABLE = 0x08;
    private static final int CURSOR_OFF = 0x20;
    private static final int DOUBLE_SCAN = 0x80;
    private static final int NO_ROW = -1;

    private final VideoMemory memory;
    private final VgaRegisters registers;
    private final Picture picture;
    private final int[] colors;

    private final byte[][] fonts = new byte[2][FONT_SIZE];
    private int columns;
    private int cellWidth;
    private int cellHeight;
    private int dots;
    private int rows;
    private byte[] shadow = new byte[0];
    private MemorySegment shadowSegment = MemorySegment.ofArray(shadow);
    private boolean[] blinking = new boolean[0];
    private int cursorRow = NO_ROW;
    private int cursorColumn;
    private boolean textShown = true;

    TextScreen(VideoMemory memory, VgaRegisters registers, Picture picture, int[] colors) {
        this.memory = memory;
        this.registers = registers;
        this.picture = picture;
        this.colors = colors;
    }

    void configure(int newColumns, int newCellWidth, int newDots, int height) {
        columns = newColumns;
        cellWidth = newCellWidth;
        dots = newDots;
        int maxScan = registers.crtc(VgaRegisters.CRTC_MAX_SCAN_LINE);
        cellHeight = ((maxScan & 0x1F) + 1) << ((maxScan & DOUBLE_SCAN) != 0 ? 1 : 0);
        rows = height / cellHeight;
        int needed = rows * columns * CELL;
        if (shadow.length < needed) {
            shadow = new byte[needed];
            shadowSegment = MemorySegment.ofArray(shadow);
        }
        if (blinking.length < rows) {
            blinking = new boolean[rows];
        }
        int width = columns * cellWidth * dots;
        if (width != picture.width() || height != picture.height()) {
            picture.resize(width, height);
        }
    }

    void draw(long nanos, boolean everything) {
        boolean whole = loadFonts() || everything;
        boolean shown = nanos / TEXT_BLINK_NANOS % 2 == 0;
        boolean blinked = shown != textShown;
        textShown = shown;
        int oldRow = cursorRow;
        int oldColumn = cursorColumn;
        placeCursor(nanos / CURSOR_BLINK_NANOS % 2 == 0);
        boolean cursorMoved = oldRow != cursorRow || oldColumn != cursorColumn;
        for (int row = 0; row < rows; row++) {
            boolean differs = refresh(row);
            boolean cursorChanged = cursorMoved && (row == oldRow || row == cursorRow);
            if (differs || whole || cursorChanged || blinked && blinking[row]) {
                drawRow(row);
                picture.touch(row * cellHeight, cellHeight);
            }
        }
    }

    private long start() {
        return 4L * (registers.crtc(VgaRegisters.CRTC_START_HIGH) << 8 | registers.crtc(VgaRegisters.CRTC_START_LOW));
    }

    private int pitch() {
        return registers.crtc(VgaRegisters.CRTC_OFFSET) * 8;
    }

    private boolean refresh(int row) {
        long address = start() + (long) row * pitch();
        int length = columns * CELL;
        return memory.contains(address, length) && memory.refresh(address, shadowSegment, row * length, length);
    }

    /** Reads the two fonts that the Character Map Select register chooses; true if one of them changed. */
    private boolean loadFonts() {
        int select = registers.sequencer(VgaRegisters.SEQ_CHARACTER_MAP);
        int mapB = select >> 4 & 1 | (select & 3) << 1;
        int mapA = select >> 5 & 1 | (select >> 2 & 3) << 1;
        boolean changed = loadFont(fonts[0], mapB);
        if (mapA == mapB) {
            changed |= !Arrays.equals(fonts[0], fonts[1]);
            System.arraycopy(fonts[0], 0, fonts[1], 0, FONT_SIZE);
        } else {
            changed |= loadFont(fonts[1], mapA);
        }
        return changed;
    }

    private boolean loadFont(byte[] font, int map) {
        // Maps 0 to 3 lie 16 KiB apart, maps 4 to 7 in the gaps: the third bit of the number is 8 KiB.
        long at = (long) map * FONT_SIZE * 4;
        boolean changed = false;
        for (int i = 0; i < FONT_SIZE; i++) {
            byte value = (byte) (memory.readInt(at + 4L * i) >>> 16);
            changed |= font[i] != value;
            font[i] = value;
        }
        return changed;
    }

    private void placeCursor(boolean shown) {
        int startRegister = registers.crtc(VgaRegisters.CRTC_CURSOR_START);
        long cell =
                4L * (registers.crtc(VgaRegisters.CRTC_CURSOR_HIGH) << 8 | registers.crtc(VgaRegisters.CRTC_CURSOR_LOW))
                        - start();
        cursorRow = NO_ROW;
        cursorColumn = 0;
        if (shown && (startRegister & CURSOR_OFF) == 0 && cell >= 0 && pitch() > 0) {
            long row = cell / pitch();
            long column = cell % pitch() / CELL;
            if (row < rows && column < columns) {
                cursorRow = (int) row;
                cursorColumn = (int) column;
            }
        }
    }

    private void drawRow(int row) {
        int control = registers.attribute(VgaRegisters.ATTR_MODE_CONTROL);
        boolean blinkEnabled = (control & BLINK_ENABLE) != 0;
        boolean blinks = false;
        for (int column = 0; column < columns; column++) {
            int at = (row * columns + column) * CELL;
            int character = shadow[at] & 0xFF;
            int attribute = shadow[at + 1] & 0xFF;
            int foreground = colors[attribute & 0xF];
            int background = colors[attribute >> 4 & (blinkEnabled ? 7 : 0xF)];
            if (blinkEnabled && (attribute & 0x80) != 0) {
                blinks = true;
                foreground = textShown ? foreground : background;
            }
            boolean ninth = (control & LINE_GRAPHICS) != 0 && character >= 0xC0 && character <= 0xDF;
            drawCell(row, column, fonts[attribute >> 3 & 1], character, foreground, background, ninth);
        }
        blinking[row] = blinks;
        if (row == cursorRow) {
            drawCursor();
        }
    }

    private void drawCell(
            int row, int column, byte[] font, int character, int foreground, int background, boolean ninth) {
        int[] pixels = picture.pixels();
        int width = picture.width();
        int left = row * cellHeight * width + column * cellWidth * dots;
        int repeat = doubled();
        for (int y = 0; y < cellHeight; y++) {
            int glyph = font[character * GLYPH_ROWS + (y / repeat & GLYPH_ROWS - 1)] & 0xFF;
            int bits = glyph << 1 | (ninth ? glyph & 1 : 0);
            int at = left + y * width;
            for (int x = 0; x < cellWidth; x++) {
                int color = (bits >> (8 - x) & 1) != 0 ? foreground : background;
                for (int dot = 0; dot < dots; dot++) {
                    pixels[at++] = color;
                }
            }
        }
    }

    private int doubled() {
        return (registers.crtc(VgaRegisters.CRTC_MAX_SCAN_LINE) & DOUBLE_SCAN) != 0 ? 2 : 1;
    }

    private void drawCursor() {
        int first = (registers.crtc(VgaRegisters.CRTC_CURSOR_START) & 0x1F) * doubled();
        int last = ((registers.crtc(VgaRegisters.CRTC_CURSOR_END) & 0x1F) + 1) * doubled();
        int at = (cursorRow * columns + cursorColumn) * CELL;
        int color = colors[shadow[at + 1] & 0xF];
        int width = picture.width();
        int left = cursorRow * cellHeight * width + cursorColumn * cellWidth * dots;
        for (int y = first; y < Math.min(last, cellHeight); y++) {
            Arrays.fill(picture.pixels(), left + y * width, left + y * width + cellWidth * dots, color);
        }
    }
}
