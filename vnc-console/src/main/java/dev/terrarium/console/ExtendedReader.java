// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.console;

import com.tigervnc.rfb.CMsgReaderV3;
import com.tigervnc.rfb.Rect;

/** TigerVNC's message reader with QEMU's pseudo-encodings, which are younger than it. */
final class ExtendedReader extends CMsgReaderV3 {
    static final int QEMU_EXTENDED_KEY = -258;
    static final int QEMU_LED_STATE = -261;

    private final RfbConnection connection;

    ExtendedReader(RfbConnection connection) {
        super(connection, connection.getInStream());
        this.connection = connection;
    }

    @Override
    protected void readRect(Rect rectangle, int encoding) {
        switch (encoding) {
            case QEMU_EXTENDED_KEY -> connection.extendedKeysOffered();
            case QEMU_LED_STATE -> connection.lights(is.readU8());
            default -> super.readRect(rectangle, encoding);
        }
    }
}
