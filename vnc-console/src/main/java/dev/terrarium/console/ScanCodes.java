// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.console;

import dev.terrarium.engine.KeyNames;
import dev.terrarium.engine.TerrariumException;
import java.util.EnumMap;
import java.util.Map;
import java.util.OptionalInt;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;

/** The XT scan code of the key behind a JavaFX key event. */
final class ScanCodes {
    private static final Map<KeyCode, Integer> CODES = new EnumMap<>(KeyCode.class);

    static {
        put(0x01, KeyCode.ESCAPE);
        put(
                0x02,
                KeyCode.DIGIT1,
                KeyCode.DIGIT2,
                KeyCode.DIGIT3,
                KeyCode.DIGIT4,
                KeyCode.DIGIT5,
                KeyCode.DIGIT6,
                KeyCode.DIGIT7,
                KeyCode.DIGIT8,
                KeyCode.DIGIT9,
                KeyCode.DIGIT0,
                KeyCode.MINUS,
                KeyCode.EQUALS,
                KeyCode.BACK_SPACE,
                KeyCode.TAB);
        letters(0x10, "QWERTYUIOP");
        put(0x1A, KeyCode.OPEN_BRACKET, KeyCode.CLOSE_BRACKET, KeyCode.ENTER, KeyCode.CONTROL);
        letters(0x1E, "ASDFGHJKL");
        put(0x27, KeyCode.SEMICOLON, KeyCode.QUOTE, KeyCode.BACK_QUOTE, KeyCode.SHIFT, KeyCode.BACK_SLASH);
        letters(0x2C, "ZXCVBNM");
        put(0x33, KeyCode.COMMA, KeyCode.PERIOD, KeyCode.SLASH);
        put(0x37, KeyCode.MULTIPLY, KeyCode.ALT, KeyCode.SPACE, KeyCode.CAPS);
        put(
                0x3B,
                KeyCode.F1,
                KeyCode.F2,
                KeyCode.F3,
                KeyCode.F4,
                KeyCode.F5,
                KeyCode.F6,
                KeyCode.F7,
                KeyCode.F8,
                KeyCode.F9,
                KeyCode.F10,
                KeyCode.NUM_LOCK,
                KeyCode.SCROLL_LOCK);
        put(0x47, KeyCode.NUMPAD7, KeyCode.NUMPAD8, KeyCode.NUMPAD9, KeyCode.SUBTRACT);
        put(0x4B, KeyCode.NUMPAD4, KeyCode.NUMPAD5, KeyCode.NUMPAD6, KeyCode.ADD);
        put(0x4F, KeyCode.NUMPAD1, KeyCode.NUMPAD2, KeyCode.NUMPAD3, KeyCode.NUMPAD0, KeyCode.DECIMAL);
        put(0x48, KeyCode.KP_UP);
        put(0x4B, KeyCode.KP_LEFT);
        put(0x4D, KeyCode.KP_RIGHT);
        put(0x50, KeyCode.KP_DOWN);
        put(0x56, KeyCode.LESS, KeyCode.F11, KeyCode.F12);
        put(0xB5, KeyCode.DIVIDE);
        put(0xB7, KeyCode.PRINTSCREEN, KeyCode.ALT_GRAPH);
        put(0xC6, KeyCode.PAUSE, KeyCode.HOME, KeyCode.UP, KeyCode.PAGE_UP);
        put(0xCB, KeyCode.LEFT);
        put(0xCD, KeyCode.RIGHT);
        put(0xCF, KeyCode.END, KeyCode.DOWN, KeyCode.PAGE_DOWN, KeyCode.INSERT, KeyCode.DELETE);
        put(0xDB, KeyCode.WINDOWS);
        put(0xDB, KeyCode.META);
        put(0xDB, KeyCode.COMMAND);
        put(0xDD, KeyCode.CONTEXT_MENU);
    }

    private ScanCodes() {}

    private static void put(int first, KeyCode... keys) {
        for (int i = 0; i < keys.length; i++) {
            CODES.put(keys[i], first + i);
        }
    }

    private static void letters(int first, String letters) {
        for (int i = 0; i < letters.length(); i++) {
            CODES.put(KeyCode.valueOf(letters.substring(i, i + 1)), first + i);
        }
    }

    /** The scan code; a symbol's is that of the key that carries it on a US keyboard. Empty for an unknown key. */
    static OptionalInt of(KeyEvent event) {
        Integer code = CODES.get(event.getCode());
        if (code != null) {
            return OptionalInt.of(code);
        }
        OptionalInt byText = ofText(event.getText());
        return byText.isPresent() ? byText : ofText(event.getCode().getChar());
    }

    private static OptionalInt ofText(String text) {
        if (text.length() != 1) {
            return OptionalInt.empty();
        }
        try {
            return OptionalInt.of(KeyNames.forCharacter(text.charAt(0)).getLast());
        } catch (TerrariumException e) {
            return OptionalInt.empty();
        }
    }
}
