// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vhdx;

import dev.terrarium.engine.image.ByteStore;
import dev.terrarium.engine.image.block.BlockMap;
import dev.terrarium.engine.image.block.MetadataCache;
import dev.terrarium.engine.image.block.Run;
import java.io.IOException;
import java.nio.ByteOrder;

/** A VHDX's block allocation table ([MS-VHDX] 2.5): 8 bytes a block, of which three bits say what is there. */
final class VhdxMap implements BlockMap {
    static final int NOT_PRESENT = 0;
    static final int UNDEFINED = 1;
    static final int ZERO = 2;
    static final int UNMAPPED = 3;
    static final int PRESENT = 6;

    private static final long CACHE_BYTES = 8 << 20;

    private final ByteStore store;
    private final VhdxMetadata metadata;
    private final VhdxRegions regions;
    private final VhdxSession session;
    private final MetadataCache cache;
    private final long chunkRatio;
    private long end;

    /** @param end behind the last block, if there will be writes */
    VhdxMap(ByteStore store, VhdxMetadata metadata, VhdxRegions regions, VhdxSession session, long end) {
        this.store = store;
        this.metadata = metadata;
        this.regions = regions;
        this.session = session;
        this.cache = new MetadataCache(store, ByteOrder.LITTLE_ENDIAN, CACHE_BYTES);
        this.chunkRatio = metadata.chunkRatio();
        this.end = end;
    }

    static int state(long entry) {
        return (int) entry & 7;
    }

    static long place(long entry) {
        return entry >>> 20 << 20;
    }

    private long entryAt(long block) {
        return regions.table().offset() + 8 * (block + block / chunkRatio);
    }

    @Override
    public int blockSize() {
        return metadata.blockSize();
    }

    @Override
    public Run find(long position, long length) throws IOException {
        long block = position / metadata.blockSize();
        int offset = (int) (position % metadata.blockSize());
        long count = Math.min(length, metadata.blockSize() - offset);
        long entry = cache.getLong(entryAt(block));
        return switch (state(entry)) {
            case NOT_PRESENT, UNDEFINED -> Run.absent(count);
            case ZERO, UNMAPPED -> Run.zero(count);
            case PRESENT -> {
                long place = place(entry);
                if (place < Vhdx.MIB || place >= store.size() || onMetadata(place)) {
                    throw new IOException("the image is damaged: its table says that block " + block
                            + " stands at byte " + Long.toUnsignedString(place));
                }
                yield Run.data(place + offset, count);
            }
            default ->
                throw new IOException(
                        "the image is damaged: its table says that block " + block + " is in state " + state(entry));
        };
    }

    private boolean onMetadata(long place) {
        return regions.table().overlaps(place, metadata.blockSize())
                || regions.metadata().overlaps(place, metadata.blockSize());
    }

    @Override
    public void beforeFirstChange() throws IOException {
        session.beforeFirstChange();
    }

    @Override
    public long reserve(long block) throws IOException {
        long place = (end + Vhdx.MIB - 1) / Vhdx.MIB * Vhdx.MIB;
        long size = store.size();
        if (place < size) {
            store.punchHole(place, Math.min(size - place, metadata.blockSize()));
        }
        if (place + metadata.blockSize() > size) {
            store.truncate(place + metadata.blockSize());
        }
        return place;
    }

    @Override
    public void assign(long block, long place) throws IOException {
        cache.putLong(entryAt(block), place | PRESENT);
        end = Math.max(end, place + metadata.blockSize());
    }

    @Override
    public boolean crowded() {
        return cache.crowded();
    }

    @Override
    public Commit take() throws IOException {
        return session.commit(cache.take(), store.size());
    }

    @Override
    public void close() throws IOException {
        session.close();
    }
}
