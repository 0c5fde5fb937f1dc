// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vhd;

import dev.terrarium.engine.image.ByteStore;
import dev.terrarium.engine.image.block.BlockMap;
import dev.terrarium.engine.image.block.MetadataCache;
import dev.terrarium.engine.image.block.Run;
import dev.terrarium.engine.image.block.TableCommit;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.BitSet;

/**
 * A dynamic VHD's block allocation table, and the bitmap before each block, whose clear bits mean sectors never written.
 * A block that is written to here has all its bits set, as other programs do; what was never written becomes zeros first.
 *
 * <p>New blocks go over the footer at the end, which is written again behind them; until then the copy at the beginning
 * of the file stands in for it.
 */
final class VhdMap implements BlockMap {
    /** An entry of the table without a block. */
    static final int UNUSED = 0xFFFFFFFF;

    private static final int SECTOR = 512;
    private static final int PAGE = 4096;
    private static final long CACHE_BYTES = 4 << 20;

    private final ByteStore store;
    private final VhdHeader header;
    private final ByteBuffer footer;
    private final boolean copyMissing;
    private final long dataStart;
    private final MetadataCache cache;

    /** Blocks known to have all their bits set. */
    private final BitSet full = new BitSet();

    private long end;
    private boolean moved;

    /** @param end behind the last block, if there will be writes */
    VhdMap(ByteStore store, Vhd.Found found, VhdHeader header, long end) {
        this.store = store;
        this.header = header;
        this.footer = found.bytes();
        this.copyMissing = !found.atBeginning();
        this.dataStart = header.dataStart(found.footer());
        this.cache = new MetadataCache(store, ByteOrder.BIG_ENDIAN, CACHE_BYTES);
        this.end = Math.max(end, dataStart);
    }

    @Override
    public int blockSize() {
        return header.blockSize();
    }

    /** Where a block's bitmap begins; negative if the block has no place. */
    private long bitmap(long block) throws IOException {
        int sector = cache.getInt(header.tableOffset() + 4 * block);
        if (sector == UNUSED) {
            return -1;
        }
        long place = Integer.toUnsignedLong(sector) * SECTOR;
        if (place < dataStart || place >= store.size()) {
            throw new IOException(
                    "the image is damaged: its table says that block " + block + " stands at byte " + place);
        }
        return place;
    }

    @Override
    public Run find(long position, long length) throws IOException {
        long block = position / header.blockSize();
        int offset = (int) (position % header.blockSize());
        long count = Math.min(length, header.blockSize() - offset);
        long bitmap = bitmap(block);
        if (bitmap < 0) {
            return Run.absent(count);
        }
        long data = bitmap + header.bitmapLength() + offset;
        if (isFull((int) block, bitmap)) {
            return Run.data(data, count);
        }
        int first = offset / SECTOR;
        boolean written = bit(bitmap, first);
        int next = first + 1;
        while (next * SECTOR < offset + count && bit(bitmap, next) == written) {
            next++;
        }
        count = Math.min(count, (long) next * SECTOR - offset);
        return written ? Run.data(data, count) : Run.absent(count);
    }

    private boolean bit(long bitmap, int sector) throws IOException {
        return (cache.get(bitmap + sector / 8) & 0x80 >> sector % 8) != 0;
    }

    private boolean isFull(int block, long bitmap) throws IOException {
        if (!full.get(block)) {
            for (int i = 0; i < header.blockSize() / SECTOR / 8; i++) {
                if (cache.get(bitmap + i) != -1) {
                    return false;
                }
            }
            full.set(block);
        }
        return true;
    }

    @Override
    public void beforeFirstChange() throws IOException {
        if (copyMissing) {
            store.write(footer.duplicate(), 0);
            store.flush();
        }
    }

    @Override
    public long reserve(long block) throws IOException {
        long bitmap = bitmap(block);
        if (bitmap >= 0) {
            zeroUnwritten(bitmap);
            return bitmap + header.bitmapLength();
        }
        // Data begin on a page of the host, so that holes can be made in them.
        long data = (end + header.bitmapLength() + PAGE - 1) / PAGE * PAGE;
        long place = data - header.bitmapLength();
        if (place / SECTOR >= 0xFFFFFFFFL) {
            throw new IOException("the image is full: convert it to another format");
        }
        long behind = data + header.blockSize();
        long size = store.size();
        if (place < size) {
            store.punchHole(place, Math.min(size, behind) - place);
        }
        if (size < behind + VhdFooter.LENGTH) {
            store.truncate(behind + VhdFooter.LENGTH);
        }
        return data;
    }

    private void zeroUnwritten(long bitmap) throws IOException {
        int sectors = header.blockSize() / SECTOR;
        for (int first = 0; first < sectors; ) {
            int next = first;
            while (next < sectors && !bit(bitmap, next)) {
                next++;
            }
            if (next > first) {
                store.punchHole(bitmap + header.bitmapLength() + (long) first * SECTOR, (long) (next - first) * SECTOR);
            }
            first = next + 1;
        }
    }

    @Override
    public void assign(long block, long place) throws IOException {
        long bitmap = place - header.bitmapLength();
        cache.fill(bitmap, header.bitmapLength(), (byte) -1);
        full.set((int) block);
        if (bitmap(block) < 0) {
            cache.putInt(header.tableOffset() + 4 * block, (int) (bitmap / SECTOR));
            end = place + header.blockSize();
            moved = true;
        }
    }

    @Override
    public boolean crowded() {
        return cache.crowded();
    }

    @Override
    public Commit take() throws IOException {
        writeFooter();
        return new TableCommit(cache.take(), store);
    }

    private void writeFooter() throws IOException {
        if (moved) {
            store.truncate(end + VhdFooter.LENGTH);
            store.write(footer.duplicate(), end);
            moved = false;
        }
    }

    @Override
    public void close() {}
}
