// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vhd;

import dev.terrarium.engine.TerrariumException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.UUID;

/**
 * The last 512 bytes of a VHD file, and of one that is not fixed also the first (VHD specification, "Hard Disk Footer
 * Format"). Numbers are big-endian.
 *
 * @param type 2 fixed, 3 dynamic, 4 differencing
 * @param dataOffset where the dynamic header is; all ones if there is none
 * @param creator four letters for the program that made the image
 * @param currentSize bytes of the guest's disk, as Hyper-V and others see it
 * @param geometry which tells the size of disks made by programs that emulate ATA by cylinders
 */
record VhdFooter(int type, long dataOffset, String creator, long currentSize, VhdGeometry geometry, UUID id) {
    static final int LENGTH = 512;
    static final int FIXED = 2;
    static final int DYNAMIC = 3;
    static final int DIFFERENCING = 4;

    private static final byte[] COOKIE = "conectix".getBytes(StandardCharsets.US_ASCII);
    private static final int CHECKSUM_AT = 64;
    private static final int VERSION = 0x00010000;
    private static final Instant EPOCH = Instant.parse("2000-01-01T00:00:00Z");

    /** Virtual PC, and QEMU where it does the same: the geometry is the size. All others go by the size itself. */
    private static final Set<String> BY_GEOMETRY = Set.of("vpc ", "qemu");

    /** Whether 512 bytes say that they are a footer. */
    static boolean isOne(byte[] bytes, int at) {
        if (bytes.length < at + LENGTH) {
            return false;
        }
        for (int i = 0; i < COOKIE.length; i++) {
            if (bytes[at + i] != COOKIE[i]) {
                return false;
            }
        }
        return true;
    }

    /** The one's complement of the sum of all bytes but the checksum's own four. */
    static int checksum(ByteBuffer bytes, int length, int checksumAt) {
        int sum = 0;
        for (int i = 0; i < length; i++) {
            if (i < checksumAt || i >= checksumAt + 4) {
                sum += bytes.get(i) & 0xFF;
            }
        }
        return ~sum;
    }

    static boolean isSound(ByteBuffer bytes) {
        return isOne(bytes.array(), 0) && bytes.getInt(CHECKSUM_AT) == checksum(bytes, LENGTH, CHECKSUM_AT);
    }

    /** Reads a footer whose checksum is right. */
    static VhdFooter parse(Path path, ByteBuffer bytes) throws TerrariumException {
        int features = bytes.getInt(8);
        if ((features & ~3) != 0) {
            throw new TerrariumException(path + " is a VHD image with unknown features "
                    + Integer.toHexString(features & ~3) + ": convert it with the program that made it");
        }
        int version = bytes.getInt(12);
        if (version >>> 16 != VERSION >>> 16) {
            throw new TerrariumException(path + " is a VHD image of version " + (version >>> 16) + "."
                    + (version & 0xFFFF) + ": convert it to version 1.0 first");
        }
        int type = bytes.getInt(60);
        if (type == DIFFERENCING) {
            throw new TerrariumException(path + " is a differencing VHD image: merge it into its parent first");
        }
        if (type != FIXED && type != DYNAMIC) {
            throw new TerrariumException(path + " is a VHD image of the unknown type " + Integer.toUnsignedString(type)
                    + ": convert it with the program that made it");
        }
        VhdFooter footer = new VhdFooter(
                type,
                bytes.getLong(16),
                StandardCharsets.ISO_8859_1.decode(bytes.slice(28, 4)).toString(),
                bytes.getLong(48),
                new VhdGeometry(bytes.getShort(56) & 0xFFFF, bytes.get(58) & 0xFF, bytes.get(59) & 0xFF),
                new UUID(bytes.getLong(68), bytes.getLong(76)));
        long size = footer.size();
        if (size < 512 || size > Vhd.LARGEST || size % 512 != 0) {
            throw Vhd.damaged(path, "a disk of " + Long.toUnsignedString(size) + " bytes cannot be");
        }
        return footer;
    }

    /** Bytes of the guest's disk. */
    long size() {
        boolean byGeometry = BY_GEOMETRY.contains(creator) && !geometry.equals(VhdGeometry.LARGEST);
        return byGeometry ? geometry.total() * 512 : currentSize;
    }

    ByteBuffer encode() {
        ByteBuffer bytes = ByteBuffer.allocate(LENGTH);
        bytes.put(COOKIE);
        bytes.putInt(2);
        bytes.putInt(VERSION);
        bytes.putLong(dataOffset);
        bytes.putInt((int) Duration.between(EPOCH, Instant.now()).toSeconds());
        bytes.put(creator.getBytes(StandardCharsets.ISO_8859_1));
        bytes.putInt(VERSION);
        bytes.put("Wi2k".getBytes(StandardCharsets.US_ASCII));
        bytes.putLong(currentSize);
        bytes.putLong(currentSize);
        bytes.putShort((short) geometry.cylinders());
        bytes.put((byte) geometry.heads());
        bytes.put((byte) geometry.sectors());
        bytes.putInt(type);
        bytes.putInt(0);
        bytes.putLong(id.getMostSignificantBits());
        bytes.putLong(id.getLeastSignificantBits());
        bytes.putInt(CHECKSUM_AT, checksum(bytes, LENGTH, CHECKSUM_AT));
        return bytes.clear();
    }
}
