// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.vnc;

import dev.terrarium.engine.clipboard.ClipboardMessage;
import java.util.HashSet;
import java.util.Set;

/**
 * What a client has asked for, by its latest SetEncodings (RFC 6143, section 7.5.2).
 *
 * @param encoding of the encodings known here the one it named first
 * @param compressLevel of zlib, from 1 to 9
 */
record ClientWishes(int encoding, int compressLevel, Set<Integer> extensions) {
    static final ClientWishes NONE = new ClientWishes(Encoding.RAW, 1, Set.of());

    private static final Set<Integer> KNOWN_EXTENSIONS = Set.of(
            Encoding.DESKTOP_SIZE,
            Encoding.EXTENDED_DESKTOP_SIZE,
            Encoding.DESKTOP_NAME,
            Encoding.CURSOR,
            Encoding.CURSOR_WITH_ALPHA,
            Encoding.QEMU_EXTENDED_KEY,
            Encoding.QEMU_LED_STATE,
            Encoding.VMWARE_LED_STATE,
            ClipboardMessage.ENCODING);

    static ClientWishes of(int[] encodings) {
        int encoding = -1;
        int level = 1;
        Set<Integer> extensions = new HashSet<>();
        for (int number : encodings) {
            if (number == Encoding.RAW || number == Encoding.HEXTILE || number == Encoding.ZRLE) {
                encoding = encoding < 0 ? number : encoding;
            } else if (number >= Encoding.COMPRESS_LEVEL_0 && number <= Encoding.COMPRESS_LEVEL_9) {
                level = Math.max(1, number - Encoding.COMPRESS_LEVEL_0);
            } else if (KNOWN_EXTENSIONS.contains(number)) {
                extensions.add(number);
            }
        }
        return new ClientWishes(Math.max(encoding, Encoding.RAW), level, Set.copyOf(extensions));
    }

    boolean has(int extension) {
        return extensions.contains(extension);
    }

    boolean anyResize() {
        return has(Encoding.DESKTOP_SIZE) || has(Encoding.EXTENDED_DESKTOP_SIZE);
    }

    boolean anyLeds() {
        return has(Encoding.QEMU_LED_STATE) || has(Encoding.VMWARE_LED_STATE);
    }

    boolean anyCursor() {
        return has(Encoding.CURSOR) || has(Encoding.CURSOR_WITH_ALPHA);
    }
}
