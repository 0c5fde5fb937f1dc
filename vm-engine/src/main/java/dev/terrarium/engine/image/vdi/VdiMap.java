// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vdi;

import dev.terrarium.engine.image.ByteStore;
import dev.terrarium.engine.image.block.BlockMap;
import dev.terrarium.engine.image.block.MetadataCache;
import dev.terrarium.engine.image.block.Run;
import dev.terrarium.engine.image.block.TableCommit;
import java.io.IOException;
import java.nio.ByteOrder;
import java.util.BitSet;

/**
 * A VDI's block map: for each block which of the file's blocks it is. The header counts those in use, and other programs
 * put the next new block behind them: the count is therefore made durable before the entries, never after.
 */
final class VdiMap implements BlockMap {
    /** No place yet: zeros, in an image without a parent. */
    static final int UNALLOCATED = 0xFFFFFFFF;

    /** No place any more: zeros. */
    static final int DISCARDED = 0xFFFFFFFE;

    private static final long CACHE_BYTES = 4 << 20;

    private final ByteStore store;
    private final VdiHeader header;
    private final MetadataCache cache;
    private final BitSet used;
    private int allocated;
    private int allocatedInHeader;

    /** @param used which of the file's blocks have an entry, if there will be writes */
    VdiMap(ByteStore store, VdiHeader header, BitSet used) {
        this.store = store;
        this.header = header;
        this.cache = new MetadataCache(store, ByteOrder.LITTLE_ENDIAN, CACHE_BYTES);
        this.used = used;
        this.allocated = used.length();
        this.allocatedInHeader = header.allocated();
    }

    @Override
    public int blockSize() {
        return header.blockSize();
    }

    private long entryAt(long block) {
        return header.mapOffset() + 4 * block;
    }

    @Override
    public Run find(long position, long length) throws IOException {
        long block = position / header.blockSize();
        int offset = (int) (position % header.blockSize());
        long count = Math.min(length, header.blockSize() - offset);
        int entry = cache.getInt(entryAt(block));
        if (entry == UNALLOCATED) {
            return Run.absent(count);
        }
        if (entry == DISCARDED) {
            return Run.zero(count);
        }
        if (Integer.compareUnsigned(entry, header.blocks()) >= 0) {
            throw new IOException("the image is damaged: its map says that block " + block + " stands at "
                    + Integer.toUnsignedString(entry) + " of " + header.blocks());
        }
        return Run.data(header.place(entry) + offset, count);
    }

    @Override
    public long reserve(long block) throws IOException {
        int index = used.nextClearBit(0);
        if (index >= header.blocks()) {
            throw new IOException("the image is damaged: all its places are taken");
        }
        long place = header.place(index);
        long size = store.size();
        if (place < size) {
            store.punchHole(place, Math.min(size - place, header.blockSize()));
        }
        if (place + header.blockSize() > size) {
            store.truncate(place + header.blockSize());
        }
        return place;
    }

    @Override
    public void assign(long block, long place) throws IOException {
        int index = (int) ((place - header.dataOffset()) / header.blockSize());
        cache.putInt(entryAt(block), index);
        used.set(index);
        allocated = used.length();
    }

    @Override
    public boolean crowded() {
        return cache.crowded();
    }

    @Override
    public Commit take() throws IOException {
        MetadataCache.Batch batch = cache.take();
        if (!batch.empty() && allocated != allocatedInHeader) {
            try {
                VdiHeader.writeAllocated(store, allocated);
            } catch (IOException e) {
                batch.finish(false);
                throw e;
            }
            allocatedInHeader = allocated;
        }
        return new TableCommit(batch, store);
    }

    @Override
    public void close() {}
}
