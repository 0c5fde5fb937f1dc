// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device;

/** Something that keys can be pressed on. Called with the board's lock held. */
public interface KeyboardSink {
    /**
     * A key went down or up.
     *
     * @param scanCode the key as an XT (set 1) scan code 1 to 0x7F; keys with an E0 prefix have bit 7 set (0x80 | code),
     *     as in the QEMU extended key event of RFB
     */
    void key(int scanCode, boolean down);

    /** The lock lights as the guest set them: bit 0 scroll lock, bit 1 num lock, bit 2 caps lock. */
    int leds();
}
