// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vhdx;

import dev.terrarium.engine.TerrariumException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.UUID;
import java.util.zip.CRC32C;

/** Numbers, checksums and identifiers as all parts of a VHDX file have them. Numbers are little-endian. */
final class Vhdx {
    static final int MIB = 1 << 20;
    static final int PAGE = 4096;

    /** The largest disk the specification allows (2.6.2.2, Virtual Disk Size). */
    static final long LARGEST = 64L << 40;

    static final UUID NIL = new UUID(0, 0);

    private Vhdx() {}

    static TerrariumException damaged(Path path, String what) {
        return new TerrariumException(path + " is damaged, " + what + ": use a copy of it");
    }

    /** CRC-32C of all bytes, with those of the checksum itself as zeros. */
    static int checksum(ByteBuffer bytes, int checksumAt) {
        CRC32C crc = new CRC32C();
        crc.update(bytes.array(), 0, checksumAt);
        crc.update(new byte[4], 0, 4);
        crc.update(bytes.array(), checksumAt + 4, bytes.capacity() - checksumAt - 4);
        return (int) crc.getValue();
    }

    /** A GUID: its first three fields are numbers, the rest is bytes. */
    static UUID guid(ByteBuffer bytes, int at) {
        long high = (long) bytes.getInt(at) << 32
                | (bytes.getShort(at + 4) & 0xFFFFL) << 16
                | bytes.getShort(at + 6) & 0xFFFFL;
        return new UUID(high, Long.reverseBytes(bytes.getLong(at + 8)));
    }

    static void putGuid(ByteBuffer bytes, int at, UUID guid) {
        long high = guid.getMostSignificantBits();
        bytes.putInt(at, (int) (high >>> 32));
        bytes.putShort(at + 4, (short) (high >>> 16));
        bytes.putShort(at + 6, (short) high);
        bytes.putLong(at + 8, Long.reverseBytes(guid.getLeastSignificantBits()));
    }
}
