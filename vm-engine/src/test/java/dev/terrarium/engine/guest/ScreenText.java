// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.guest;

import dev.terrarium.engine.Screenshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** Reads the characters of a VGA text screen back from its pixels, by the 8x16 font of the VGA BIOS. */
final class ScreenText {
    private static final Path VGA_BIOS = Path.of("/usr/share/seabios/vgabios-stdvga.bin");
    private static final int HEIGHT = 16;
    /** The glyph of A in the IBM VGA's 8x16 font, by which the font is found in the BIOS. */
    private static final int[] LETTER_A = {0, 0, 0x10, 0x38, 0x6C, 0xC6, 0xC6, 0xFE, 0xC6, 0xC6, 0xC6, 0xC6, 0, 0, 0, 0
    };

    private final Map<String, Character> glyphs = new HashMap<>();

    ScreenText() {
        byte[] bios;
        try {
            bios = Files.readAllBytes(VGA_BIOS);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        int font = find(bios) - 'A' * HEIGHT;
        for (int code = 0x7E; code > 0x20; code--) {
            StringBuilder rows = new StringBuilder();
            for (int y = 0; y < HEIGHT; y++) {
                rows.append((char) (bios[font + code * HEIGHT + y] & 0xFF));
            }
            glyphs.put(rows.toString(), (char) code);
        }
    }

    private static int find(byte[] bios) {
        for (int at = 'A' * HEIGHT; at + HEIGHT < bios.length; at++) {
            int same = 0;
            while (same < HEIGHT && (bios[at + same] & 0xFF) == LETTER_A[same]) {
                same++;
            }
            if (same == HEIGHT) {
                return at;
            }
        }
        throw new IllegalStateException("the VGA BIOS has no font");
    }

    /** The screen's lines; a character that is none of the font's is a space. */
    String read(Screenshot screen) {
        int cell = screen.width() % 9 == 0 ? 9 : 8;
        StringBuilder text = new StringBuilder();
        for (int row = 0; row + HEIGHT <= screen.height(); row += HEIGHT) {
            for (int column = 0; column + cell <= screen.width(); column += cell) {
                text.append(character(screen, column, row));
            }
            text.append('\n');
        }
        return text.toString();
    }

    private char character(Screenshot screen, int x, int y) {
        int background = screen.pixels()[y * screen.width() + x];
        StringBuilder plain = new StringBuilder();
        StringBuilder inverse = new StringBuilder();
        for (int row = 0; row < HEIGHT; row++) {
            int bits = 0;
            for (int column = 0; column < 8; column++) {
                boolean set = screen.pixels()[(y + row) * screen.width() + x + column] != background;
                bits |= set ? 0x80 >> column : 0;
            }
            plain.append((char) bits);
            inverse.append((char) (~bits & 0xFF));
        }
        Character found = glyphs.get(plain.toString());
        return found != null ? found : glyphs.getOrDefault(inverse.toString(), ' ');
    }
}
