// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import dev.terrarium.engine.KeyNames;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.vnc.Screen;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** Presses keys as a person would. */
final class Keys {
    private static final long INTERVAL_NANOS = 15_000_000;

    private Keys() {}

    /** What to press for each character of a text. */
    static List<List<Integer>> forText(String text) throws TerrariumException {
        List<List<Integer>> presses = new ArrayList<>();
        for (char character : text.toCharArray()) {
            presses.add(KeyNames.forCharacter(character));
        }
        return presses;
    }

    /** Presses keys in order and releases them in reverse. */
    static void press(Screen screen, List<Integer> codes) {
        codes.forEach(code -> screen.key(code, true));
        LockSupport.parkNanos(INTERVAL_NANOS);
        codes.reversed().forEach(code -> screen.key(code, false));
        LockSupport.parkNanos(INTERVAL_NANOS);
    }
}
