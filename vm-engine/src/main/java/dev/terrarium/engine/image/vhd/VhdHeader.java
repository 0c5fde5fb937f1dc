// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vhd;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.ByteStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * The 1024 bytes that say where a dynamic VHD's table is (VHD specification, "Dynamic Disk Header Format").
 *
 * @param tableOffset where the block allocation table begins: 4 bytes an entry
 * @param entries of the table
 * @param blockSize bytes of the guest's disk a block
 */
record VhdHeader(long tableOffset, int entries, int blockSize) {
    static final int LENGTH = 1024;
    static final int DEFAULT_BLOCK = 2 << 20;

    private static final long COOKIE = 0x6378737061727365L;
    private static final int CHECKSUM_AT = 36;
    private static final int VERSION = 0x00010000;
    /** Twice what the largest disk needs with the smallest blocks in use, of 512 KiB. */
    private static final int MOST_ENTRIES = 1 << 23;

    static VhdHeader read(Path path, ByteStore store, VhdFooter footer) throws TerrariumException, IOException {
        long at = footer.dataOffset();
        if (at < VhdFooter.LENGTH || at % 512 != 0 || at > store.size() - LENGTH) {
            throw Vhd.damaged(path, "its header is at " + Long.toUnsignedString(at));
        }
        ByteBuffer bytes = ByteBuffer.allocate(LENGTH);
        store.read(bytes, at);
        if (bytes.getLong(0) != COOKIE) {
            throw Vhd.damaged(path, "its header has no signature");
        }
        if (bytes.getInt(CHECKSUM_AT) != VhdFooter.checksum(bytes, LENGTH, CHECKSUM_AT)) {
            throw Vhd.damaged(path, "the checksum of its header is wrong");
        }
        int version = bytes.getInt(24);
        if (version >>> 16 != VERSION >>> 16) {
            throw new TerrariumException(path + " is a VHD image whose header has version " + (version >>> 16) + "."
                    + (version & 0xFFFF) + ": convert it to version 1.0 first");
        }
        VhdHeader header = new VhdHeader(bytes.getLong(16), bytes.getInt(28), bytes.getInt(32));
        header.check(path, store, footer);
        return header;
    }

    private void check(Path path, ByteStore store, VhdFooter footer) throws TerrariumException, IOException {
        if (blockSize < 4096 || blockSize > 1 << 28 || Integer.bitCount(blockSize) != 1) {
            throw Vhd.damaged(path, "its blocks have " + Integer.toUnsignedString(blockSize) + " bytes");
        }
        if (entries <= 0 || entries > MOST_ENTRIES || (long) entries * blockSize < footer.size()) {
            throw Vhd.damaged(path, "its table has " + Integer.toUnsignedString(entries) + " entries");
        }
        long headerAt = footer.dataOffset();
        long end = tableEnd();
        boolean overHeader = tableOffset < headerAt + LENGTH && end > headerAt;
        if (tableOffset < VhdFooter.LENGTH || tableOffset % 512 != 0 || end < 0 || end > store.size() || overHeader) {
            throw Vhd.damaged(path, "its table is at " + Long.toUnsignedString(tableOffset));
        }
    }

    long tableEnd() {
        return tableOffset + (4L * entries + 511) / 512 * 512;
    }

    /** Bytes of the bitmap before each block's data: a bit a sector, whole sectors. */
    int bitmapLength() {
        return (blockSize / 512 / 8 + 511) / 512 * 512;
    }

    /** Where the first block's bitmap may begin: behind the table and the header, wherever they are. */
    long dataStart(VhdFooter footer) {
        return Math.max(tableEnd(), footer.dataOffset() + LENGTH);
    }

    ByteBuffer encode() {
        ByteBuffer bytes = ByteBuffer.allocate(LENGTH);
        bytes.put("cxsparse".getBytes(StandardCharsets.US_ASCII));
        bytes.putLong(-1);
        bytes.putLong(tableOffset);
        bytes.putInt(VERSION);
        bytes.putInt(entries);
        bytes.putInt(blockSize);
        bytes.putInt(CHECKSUM_AT, VhdFooter.checksum(bytes, LENGTH, CHECKSUM_AT));
        return bytes.clear();
    }
}
