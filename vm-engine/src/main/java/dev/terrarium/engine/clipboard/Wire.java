// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.clipboard;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/** Flags and text of the extended clipboard as they are on the wire. */
final class Wire {
    static final int TEXT = 1;
    static final int FORMATS = 0xFFFF;
    static final int CAPABILITIES = 1 << 24;
    static final int ACTIONS = 0xFF << 24;

    private Wire() {}

    static byte[] flags(int action, boolean text) {
        return ByteBuffer.allocate(4).putInt(action | (text ? TEXT : 0)).array();
    }

    /** A zlib stream of the text's length and the text: UTF-8, CR LF, a zero byte at the end. */
    static byte[] deflate(String text) {
        byte[] utf8 = text.replaceAll("\r\n|\r|\n", "\r\n").getBytes(StandardCharsets.UTF_8);
        byte[] plain = ByteBuffer.allocate(4 + utf8.length + 1)
                .putInt(utf8.length + 1)
                .put(utf8)
                .array();
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (Deflater deflater = new Deflater()) {
            deflater.setInput(plain);
            deflater.finish();
            byte[] part = new byte[4096];
            while (!deflater.finished()) {
                packed.write(part, 0, deflater.deflate(part));
            }
        }
        return packed.toByteArray();
    }

    /** Text is the first of the formats, so what follows it need not be unpacked. */
    static Optional<String> inflate(ByteBuffer in) throws ClipboardException {
        try (Inflater inflater = new Inflater()) {
            inflater.setInput(in);
            long length =
                    Integer.toUnsignedLong(ByteBuffer.wrap(exactly(inflater, 4)).getInt());
            if (length > ClipboardMessage.MAX_TEXT) {
                return Optional.empty();
            }
            byte[] utf8 = exactly(inflater, (int) length);
            int end = 0;
            while (end < utf8.length && utf8[end] != 0) {
                end++;
            }
            String text = new String(utf8, 0, end, StandardCharsets.UTF_8);
            return Optional.of(text.replaceAll("\r\n|\r", "\n"));
        } catch (DataFormatException e) {
            throw new ClipboardException("a clipboard that is no zlib stream");
        }
    }

    /** The result grows with what the stream holds, not with what it announces. */
    private static byte[] exactly(Inflater inflater, int length) throws DataFormatException, ClipboardException {
        ByteArrayOutputStream plain = new ByteArrayOutputStream();
        byte[] part = new byte[Math.min(length, 4096)];
        while (plain.size() < length) {
            int count = inflater.inflate(part, 0, Math.min(part.length, length - plain.size()));
            if (count == 0) {
                throw new ClipboardException("a clipboard that ends early");
            }
            plain.write(part, 0, count);
        }
        return plain.toByteArray();
    }
}
