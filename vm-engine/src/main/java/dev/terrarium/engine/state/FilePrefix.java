// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.state;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * The first 32 bytes of a file, the same in every version of its format: 24 bytes of magic, the format's version, and a
 * CRC32C of these, so that a damaged version number is not taken for that of another version. Little-endian.
 */
record FilePrefix(String magic, int oldest, int current) {
    static final int BYTES = 32;
    private static final int MAGIC_BYTES = 24;

    FilePrefix {
        if (magic.length() != MAGIC_BYTES) {
            throw new IllegalArgumentException("\"" + magic + "\" has not " + MAGIC_BYTES + " bytes");
        }
    }

    static int checksum(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    void write(ByteBuffer target) {
        ByteBuffer bytes = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put(magic.getBytes(StandardCharsets.US_ASCII)).putInt(current);
        bytes.putInt(checksum(bytes.slice(0, bytes.position()))).flip();
        target.put(bytes);
    }

    /** Moves past the prefix of a file that this version reads. */
    void check(Path file, ByteBuffer source) throws StateFileException {
        if (source.remaining() < BYTES) {
            throw StateFileException.corrupt(file, "it ends in its first bytes");
        }
        ByteBuffer bytes = source.slice(source.position(), BYTES).order(ByteOrder.LITTLE_ENDIAN);
        source.position(source.position() + BYTES);
        byte[] found = new byte[MAGIC_BYTES];
        bytes.get(found);
        if (!Arrays.equals(found, magic.getBytes(StandardCharsets.US_ASCII))) {
            throw StateFileException.corrupt(file, "it does not begin with \"" + magic.strip() + "\"");
        }
        int version = bytes.getInt();
        if (bytes.getInt() != checksum(bytes.slice(0, BYTES - Integer.BYTES))) {
            throw StateFileException.corrupt(file, "its first bytes have another checksum");
        }
        String what = "version " + version + " of its format, this Terrarium reads " + oldest
                + (oldest == current ? "" : " to " + current);
        if (version < oldest) {
            throw StateFileException.tooOld(file, what);
        }
        if (version > current) {
            throw StateFileException.tooNew(file, what);
        }
    }
}
