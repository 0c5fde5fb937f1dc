// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.vnc;

/** The numbers of encodings and pseudo-encodings: RFC 6143, section 7.7 and the IANA registry it set up. */
final class Encoding {
    static final int RAW = 0;
    static final int HEXTILE = 5;
    static final int ZRLE = 16;
    static final int DESKTOP_SIZE = -223;
    static final int CURSOR = -239;
    static final int COMPRESS_LEVEL_0 = -256;
    static final int COMPRESS_LEVEL_9 = -247;
    static final int QEMU_EXTENDED_KEY = -258;
    static final int QEMU_LED_STATE = -261;
    static final int DESKTOP_NAME = -307;
    static final int EXTENDED_DESKTOP_SIZE = -308;
    static final int CURSOR_WITH_ALPHA = -314;
    static final int VMWARE_LED_STATE = 0x574D5668;

    private Encoding() {}
}
