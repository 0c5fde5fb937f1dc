// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vmdk;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.ByteStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;

/**
 * The first sector of a sparse extent (Virtual Disk Format 5.0, "Hosted Sparse Extent Header"). Offsets and sizes are in
 * sectors of 512 bytes.
 *
 * @param version 1; 2 if zeroed grains are noted; 3 for stream-optimised or change-tracked disks
 * @param capacity of this extent
 * @param grain sectors a grain
 * @param tableEntries grains a table
 * @param redundantDirectory where the second grain directory is, if there is one
 * @param directory where the grain directory is; all ones if a footer says so
 * @param overhead where grains may begin
 */
record VmdkHeader(
        int version,
        int flags,
        long capacity,
        long grain,
        long descriptorOffset,
        long descriptorSize,
        int tableEntries,
        long redundantDirectory,
        long directory,
        long overhead,
        int compression) {
    static final int MAGIC = 0x564D444B;
    static final int NEW_LINES = 1;
    static final int REDUNDANT = 1 << 1;
    static final int ZEROED_GRAINS = 1 << 2;
    static final int COMPRESSED = 1 << 16;
    static final int MARKERS = 1 << 17;
    static final int DEFLATE = 1;
    static final long AT_END = -1;

    private static final int KNOWN = NEW_LINES | REDUNDANT | ZEROED_GRAINS | COMPRESSED | MARKERS;

    /** Tables of 64 KiB grains for 128 TiB. */
    private static final long MOST_TABLES = 1 << 22;

    /** Footer marker, footer, end-of-stream marker: the last three sectors of a stream. */
    static final int TRAILER = 3 * Vmdk.SECTOR;

    static boolean isOne(ByteBuffer bytes) {
        return bytes.remaining() >= 4
                && bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN).getInt(bytes.position()) == MAGIC;
    }

    /** Reads and checks the header; what a footer says of the directory is put in. */
    static VmdkHeader read(Path path, ByteStore store) throws TerrariumException, IOException {
        VmdkHeader header = parse(path, sector(store, 0));
        if (header.directory == AT_END) {
            long size = store.size();
            if (size < 4L * Vmdk.SECTOR) {
                throw Vmdk.damaged(path, "its footer is missing");
            }
            ByteBuffer footer = sector(store, size - 2L * Vmdk.SECTOR);
            if (!isOne(footer)) {
                throw Vmdk.damaged(path, "its footer is missing");
            }
            header = header.withDirectory(parse(path, footer).directory);
        }
        header.checkTables(path, store.size());
        return header;
    }

    private static ByteBuffer sector(ByteStore store, long at) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(Vmdk.SECTOR).order(ByteOrder.LITTLE_ENDIAN);
        store.read(bytes, at);
        return bytes.clear();
    }

    private static VmdkHeader parse(Path path, ByteBuffer bytes) throws TerrariumException {
        if (!isOne(bytes)) {
            throw new TerrariumException(path + " is not a sparse VMDK extent: its signature is missing");
        }
        VmdkHeader header = new VmdkHeader(
                bytes.getInt(4),
                bytes.getInt(8),
                bytes.getLong(12),
                bytes.getLong(20),
                bytes.getLong(28),
                bytes.getLong(36),
                bytes.getInt(44),
                bytes.getLong(48),
                bytes.getLong(56),
                bytes.getLong(64),
                bytes.getShort(77) & 0xFFFF);
        if (header.version < 1 || header.version > 3) {
            throw new TerrariumException(path + " is a VMDK image of version "
                    + Integer.toUnsignedString(header.version) + ": convert it to an older version with VMware first");
        }
        if ((header.flags & ~KNOWN) != 0) {
            throw new TerrariumException(path + " is a VMDK image with unknown features "
                    + Integer.toHexString(header.flags & ~KNOWN) + ": convert it with VMware first");
        }
        boolean newLines =
                bytes.get(73) == '\n' && bytes.get(74) == ' ' && bytes.get(75) == '\r' && bytes.get(76) == '\n';
        if (header.has(NEW_LINES) && !newLines) {
            throw Vmdk.damaged(path, "it was transferred as text");
        }
        header.check(path);
        return header;
    }

    private void check(Path path) throws TerrariumException {
        if (grain < 8 || grain > 1 << 17 || Long.bitCount(grain) != 1) {
            throw Vmdk.damaged(path, "its grains have " + Long.toUnsignedString(grain) + " sectors");
        }
        if (tableEntries < 1 || tableEntries > Vmdk.TABLE_ENTRIES) {
            throw Vmdk.damaged(path, "its tables have " + Integer.toUnsignedString(tableEntries) + " entries");
        }
        if (capacity < 1 || capacity > MOST_TABLES * tableEntries * grain) {
            throw Vmdk.damaged(path, "an extent of " + Long.toUnsignedString(capacity) + " sectors cannot be");
        }
        boolean compressed = has(COMPRESSED);
        if (compressed && (compression != DEFLATE || !has(MARKERS)) || !compressed && compression != 0) {
            throw new TerrariumException(path + " is a VMDK image compressed in the unknown way " + compression
                    + ": convert it with VMware first");
        }
    }

    private void checkTables(Path path, long fileSize) throws TerrariumException {
        checkPlace(path, fileSize, directory, directoryBytes(), "grain directory");
        if (has(REDUNDANT)) {
            checkPlace(path, fileSize, redundantDirectory, directoryBytes(), "second grain directory");
        }
        if (descriptorOffset != 0) {
            checkPlace(path, fileSize, descriptorOffset, 0, "descriptor");
        }
    }

    private static void checkPlace(Path path, long fileSize, long sector, long length, String what)
            throws TerrariumException {
        if (sector < 1 || sector > fileSize / Vmdk.SECTOR || sector * Vmdk.SECTOR > fileSize - length) {
            throw Vmdk.damaged(path, "its " + what + " is at sector " + Long.toUnsignedString(sector));
        }
    }

    boolean has(int flag) {
        return (flags & flag) != 0;
    }

    int grainBytes() {
        return (int) grain * Vmdk.SECTOR;
    }

    long size() {
        return capacity * Vmdk.SECTOR;
    }

    /** Tables the directory has entries for. */
    int tables() {
        long each = grain * tableEntries;
        return (int) ((capacity + each - 1) / each);
    }

    /** Bytes a table takes, whole sectors. */
    int tableBytes() {
        return (int) Vmdk.roundUp(4L * tableEntries, Vmdk.SECTOR);
    }

    private long directoryBytes() {
        return 4L * tables();
    }

    /** Where grains may begin, in bytes: behind the header at least, if the overhead is none that can be. */
    long dataStart(long fileSize) {
        boolean sane = overhead > 0 && overhead <= fileSize / Vmdk.SECTOR;
        return sane ? overhead * Vmdk.SECTOR : Vmdk.SECTOR;
    }

    VmdkHeader withDirectory(long newDirectory) {
        return new VmdkHeader(
                version,
                flags,
                capacity,
                grain,
                descriptorOffset,
                descriptorSize,
                tableEntries,
                redundantDirectory,
                newDirectory,
                overhead,
                compression);
    }

    VmdkHeader withoutRedundantDirectory() {
        return new VmdkHeader(
                version,
                flags & ~REDUNDANT,
                capacity,
                grain,
                descriptorOffset,
                descriptorSize,
                tableEntries,
                0,
                directory,
                overhead,
                compression);
    }

    ByteBuffer encode() {
        ByteBuffer bytes = ByteBuffer.allocate(Vmdk.SECTOR).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(MAGIC).putInt(version).putInt(flags).putLong(capacity).putLong(grain);
        bytes.putLong(descriptorOffset).putLong(descriptorSize).putInt(tableEntries);
        bytes.putLong(redundantDirectory).putLong(directory).putLong(overhead);
        bytes.put((byte) 0).put((byte) '\n').put((byte) ' ').put((byte) '\r').put((byte) '\n');
        bytes.putShort((short) compression);
        return bytes.clear();
    }
}
