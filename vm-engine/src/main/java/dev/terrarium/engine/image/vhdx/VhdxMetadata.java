// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vhdx;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.ByteStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;

/**
 * What the disk is ([MS-VHDX] 2.6).
 *
 * @param size bytes of the guest's disk
 * @param blockSize bytes a block
 * @param fixed whether blocks keep their places when they are discarded
 * @param logicalSector bytes of the guest's sectors, 512 or 4096
 * @param physicalSector the same for how they are stored
 * @param id the disk's own identifier
 */
record VhdxMetadata(long size, int blockSize, boolean fixed, int logicalSector, int physicalSector, UUID id) {
    private static final long SIGNATURE = ByteBuffer.wrap("metadata".getBytes(StandardCharsets.US_ASCII))
            .order(ByteOrder.LITTLE_ENDIAN)
            .getLong();

    private static final int TABLE_LENGTH = 1 << 16;
    private static final int MOST_ENTRIES = 2047;
    private static final int REQUIRED = 4;
    private static final int OF_DISK = 2;

    private static final UUID FILE_PARAMETERS = UUID.fromString("caa16737-fa36-4d43-b3b6-33f0aa44e76b");
    private static final UUID DISK_SIZE = UUID.fromString("2fa54224-cd1b-4876-b211-5dbed83bf4b8");
    private static final UUID DISK_ID = UUID.fromString("beca12ab-b2e6-4523-93ef-c309e000c746");
    private static final UUID LOGICAL_SECTOR = UUID.fromString("8141bf1d-a96f-4709-ba47-f233a8faab5f");
    private static final UUID PHYSICAL_SECTOR = UUID.fromString("cda348c7-445d-4471-9cc9-e9885251c556");
    private static final UUID PARENT = UUID.fromString("a8d35f2d-b30b-454d-abf7-d3d84834ab0c");
    private static final Map<UUID, Integer> LENGTHS =
            Map.of(FILE_PARAMETERS, 8, DISK_SIZE, 8, DISK_ID, 16, LOGICAL_SECTOR, 4, PHYSICAL_SECTOR, 4);

    static VhdxMetadata read(Path path, ByteStore store, VhdxRegions.Region region)
            throws TerrariumException, IOException {
        Map<UUID, ByteBuffer> items = items(path, store, region);
        ByteBuffer parameters = item(path, items, FILE_PARAMETERS);
        int flags = parameters.getInt(4);
        if ((flags & 2) != 0) {
            throw new TerrariumException(
                    path + " is a differencing VHDX image: merge it into its parent with Hyper-V first");
        }
        if ((flags & ~3) != 0) {
            throw new TerrariumException(path + " is a VHDX image with unknown parameters "
                    + Integer.toHexString(flags & ~3) + ": convert it with Hyper-V");
        }
        VhdxMetadata metadata = new VhdxMetadata(
                item(path, items, DISK_SIZE).getLong(0),
                parameters.getInt(0),
                (flags & 1) != 0,
                item(path, items, LOGICAL_SECTOR).getInt(0),
                item(path, items, PHYSICAL_SECTOR).getInt(0),
                Vhdx.guid(item(path, items, DISK_ID), 0));
        metadata.check(path);
        return metadata;
    }

    private static ByteBuffer item(Path path, Map<UUID, ByteBuffer> items, UUID id) throws TerrariumException {
        ByteBuffer item = items.get(id);
        if (item == null) {
            throw Vhdx.damaged(path, "it lacks the metadata item " + id);
        }
        return item;
    }

    private static Map<UUID, ByteBuffer> items(Path path, ByteStore store, VhdxRegions.Region region)
            throws TerrariumException, IOException {
        ByteBuffer bytes = ByteBuffer.allocate(TABLE_LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        store.read(bytes, region.offset());
        int count = bytes.getShort(10) & 0xFFFF;
        if (bytes.getLong(0) != SIGNATURE || count > MOST_ENTRIES) {
            throw Vhdx.damaged(path, "its metadata table has " + count + " entries or no signature");
        }
        Map<UUID, ByteBuffer> items = new HashMap<>();
        for (int i = 0; i < count; i++) {
            int at = 32 + 32 * i;
            UUID id = Vhdx.guid(bytes, at);
            long offset = Integer.toUnsignedLong(bytes.getInt(at + 16));
            long length = Integer.toUnsignedLong(bytes.getInt(at + 20));
            Integer expected = LENGTHS.get(id);
            if (expected == null) {
                refuseRequired(path, id, bytes.getInt(at + 24));
            } else if (length != expected || offset < TABLE_LENGTH || offset + length > region.length()) {
                throw Vhdx.damaged(path, "its metadata item " + id + " has " + length + " bytes at " + offset);
            } else {
                ByteBuffer item = ByteBuffer.allocate(expected).order(ByteOrder.LITTLE_ENDIAN);
                store.read(item, region.offset() + offset);
                if (items.put(id, item) != null) {
                    throw Vhdx.damaged(path, "it has the metadata item " + id + " twice");
                }
            }
        }
        return items;
    }

    private static void refuseRequired(Path path, UUID id, int flags) throws TerrariumException {
        if (id.equals(PARENT)) {
            throw new TerrariumException(
                    path + " is a differencing VHDX image: merge it into its parent with Hyper-V first");
        }
        if ((flags & REQUIRED) != 0) {
            throw new TerrariumException(path + " needs the unknown VHDX metadata item " + id
                    + ": convert it with the program that made it");
        }
    }

    private void check(Path path) throws TerrariumException {
        if (logicalSector != 512 && logicalSector != 4096 || physicalSector != 512 && physicalSector != 4096) {
            throw Vhdx.damaged(
                    path,
                    "its sectors have " + Integer.toUnsignedString(logicalSector) + " and "
                            + Integer.toUnsignedString(physicalSector) + " bytes");
        }
        if (blockSize < Vhdx.MIB || blockSize > 256 * Vhdx.MIB || Integer.bitCount(blockSize) != 1) {
            throw Vhdx.damaged(path, "its blocks have " + Integer.toUnsignedString(blockSize) + " bytes");
        }
        if (size <= 0 || size > Vhdx.LARGEST || size % logicalSector != 0) {
            throw Vhdx.damaged(path, "a disk of " + Long.toUnsignedString(size) + " bytes cannot be");
        }
    }

    /** Payload blocks between two entries of the table that are for bitmaps (2.5.1, Chunk Ratio). */
    long chunkRatio() {
        return ((long) logicalSector << 23) / blockSize;
    }

    long blocks() {
        return (size + blockSize - 1) / blockSize;
    }

    /** Entries of the table, those for bitmaps included. */
    long entries() {
        return blocks() + (blocks() - 1) / chunkRatio();
    }

    /** Writes it into a region that is all zeros. */
    void write(ByteStore store, VhdxRegions.Region region) throws IOException {
        ByteBuffer table = ByteBuffer.allocate(TABLE_LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer values = ByteBuffer.allocate(40).order(ByteOrder.LITTLE_ENDIAN);
        table.putLong(0, SIGNATURE);
        table.putShort(10, (short) 5);
        values.putInt(blockSize).putInt(fixed ? 1 : 0).putLong(size);
        Vhdx.putGuid(values, 16, id);
        values.position(32).putInt(logicalSector).putInt(physicalSector).flip();
        put(table, 0, FILE_PARAMETERS, 0, REQUIRED);
        put(table, 1, DISK_SIZE, 8, REQUIRED | OF_DISK);
        put(table, 2, DISK_ID, 16, REQUIRED | OF_DISK);
        put(table, 3, LOGICAL_SECTOR, 32, REQUIRED | OF_DISK);
        put(table, 4, PHYSICAL_SECTOR, 36, REQUIRED | OF_DISK);
        store.write(table, region.offset());
        store.write(values, region.offset() + TABLE_LENGTH);
    }

    private static void put(ByteBuffer table, int index, UUID id, int offset, int flags) {
        int at = 32 + 32 * index;
        Vhdx.putGuid(table, at, id);
        table.putInt(at + 16, TABLE_LENGTH + offset);
        table.putInt(at + 20, LENGTHS.getOrDefault(id, 0));
        table.putInt(at + 24, flags);
    }
}
