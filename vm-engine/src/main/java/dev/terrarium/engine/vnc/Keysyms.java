// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.vnc;

import dev.terrarium.engine.KeyNames;
import dev.terrarium.engine.TerrariumException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The keys of a US keyboard by X11 keysym, for viewers that send nothing better (X11 protocol, appendix A). */
final class Keysyms {
    private static final Map<Integer, Integer> SCAN_CODES = new HashMap<>();

    static {
        for (char character = ' '; character <= '~'; character++) {
            try {
                List<Integer> codes = KeyNames.forCharacter(character);
                SCAN_CODES.put((int) character, codes.getLast());
            } catch (TerrariumException e) {
                throw new ExceptionInInitializerError(e);
            }
        }
        row(0xFF08, 0x0E, 0x0F);
        row(0xFF0D, 0x1C);
        row(0xFF13, 0xC6, 0x46, 0xB7);
        row(0xFF1B, 0x01);
        row(0xFF50, 0xC7, 0xCB, 0xC8, 0xCD, 0xD0, 0xC9, 0xD1, 0xCF);
        row(0xFF61, 0xB7, 0xB7, 0xD2);
        row(0xFF67, 0xDD);
        row(0xFF6B, 0xC6);
        row(0xFF7F, 0x45);
        row(0xFF80, 0x39);
        row(0xFF89, 0x0F);
        row(0xFF8D, 0x9C);
        row(0xFF95, 0x47, 0x4B, 0x48, 0x4D, 0x50, 0x49, 0x51, 0x4F, 0x4C, 0x52, 0x53);
        row(0xFFAA, 0x37, 0x4E, 0x53, 0x4A, 0x53, 0xB5);
        row(0xFFB0, 0x52, 0x4F, 0x50, 0x51, 0x4B, 0x4C, 0x4D, 0x47, 0x48, 0x49);
        row(0xFFBE, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F, 0x40, 0x41, 0x42, 0x43, 0x44, 0x57, 0x58);
        row(0xFFE1, 0x2A, 0x36, 0x1D, 0x9D, 0x3A, 0x3A, 0xDB, 0xDC, 0x38, 0xB8, 0xDB, 0xDC);
        row(0xFFFF, 0xD3);
        row(0xFE03, 0xB8);
        row(0xFE20, 0x0F);
    }

    private Keysyms() {}

    private static void row(int first, int... scanCodes) {
        for (int i = 0; i < scanCodes.length; i++) {
            SCAN_CODES.put(first + i, scanCodes[i]);
        }
    }

    /** The scan code as {@link Screen#key} takes it; 0 if the keyboard has no such key. */
    static int scanCode(int keysym) {
        return SCAN_CODES.getOrDefault(keysym, 0);
    }
}
