// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vdi;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.ByteStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.UUID;

/**
 * The first 512 bytes of a VDI file, version 1.1 (VirtualBox, {@code VDICore.h}: VDIPREHEADER and VDIHEADER1PLUS). Numbers
 * are little-endian.
 *
 * @param type 1 for dynamic, 2 for all blocks allocated
 * @param mapOffset where in the file the map begins: 4 bytes a block
 * @param dataOffset where block 0 begins
 * @param size bytes of the guest's disk
 * @param blockSize bytes a block
 * @param blocks entries of the map
 * @param allocated blocks that have a place; the next new one goes there
 * @param uuid the image's own
 * @param snapshotUuid changed with each writer's session
 */
record VdiHeader(
        int type,
        long mapOffset,
        long dataOffset,
        long size,
        int blockSize,
        int blocks,
        int allocated,
        UUID uuid,
        UUID snapshotUuid) {
    static final int LENGTH = 512;
    static final int DYNAMIC = 1;
    static final int STATIC = 2;
    static final int SIGNATURE = 0xBEDA107F;
    static final int SIGNATURE_AT = 0x40;
    static final int DEFAULT_BLOCK = 1 << 20;

    /** Two thousand million blocks would need a map of 8 GiB; VirtualBox itself stops at 2 TiB of 1 MiB blocks. */
    static final int MOST_BLOCKS = 1 << 26;

    private static final int VERSION = 0x00010001;
    private static final int HEADER_LENGTH = 400;
    private static final int SECTOR = 512;
    private static final int ALLOCATED_AT = 0x184;

    /** Reads and checks a header. */
    static VdiHeader read(Path path, ByteStore store) throws TerrariumException, IOException {
        ByteBuffer bytes = ByteBuffer.allocate(LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        store.read(bytes, 0);
        if (bytes.getInt(SIGNATURE_AT) != SIGNATURE) {
            throw new TerrariumException(path + " is not a VDI image: its signature is missing");
        }
        int version = bytes.getInt(0x44);
        if (version != VERSION) {
            throw new TerrariumException(path + " is a VDI image of version " + (version >>> 16) + "."
                    + (version & 0xFFFF) + ": convert it to version 1.1 with VirtualBox first");
        }
        int type = bytes.getInt(0x4C);
        if (type == 3 || type == 4) {
            throw new TerrariumException(path + " is " + (type == 3 ? "an undo" : "a differencing")
                    + " VDI image: merge it into its parent with VirtualBox first");
        }
        if (type != DYNAMIC && type != STATIC) {
            throw new TerrariumException(
                    path + " is a VDI image of the unknown type " + type + ": convert it with VirtualBox");
        }
        VdiHeader header = new VdiHeader(
                type,
                Integer.toUnsignedLong(bytes.getInt(0x154)),
                Integer.toUnsignedLong(bytes.getInt(0x158)),
                bytes.getLong(0x170),
                bytes.getInt(0x178),
                bytes.getInt(0x180),
                bytes.getInt(ALLOCATED_AT),
                uuid(bytes, 0x188),
                uuid(bytes, 0x198));
        header.check(path, bytes.getInt(0x48), bytes.getInt(0x168), bytes.getInt(0x17C));
        if (!isNil(uuid(bytes, 0x1A8)) || !isNil(uuid(bytes, 0x1B8))) {
            throw new TerrariumException(
                    path + " stands on another VDI image: merge it into its parent with VirtualBox first");
        }
        return header;
    }

    private void check(Path path, int headerLength, int sector, int extra) throws TerrariumException {
        if (headerLength < HEADER_LENGTH - 16 || headerLength > LENGTH - 0x48) {
            throw damaged(path, "its header is " + Integer.toUnsignedString(headerLength) + " bytes long");
        }
        if (sector != SECTOR) {
            throw damaged(path, "its sectors have " + Integer.toUnsignedString(sector) + " bytes");
        }
        if (extra != 0) {
            throw new TerrariumException(
                    path + " is a VDI image with extra data in its blocks: convert it with VirtualBox");
        }
        if (blockSize < 4096 || blockSize > 1 << 28 || Integer.bitCount(blockSize) != 1) {
            throw damaged(path, "its blocks have " + Integer.toUnsignedString(blockSize) + " bytes");
        }
        if (blocks <= 0 || blocks > MOST_BLOCKS) {
            throw damaged(path, "it has " + Integer.toUnsignedString(blocks) + " blocks");
        }
        if (size <= 0 || size > (long) blocks * blockSize) {
            throw damaged(
                    path, "a disk of " + Long.toUnsignedString(size) + " bytes does not fit its " + blocks + " blocks");
        }
        if (allocated < 0 || allocated > blocks) {
            throw damaged(path, Integer.toUnsignedString(allocated) + " of its " + blocks + " blocks are allocated");
        }
        if (mapOffset % SECTOR != 0 || mapOffset < LENGTH) {
            throw damaged(path, "its block map is at " + mapOffset);
        }
        if (dataOffset % SECTOR != 0 || dataOffset < roundUp(mapOffset + 4L * blocks)) {
            throw damaged(path, "its data begin at " + dataOffset);
        }
    }

    static TerrariumException damaged(Path path, String what) {
        return new TerrariumException(path + " is damaged, " + what + ": use a copy of it");
    }

    static long roundUp(long bytes) {
        return (bytes + SECTOR - 1) / SECTOR * SECTOR;
    }

    /** Where in the file an allocated block stands. */
    long place(int index) {
        return dataOffset + (long) index * blockSize;
    }

    /** A fresh header. */
    ByteBuffer encode() {
        ByteBuffer bytes = ByteBuffer.allocate(LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put("<<< Terrarium virtual disk image >>>\n".getBytes(StandardCharsets.US_ASCII));
        bytes.putInt(SIGNATURE_AT, SIGNATURE);
        bytes.putInt(0x44, VERSION);
        bytes.putInt(0x48, HEADER_LENGTH);
        bytes.putInt(0x4C, type);
        bytes.putInt(0x154, (int) mapOffset);
        bytes.putInt(0x158, (int) dataOffset);
        bytes.putInt(0x168, SECTOR);
        bytes.putLong(0x170, size);
        bytes.putInt(0x178, blockSize);
        bytes.putInt(0x180, blocks);
        bytes.putInt(ALLOCATED_AT, allocated);
        put(bytes, 0x188, uuid);
        put(bytes, 0x198, snapshotUuid);
        return bytes.clear();
    }

    /** Writes the number of allocated blocks into the header that is there. */
    static void writeAllocated(ByteStore store, int allocated) throws IOException {
        store.write(
                ByteBuffer.allocate(4)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putInt(allocated)
                        .flip(),
                ALLOCATED_AT);
    }

    /** A UUID as RFC 4122's fields, the first three little-endian. */
    private static UUID uuid(ByteBuffer bytes, int at) {
        long high = (long) bytes.getInt(at) << 32
                | (bytes.getShort(at + 4) & 0xFFFFL) << 16
                | bytes.getShort(at + 6) & 0xFFFFL;
        return new UUID(high, Long.reverseBytes(bytes.getLong(at + 8)));
    }

    private static void put(ByteBuffer bytes, int at, UUID uuid) {
        long high = uuid.getMostSignificantBits();
        bytes.putInt(at, (int) (high >>> 32));
        bytes.putShort(at + 4, (short) (high >>> 16));
        bytes.putShort(at + 6, (short) high);
        bytes.putLong(at + 8, Long.reverseBytes(uuid.getLeastSignificantBits()));
    }

    private static boolean isNil(UUID uuid) {
        return uuid.getMostSignificantBits() == 0 && uuid.getLeastSignificantBits() == 0;
    }
}
