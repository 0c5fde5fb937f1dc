// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vhdx;

import dev.terrarium.engine.image.ByteStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One entry of the log: pages of 4096 bytes that were to be written, whole ([MS-VHDX] 2.3.1).
 *
 * @param position where in the log it begins
 * @param length bytes
 * @param tail where in the log the oldest entry begins that must be replayed along with this one
 * @param sequence its number
 * @param flushedSize how long the file was, durably, when it was written
 * @param lastSize how long the file must be for all that the entry speaks of
 */
record VhdxLogEntry(
        long position, int length, long tail, long sequence, int descriptors, long flushedSize, long lastSize) {
    static final int SIGNATURE = 0x65676F6C;
    static final int HEADER = 64;
    static final int DESCRIPTOR = 32;

    /** Descriptors beside the header in an entry's first page. */
    static final int IN_FIRST_PAGE = (Vhdx.PAGE - HEADER) / DESCRIPTOR;

    private static final int CHECKSUM_AT = 4;
    private static final int ZERO_SIGNATURE = 0x6F72657A;
    private static final int DATA_SIGNATURE = 0x63736564;
    private static final int PAGE_SIGNATURE = 0x61746164;

    /** What a replay does to the file. */
    interface Target {
        void page(long position, byte[] bytes) throws IOException;

        void zeros(long position, long length) throws IOException;
    }

    /** Reads bytes of the log, which is a ring. */
    static ByteBuffer ring(ByteStore store, VhdxHeader header, long position, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        int first = (int) Math.min(length, header.logLength() - position);
        store.read(bytes.limit(first), header.logOffset() + position);
        store.read(bytes.limit(length), header.logOffset());
        return bytes.clear();
    }

    /** How long the entry at a position says that it is; 0 if there is none. */
    static int claimedLength(ByteStore store, VhdxHeader header, long position) throws IOException {
        ByteBuffer bytes = ring(store, header, position, HEADER);
        int length = bytes.getInt(8);
        boolean fits = length >= Vhdx.PAGE && length % Vhdx.PAGE == 0 && length <= header.logLength();
        boolean ours = bytes.getInt(0) == SIGNATURE && Vhdx.guid(bytes, 32).equals(header.logGuid());
        return ours && fits ? length : 0;
    }

    /** The entry at a position if it is whole, else null. */
    static @Nullable VhdxLogEntry read(ByteStore store, VhdxHeader header, long position) throws IOException {
        int length = claimedLength(store, header, position);
        if (length == 0) {
            return null;
        }
        ByteBuffer bytes = ring(store, header, position, length);
        long tail = Integer.toUnsignedLong(bytes.getInt(12));
        int count = bytes.getInt(24);
        if (bytes.getInt(CHECKSUM_AT) != Vhdx.checksum(bytes, CHECKSUM_AT)
                || tail % Vhdx.PAGE != 0
                || tail >= header.logLength()
                || count < 0
                || count > (length - HEADER) / DESCRIPTOR) {
            return null;
        }
        VhdxLogEntry entry = new VhdxLogEntry(
                position, length, tail, bytes.getLong(16), count, bytes.getLong(48), bytes.getLong(56));
        return entry.apply(bytes, null) ? entry : null;
    }

    /** Does what the entry says. */
    void replay(ByteStore store, VhdxHeader header, Target target) throws IOException {
        if (!apply(ring(store, header, position, length), target)) {
            throw new IOException("the log changed while it was replayed");
        }
    }

    /** Goes through the descriptors; false if one is wrong. */
    private boolean apply(ByteBuffer bytes, @Nullable Target target) throws IOException {
        int page = pagesOfDescriptors(descriptors) * Vhdx.PAGE;
        for (int i = 0; i < descriptors; i++) {
            int at = HEADER + DESCRIPTOR * i;
            long where = bytes.getLong(at + 16);
            if (bytes.getLong(at + 24) != sequence || where < 0 || where % Vhdx.PAGE != 0) {
                return false;
            }
            if (bytes.getInt(at) == ZERO_SIGNATURE) {
                long count = bytes.getLong(at + 8);
                if (count < 0 || count % Vhdx.PAGE != 0 || where > lastSize - count) {
                    return false;
                }
                if (target != null) {
                    target.zeros(where, count);
                }
            } else if (bytes.getInt(at) == DATA_SIGNATURE && page + Vhdx.PAGE <= length) {
                if (!isPage(bytes, page) || where > lastSize - Vhdx.PAGE) {
                    return false;
                }
                if (target != null) {
                    byte[] content = new byte[Vhdx.PAGE];
                    bytes.get(page, content);
                    bytes.get(at + 8, content, 0, 8);
                    bytes.get(at + 4, content, Vhdx.PAGE - 4, 4);
                    target.page(where, content);
                }
                page += Vhdx.PAGE;
            } else {
                return false;
            }
        }
        return true;
    }

    private boolean isPage(ByteBuffer bytes, int at) {
        return bytes.getInt(at) == PAGE_SIGNATURE
                && bytes.getInt(at + 4) == (int) (sequence >>> 32)
                && bytes.getInt(at + Vhdx.PAGE - 4) == (int) sequence;
    }

    private static int pagesOfDescriptors(int count) {
        return (HEADER + DESCRIPTOR * count + Vhdx.PAGE - 1) / Vhdx.PAGE;
    }

    /** A page that is to be written. */
    record Page(long position, byte[] bytes) {}

    /** The bytes of an entry that is its own tail. */
    static ByteBuffer encode(List<Page> pages, long position, long sequence, UUID logGuid, long fileSize) {
        int first = pagesOfDescriptors(pages.size()) * Vhdx.PAGE;
        ByteBuffer bytes = ByteBuffer.allocate(first + pages.size() * Vhdx.PAGE).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(0, SIGNATURE);
        bytes.putInt(8, bytes.capacity());
        bytes.putInt(12, (int) position);
        bytes.putLong(16, sequence);
        bytes.putInt(24, pages.size());
        Vhdx.putGuid(bytes, 32, logGuid);
        bytes.putLong(48, fileSize);
        bytes.putLong(56, fileSize);
        for (int i = 0; i < pages.size(); i++) {
            Page page = pages.get(i);
            int descriptor = HEADER + DESCRIPTOR * i;
            bytes.putInt(descriptor, DATA_SIGNATURE);
            bytes.put(descriptor + 4, page.bytes(), Vhdx.PAGE - 4, 4);
            bytes.put(descriptor + 8, page.bytes(), 0, 8);
            bytes.putLong(descriptor + 16, page.position());
            bytes.putLong(descriptor + 24, sequence);
            int at = first + i * Vhdx.PAGE;
            bytes.put(at, page.bytes());
            bytes.putInt(at, PAGE_SIGNATURE);
            bytes.putInt(at + 4, (int) (sequence >>> 32));
            bytes.putInt(at + Vhdx.PAGE - 4, (int) sequence);
        }
        bytes.putInt(CHECKSUM_AT, Vhdx.checksum(bytes, CHECKSUM_AT));
        return bytes;
    }
}
