// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.console;

import com.tigervnc.rfb.CMsgReaderV3;
import com.tigervnc.rfb.Encodings;
import com.tigervnc.rfb.Point;
import com.tigervnc.rfb.Rect;
import dev.terrarium.engine.clipboard.ClipboardException;
import dev.terrarium.engine.clipboard.ClipboardMessage;
import java.nio.charset.StandardCharsets;

/**
 * TigerVNC's message reader with what is younger than it (QEMU's pseudo-encodings, Cursor With Alpha, the extended
 * clipboard) and with bounds on what the server can make it allocate.
 */
final class ExtendedReader extends CMsgReaderV3 {
    static final int QEMU_EXTENDED_KEY = -258;
    static final int QEMU_LED_STATE = -261;
    static final int CURSOR_WITH_ALPHA = -314;

    private static final int MAX_SKIPPED = 1 << 24;

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
            case CURSOR_WITH_ALPHA -> readCursorWithAlpha(rectangle);
            default -> super.readRect(rectangle, encoding);
        }
    }

    /** Cursor: the client's pixels, here 0x00RRGGBB, and a mask (RFC 6143, section 7.8.1). */
    @Override
    protected void readSetCursor(int width, int height, Point hot) {
        PointerShape.check(width, height);
        int[] argb = new int[width * height];
        is.readPixels(argb, argb.length, 4, false);
        int stride = (width + 7) / 8;
        byte[] mask = new byte[stride * height];
        is.readBytes(mask, 0, mask.length);
        for (int i = 0; i < argb.length; i++) {
            int x = i % width;
            boolean seen = (mask[i / width * stride + x / 8] & 0x80 >> x % 8) != 0;
            argb[i] = seen ? argb[i] | 0xFF000000 : 0;
        }
        connection.pointerShape(new PointerShape(width, height, hot.x, hot.y, argb));
    }

    /** Cursor With Alpha: RGBA, multiplied by alpha, of which servers send it raw (rfbproto). */
    private void readCursorWithAlpha(Rect rectangle) {
        PointerShape.check(rectangle.width(), rectangle.height());
        int encoding = is.readS32();
        if (encoding != Encodings.encodingRaw) {
            throw new com.tigervnc.rfb.Exception("a pointer in encoding " + encoding);
        }
        int[] argb = new int[rectangle.width() * rectangle.height()];
        for (int i = 0; i < argb.length; i++) {
            int rgba = is.readU32();
            argb[i] = rgba >>> 8 | rgba << 24;
        }
        connection.pointerShape(
                new PointerShape(rectangle.width(), rectangle.height(), rectangle.tl.x, rectangle.tl.y, argb));
    }

    /** ServerCutText: Latin-1, or with a negative length a message of the extended clipboard. */
    @Override
    protected void readServerCutText() {
        is.skip(3);
        int field = is.readU32();
        if (field < 0) {
            byte[] payload = bytesOrSkip(-(long) field, ClipboardMessage.MAX_LENGTH);
            if (payload.length > 0) {
                try {
                    connection.clipboardMessage(ClipboardMessage.read(payload));
                } catch (ClipboardException e) {
                    throw new com.tigervnc.rfb.Exception(e.getMessage());
                }
            }
        } else {
            byte[] latin1 = bytesOrSkip(field, ClipboardMessage.MAX_TEXT);
            if (latin1.length > 0) {
                connection.serverCutText(new String(latin1, StandardCharsets.ISO_8859_1), latin1.length);
            }
        }
    }

    /** What is too long is left out; what is longer still ends the connection. */
    private byte[] bytesOrSkip(long length, int most) {
        if (length > most && length <= MAX_SKIPPED) {
            is.skip((int) length);
            return new byte[0];
        }
        return bytes(length, most);
    }

    private byte[] bytes(long length, int most) {
        if (length < 0 || length > most) {
            throw new com.tigervnc.rfb.Exception("an item of " + length + " bytes");
        }
        byte[] bytes = new byte[(int) length];
        is.readBytes(bytes, 0, bytes.length);
        return bytes;
    }
}
