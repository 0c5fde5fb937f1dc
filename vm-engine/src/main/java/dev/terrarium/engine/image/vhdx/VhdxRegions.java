// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vhdx;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.ByteStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Where the block allocation table and the metadata are ([MS-VHDX] 2.2.3). The table of regions stands twice in the file;
 * the second counts if the first is not sound.
 */
record VhdxRegions(Region table, Region metadata) {
    private static final int LENGTH = 1 << 16;
    private static final long FIRST_AT = 192 << 10;
    private static final long SECOND_AT = 256 << 10;
    private static final int SIGNATURE = 0x69676572;
    private static final int CHECKSUM_AT = 4;
    private static final int MOST_ENTRIES = 2047;
    private static final UUID TABLE = UUID.fromString("2dc27766-f623-4200-9d64-115e9bfd4a08");
    private static final UUID METADATA = UUID.fromString("8b7ca206-4790-4b9a-b8fe-575f050f886e");

    /** A range of the file. */
    record Region(long offset, long length) {
        boolean overlaps(long start, long count) {
            return start < offset + length && offset < start + count;
        }
    }

    private static @Nullable ByteBuffer sound(ByteStore store, long at) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        store.read(bytes, at);
        boolean sound = bytes.getInt(0) == SIGNATURE && bytes.getInt(CHECKSUM_AT) == Vhdx.checksum(bytes, CHECKSUM_AT);
        return sound ? bytes : null;
    }

    static VhdxRegions read(Path path, ByteStore store, VhdxHeader header) throws TerrariumException, IOException {
        ByteBuffer bytes = sound(store, FIRST_AT);
        if (bytes == null) {
            bytes = sound(store, SECOND_AT);
        }
        if (bytes == null) {
            throw Vhdx.damaged(path, "the checksums of both of its region tables are wrong");
        }
        int count = bytes.getInt(8);
        if (count < 0 || count > MOST_ENTRIES) {
            throw Vhdx.damaged(path, "it has " + Integer.toUnsignedString(count) + " regions");
        }
        @Nullable Region table = null;
        @Nullable Region metadata = null;
        List<Region> all = new ArrayList<>(List.of(new Region(0, Vhdx.MIB)));
        all.add(new Region(header.logOffset(), header.logLength()));
        for (int i = 0; i < count; i++) {
            int at = 16 + 32 * i;
            UUID id = Vhdx.guid(bytes, at);
            Region region = new Region(bytes.getLong(at + 16), Integer.toUnsignedLong(bytes.getInt(at + 24)));
            check(path, store, region, all);
            all.add(region);
            if (id.equals(TABLE) && table == null) {
                table = region;
            } else if (id.equals(METADATA) && metadata == null) {
                metadata = region;
            } else if (id.equals(TABLE) || id.equals(METADATA)) {
                throw Vhdx.damaged(path, "it has the region " + id + " twice");
            } else if ((bytes.getInt(at + 28) & 1) != 0) {
                throw new TerrariumException(
                        path + " needs the unknown VHDX region " + id + ": convert it with the program that made it");
            }
        }
        if (table == null || metadata == null) {
            throw Vhdx.damaged(path, "it has no " + (table == null ? "block allocation table" : "metadata"));
        }
        return new VhdxRegions(table, metadata);
    }

    private static void check(Path path, ByteStore store, Region region, List<Region> others)
            throws TerrariumException, IOException {
        long offset = region.offset();
        boolean aligned = offset % Vhdx.MIB == 0 && region.length() % Vhdx.MIB == 0 && region.length() > 0;
        if (!aligned || offset < Vhdx.MIB || offset > store.size() - region.length()) {
            throw Vhdx.damaged(
                    path, "one of its regions has " + region.length() + " bytes at " + Long.toUnsignedString(offset));
        }
        if (others.stream().anyMatch(other -> other.overlaps(offset, region.length()))) {
            throw Vhdx.damaged(path, "two of its regions overlap at " + offset);
        }
    }

    /** Writes both copies. */
    void write(ByteStore store) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(0, SIGNATURE);
        bytes.putInt(8, 2);
        put(bytes, 16, TABLE, table);
        put(bytes, 48, METADATA, metadata);
        bytes.putInt(CHECKSUM_AT, Vhdx.checksum(bytes, CHECKSUM_AT));
        store.write(bytes.duplicate(), FIRST_AT);
        store.write(bytes, SECOND_AT);
    }

    private static void put(ByteBuffer bytes, int at, UUID id, Region region) {
        Vhdx.putGuid(bytes, at, id);
        bytes.putLong(at + 16, region.offset());
        bytes.putInt(at + 24, (int) region.length());
        bytes.putInt(at + 28, 1);
    }
}
