// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.vnc;

import dev.terrarium.engine.device.CursorShape;
import dev.terrarium.engine.device.ScreenSource;

/** A machine's screen, keyboard and pointer as the RFB server uses them, from any thread: it does its own locking. */
public interface Screen {
    /** The machine's name; viewers are told when it changes. */
    String name();

    /** As {@link ScreenSource#capture}. */
    boolean capture(ScreenSource.Frame frame);

    /** As {@link ScreenSource#cursor}. */
    default CursorShape cursor() {
        return CursorShape.NONE;
    }

    /** A key as an XT scan code, bit 7 for an E0 prefix. */
    void key(int scanCode, boolean down);

    /** As {@link dev.terrarium.engine.device.PointerSink#move}. */
    void movePointer(int dx, int dy, int wheel, int buttons);

    /** Keyboard lights: bit 0 scroll lock, bit 1 num lock, bit 2 caps lock. */
    int leds();
}
