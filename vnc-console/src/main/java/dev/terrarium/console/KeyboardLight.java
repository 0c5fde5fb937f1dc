// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.console;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/** A lamp of the guest's keyboard, in the order of the bits of QEMU's LED state (rfbproto). */
public enum KeyboardLight {
    SCROLL_LOCK,
    NUM_LOCK,
    CAPS_LOCK;

    static Set<KeyboardLight> of(int bits) {
        EnumSet<KeyboardLight> lights = EnumSet.noneOf(KeyboardLight.class);
        for (KeyboardLight light : values()) {
            if ((bits >> light.ordinal() & 1) != 0) {
                lights.add(light);
            }
        }
        return Collections.unmodifiableSet(lights);
    }
}
