// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import java.nio.charset.StandardCharsets;

/** A header extension (specification, header extensions). */
record Extension(int type, byte[] data) {
    static final int END = 0;
    static final int BACKING_FORMAT = 0xE279_2ACA;
    static final int FEATURE_NAMES = 0x6803_F857;
    static final int BITMAPS = 0x2385_2875;
    static final int ENCRYPTION = 0x0537_BE77;
    static final int DATA_FILE = 0x4441_5441;

    static Extension text(int type, String text) {
        return new Extension(type, text.getBytes(StandardCharsets.UTF_8));
    }

    String text() {
        return new String(data, StandardCharsets.UTF_8);
    }
}
