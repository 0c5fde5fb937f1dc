// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The names of the keys of a US keyboard and their scan codes: XT set 1, with bit 7 set for keys that have an E0
 * prefix, as in RFB's QEMU extended key event.
 */
public final class KeyNames {
    private static final int LEFT_SHIFT = 0x2A;
    private static final Map<String, Integer> CODES = new HashMap<>();
    private static final Map<Character, Integer> PLAIN = new HashMap<>();
    private static final Map<Character, Integer> SHIFTED = new HashMap<>();

    static {
        row(0x02, "1234567890-=", "!@#$%^&*()_+");
        row(0x10, "qwertyuiop[]", "QWERTYUIOP{}");
        row(0x1E, "asdfghjkl;'`", "ASDFGHJKL:\"~");
        row(0x2B, "\\zxcvbnm,./", "|ZXCVBNM<>?");
        PLAIN.put(' ', 0x39);
        PLAIN.put('\n', 0x1C);
        PLAIN.put('\r', 0x1C);
        PLAIN.put('\t', 0x0F);
        PLAIN.put('\b', 0x0E);
        PLAIN.put('\u001b', 0x01);
        for (int i = 1; i <= 10; i++) {
            CODES.put("f" + i, 0x3A + i);
        }
        name(0x01, "esc", "escape");
        name(0x0E, "backspace");
        name(0x0F, "tab");
        name(0x1C, "enter", "return", "ret");
        name(0x1D, "ctrl", "control", "leftctrl");
        name(0x2A, "shift", "leftshift");
        name(0x36, "rightshift");
        name(0x37, "kpmultiply");
        name(0x38, "alt", "leftalt");
        name(0x39, "space", "spc");
        name(0x3A, "capslock");
        name(0x45, "numlock");
        name(0x46, "scrolllock");
        name(0x57, "f11");
        name(0x58, "f12");
        name(0x9C, "kpenter");
        name(0x9D, "rightctrl");
        name(0xB5, "kpdivide");
        name(0xB7, "print", "sysrq");
        name(0xB8, "altgr", "rightalt");
        name(0xC6, "break");
        name(0xC7, "home");
        name(0xC8, "up");
        name(0xC9, "pageup", "pgup");
        name(0xCB, "left");
        name(0xCD, "right");
        name(0xCF, "end");
        name(0xD0, "down");
        name(0xD1, "pagedown", "pgdn");
        name(0xD2, "insert", "ins");
        name(0xD3, "delete", "del");
        name(0xDB, "super", "meta", "win", "leftmeta");
        name(0xDC, "rightmeta");
        name(0xDD, "menu");
        name(0x0C, "minus");
        name(0x0D, "equal");
    }

    private KeyNames() {}

    private static void row(int first, String plain, String shifted) {
        for (int i = 0; i < plain.length(); i++) {
            PLAIN.put(plain.charAt(i), first + i);
            SHIFTED.put(shifted.charAt(i), first + i);
            CODES.put(String.valueOf(plain.charAt(i)), first + i);
        }
    }

    private static void name(int code, String... names) {
        for (String name : names) {
            CODES.put(name, code);
        }
    }

    /**
     * The scan codes of a combination such as {@code ctrl-alt-delete}, {@code f2} or {@code ctrl-minus}.
     *
     * @throws TerrariumException naming the key that does not exist
     */
    public static List<Integer> parse(String combination) throws TerrariumException {
        List<Integer> codes = new ArrayList<>();
        for (String part : combination.toLowerCase(Locale.ROOT).split("[-+]", -1)) {
            Integer code = CODES.get(part);
            if (code == null) {
                throw new TerrariumException("there is no key \"" + part + "\": use names such as ctrl-alt-delete, f2,"
                        + " enter, up, a or 1");
            }
            codes.add(code);
        }
        return codes;
    }

    /**
     * The scan codes to press together for one character; a shifted character begins with Shift.
     *
     * @throws TerrariumException if a US keyboard cannot type it
     */
    public static List<Integer> forCharacter(char character) throws TerrariumException {
        Integer plain = PLAIN.get(character);
        if (plain != null) {
            return List.of(plain);
        }
        Integer shifted = SHIFTED.get(character);
        if (shifted != null) {
            return List.of(LEFT_SHIFT, shifted);
        }
        throw new TerrariumException(
                "a US keyboard cannot type \"" + character + "\": use characters from the ASCII table");
    }
}
