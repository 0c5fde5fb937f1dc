// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vmdk;

import dev.terrarium.engine.image.ByteStore;
import dev.terrarium.engine.image.block.BlockMap;
import dev.terrarium.engine.image.block.MetadataCache;
import dev.terrarium.engine.image.block.Run;
import dev.terrarium.engine.image.block.TableCommit;
import java.io.IOException;
import java.nio.ByteOrder;

/**
 * The grain directory and grain tables of a sparse extent, both copies. New grains and tables go to the end of the file,
 * so what a power cut left without an entry is never used again.
 */
final class SparseMap implements BlockMap {
    /** The entry of a grain that reads as zeros, where the header allows it. */
    static final int ZEROED = 1;

    private static final long CACHE_BYTES = 16 << 20;

    private final ByteStore store;
    private final VmdkHeader header;
    private final MetadataCache cache;
    private final long dataStart;
    private final int grainBytes;

    SparseMap(ByteStore store, VmdkHeader header) throws IOException {
        this.store = store;
        this.header = header;
        this.cache = new MetadataCache(store, ByteOrder.LITTLE_ENDIAN, CACHE_BYTES);
        this.dataStart = header.dataStart(store.size());
        this.grainBytes = header.grainBytes();
    }

    VmdkHeader header() {
        return header;
    }

    @Override
    public int blockSize() {
        return grainBytes;
    }

    /** Where the table for a grain begins, in bytes; 0 if there is none. */
    private long table(long directory, long grain) throws IOException {
        long number = grain / header.tableEntries();
        long place = Integer.toUnsignedLong(cache.getInt(directory * Vmdk.SECTOR + 4 * number)) * Vmdk.SECTOR;
        if (place != 0 && place > store.size() - header.tableBytes()) {
            throw new IOException(
                    "the image is damaged: its directory says that table " + number + " is at byte " + place);
        }
        return place;
    }

    private long entryAt(long table, long grain) {
        return table + 4 * (grain % header.tableEntries());
    }

    @Override
    public Run find(long position, long length) throws IOException {
        long grain = position / grainBytes;
        int offset = (int) (position % grainBytes);
        long count = Math.min(length, grainBytes - offset);
        long table = table(header.directory(), grain);
        int entry = table == 0 ? 0 : cache.getInt(entryAt(table, grain));
        if (entry == 0) {
            return Run.absent(count);
        }
        if (entry == ZEROED && header.has(VmdkHeader.ZEROED_GRAINS)) {
            return Run.zero(count);
        }
        long place = Integer.toUnsignedLong(entry) * Vmdk.SECTOR;
        if (place < dataStart || place >= store.size()) {
            throw new IOException(
                    "the image is damaged: its table says that grain " + grain + " stands at byte " + place);
        }
        return Run.data(place + offset, count);
    }

    @Override
    public long reserve(long block) throws IOException {
        return append(grainBytes, grainBytes);
    }

    private long append(int length, int alignment) throws IOException {
        long place = Vmdk.roundUp(Math.max(store.size(), dataStart), alignment);
        if ((place + length) / Vmdk.SECTOR > 0xFFFFFFFFL) {
            throw new IOException("the image is full: convert it to another format");
        }
        store.truncate(place + length);
        return place;
    }

    @Override
    public void assign(long block, long place) throws IOException {
        int sector = (int) (place / Vmdk.SECTOR);
        if (header.has(VmdkHeader.REDUNDANT)) {
            enter(header.redundantDirectory(), block, sector);
        }
        enter(header.directory(), block, sector);
    }

    private void enter(long directory, long grain, int sector) throws IOException {
        long table = table(directory, grain);
        if (table == 0) {
            table = append(header.tableBytes(), Vmdk.SECTOR);
            cache.fill(table, header.tableBytes(), (byte) 0);
            cache.putInt(directory * Vmdk.SECTOR + 4 * (grain / header.tableEntries()), (int) (table / Vmdk.SECTOR));
        }
        cache.putInt(entryAt(table, grain), sector);
    }

    @Override
    public boolean crowded() {
        return cache.crowded();
    }

    @Override
    public Commit take() {
        return new TableCommit(cache.take(), store);
    }

    @Override
    public void close() {}
}
