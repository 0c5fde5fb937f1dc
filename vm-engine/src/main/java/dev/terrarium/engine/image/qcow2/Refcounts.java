// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import dev.terrarium.engine.image.ByteStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongPredicate;

/**
 * How often each cluster of the file is used, and which are free (specification, host cluster management). For the holder
 * of the metadata's lock.
 *
 * <p>A new refcount block takes the first cluster of those it counts, so it counts itself. Clusters at and after
 * {@link #isBlank} have never been written, and read as zeros.
 */
final class Refcounts {
    private static final long OFFSET_MASK = ~0x1FFL;

    /** Clusters that may be allocated between two looks at {@link #hasRoom}. */
    private static final int SLACK = 16;

    final TableCache blocks;
    private final ByteStore store;
    private final Header header;
    private final Geometry geometry;
    private final LongPredicate metadata;
    private long[] table;
    private final Set<Long> blockOffsets = new HashSet<>();
    private final BitSet dirtySectors = new BitSet();

    /** No cluster before this one is free. */
    private long firstFree;

    /** No cluster from this one on was ever used. */
    private long end;

    private final long blank;

    /** @param metadata whether a cluster is known to hold metadata, which must never be handed out */
    Refcounts(ByteStore store, Header header, TableCache blocks, LongPredicate metadata) throws IOException {
        this.store = store;
        this.header = header;
        this.geometry = header.geometry();
        this.blocks = blocks;
        this.metadata = metadata;
        this.table = readTable(store, header);
        for (long each : table) {
            blockOffsets.add(each & OFFSET_MASK);
        }
        this.end = geometry.clusters(store.size());
        this.blank = end;
    }

    static long[] readTable(ByteStore store, Header header) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate((int) header.geometry().offset(header.refcountTableClusters));
        store.read(bytes, header.refcountTableOffset);
        long[] entries = new long[bytes.capacity() / 8];
        bytes.flip().asLongBuffer().get(entries);
        return entries;
    }

    /** Whether a cluster that is free now reads as zeros. */
    boolean isBlank(long cluster) {
        return cluster >= blank;
    }

    /** The first cluster after all that are used. */
    long end() {
        return end;
    }

    long get(long cluster) throws IOException {
        int per = geometry.refcountsPerBlock();
        long index = cluster / per;
        if (index >= table.length || table[(int) index] == 0) {
            return 0;
        }
        return RefcountWidth.get(block((int) index).bytes, geometry.refcountOrder(), (int) (cluster % per));
    }

    private Table block(int index) throws IOException {
        long offset = table[index] & OFFSET_MASK;
        if (!geometry.aligned(offset) || offset >= store.size() && geometry.offset(end) <= offset) {
            throw Damage.found("refcount block " + index + " at 0x" + Long.toHexString(offset));
        }
        return blocks.get(offset);
    }

    private void set(long cluster, long value) throws IOException {
        int per = geometry.refcountsPerBlock();
        Table block = block((int) (cluster / per));
        int index = (int) (cluster % per);
        RefcountWidth.set(block.bytes, geometry.refcountOrder(), index, value);
        block.changed(RefcountWidth.byteOf(geometry.refcountOrder(), index));
        if (value == 0) {
            firstFree = Math.min(firstFree, cluster);
        } else {
            end = Math.max(end, cluster + 1);
        }
    }

    /** Counts one more use of a cluster that is used already. */
    void increment(long cluster) throws IOException {
        long count = get(cluster);
        if (count == 0) {
            throw Damage.found("cluster " + cluster + " is used and counted as free");
        }
        if (count >= geometry.largestRefcount()) {
            throw new IOException("a refcount of " + geometry.refcountBits()
                    + " bits cannot hold more: convert the image to one with wider refcounts");
        }
        set(cluster, count + 1);
    }

    boolean canIncrement(long cluster) throws IOException {
        long count = get(cluster);
        return count > 0 && count < geometry.largestRefcount();
    }

    /** Counts one use less of a cluster; returns how many are left. At zero it is free. */
    long decrement(long cluster) throws IOException {
        long count = get(cluster);
        if (count == 0) {
            throw Damage.found("cluster " + cluster + " is given up and counted as free");
        }
        set(cluster, count - 1);
        return count - 1;
    }

    /** Whether so many clusters surely find a place in the refcount table; else {@link #grow} it first. */
    boolean hasRoom(long clusters) {
        int per = geometry.refcountsPerBlock();
        return (end + clusters + clusters / per + SLACK) / per < table.length;
    }

    /**
     * Takes up to {@code most} free clusters in a row.
     *
     * @return the first, and how many
     */
    Run allocate(int most) throws IOException {
        int per = geometry.refcountsPerBlock();
        long cluster = firstFree;
        while (true) {
            long index = cluster / per;
            if (index >= table.length) {
                throw new IOException("the refcount table is full: this is a bug, report it");
            }
            if (table[(int) index] == 0) {
                makeBlock((int) index, index * per);
            }
            byte[] bytes = block((int) index).bytes;
            int at = (int) (cluster % per);
            while (at < per && RefcountWidth.get(bytes, geometry.refcountOrder(), at) != 0) {
                at++;
            }
            cluster = index * per + at;
            if (at < per) {
                break;
            }
        }
        int count = 0;
        while (count < most && (count == 0 || (cluster + count) % per != 0) && get(cluster + count) == 0) {
            take(cluster + count);
            count++;
        }
        firstFree = cluster + count;
        return new Run(cluster, count);
    }

    private void take(long cluster) throws IOException {
        requireFree(cluster);
        set(cluster, 1);
    }

    /** Clusters in a row. */
    record Run(long first, int count) {}

    private void requireFree(long cluster) throws IOException {
        if (metadata.test(cluster)) {
            throw Damage.found("cluster " + cluster + " holds metadata and is counted as free");
        }
    }

    /** Whether a refcount block lies at an offset. */
    boolean isBlock(long offset) {
        return blockOffsets.contains(offset);
    }

    private void makeBlock(int index, long at) throws IOException {
        requireFree(at);
        table[index] = geometry.offset(at);
        blockOffsets.add(geometry.offset(at));
        end = Math.max(end, at + 1);
        blocks.fresh(geometry.offset(at));
        dirtySectors.set(index * 8 / Geometry.SECTOR);
        if (at / geometry.refcountsPerBlock() == index) {
            set(at, 1);
        }
    }

    /** Takes {@code count} clusters in a row, at the end of the file if they are several. */
    long allocateTogether(int count) throws IOException {
        if (count == 1) {
            return allocate(1).first();
        }
        long start = end;
        List<Integer> missing = missingBlocks(start, count);
        for (long cluster = start; cluster < start + missing.size() + count; cluster++) {
            if (get(cluster) != 0) {
                start = cluster + 1;
                missing = missingBlocks(start, count);
            }
        }
        long first = start + missing.size();
        if ((first + count - 1) / geometry.refcountsPerBlock() >= table.length) {
            throw new IOException("the refcount table is full: this is a bug, report it");
        }
        for (int i = 0; i < missing.size(); i++) {
            makeBlock(missing.get(i), start + i);
        }
        for (long cluster = start; cluster < first + count; cluster++) {
            if (get(cluster) == 0) {
                set(cluster, 1);
            }
        }
        return first;
    }

    /** The blocks that are missing for so many clusters from a place on, and for themselves before these. */
    private List<Integer> missingBlocks(long start, int count) {
        int per = geometry.refcountsPerBlock();
        List<Integer> missing = new ArrayList<>();
        for (long index = start / per; index <= (start + missing.size() + count - 1) / per; index++) {
            if (index >= table.length || table[(int) index] == 0) {
                missing.add((int) index);
            }
        }
        return missing;
    }

    /**
     * Doubles the refcount table at least, in a new place, and makes that durable. Nothing else may write metadata
     * meanwhile. If it fails before the header changes, all is as before but for clusters that leak.
     *
     * @param clusters how many must find a place afterwards
     */
    void grow(long clusters) throws IOException {
        int per = geometry.refcountsPerBlock();
        long wanted = Math.max(table.length * 2L, (end + clusters * 2 + SLACK) / per + 2);
        wanted = Math.max(wanted, (end + clusters * 2 + SLACK + geometry.clusters(wanted * 8) * 2) / per + 2);
        long size = geometry.clusters(wanted * 8);
        if (geometry.offset(size) > Geometry.LARGEST_REFCOUNT_TABLE_BYTES) {
            throw new IOException("the file is too large for clusters of " + geometry.clusterSize()
                    + " bytes: convert the image to one with larger clusters");
        }
        int oldLength = table.length;
        table = Arrays.copyOf(table, (int) (geometry.offset(size) / 8));
        long place = allocateTogether((int) size);
        List<Table.Patch> patches = new ArrayList<>(blocks.take(true));
        patches.addAll(blocks.take(false));
        try {
            for (Table.Patch patch : patches) {
                store.write(ByteBuffer.wrap(patch.bytes()), patch.offset());
            }
            store.flush();
            ByteBuffer bytes = ByteBuffer.allocate(table.length * 8);
            bytes.asLongBuffer().put(table);
            store.write(bytes, geometry.offset(place));
            store.flush();
        } catch (IOException e) {
            undoGrowth(oldLength, patches);
            throw e;
        } finally {
            TableCache.release(patches);
        }
        long oldTable = header.refcountTableOffset;
        int oldClusters = header.refcountTableClusters;
        header.refcountTableOffset = geometry.offset(place);
        header.refcountTableClusters = (int) size;
        header.writeFields(store);
        store.flush();
        dirtySectors.clear();
        for (int i = 0; i < oldClusters; i++) {
            decrement((oldTable >>> geometry.clusterBits()) + i);
        }
    }

    private void undoGrowth(int oldLength, List<Table.Patch> patches) {
        for (int i = oldLength; i < table.length; i++) {
            blocks.forget(table[i]);
            blockOffsets.remove(table[i]);
        }
        table = Arrays.copyOf(table, oldLength);
        patches.forEach(each -> each.table().changed(each));
        dirtySectors.clear((oldLength * 8 + Geometry.SECTOR - 1) / Geometry.SECTOR, dirtySectors.length() + 1);
    }

    /** The refcount table's changed sectors, which count as unchanged from now on. */
    List<TableSector> takeTable() {
        List<TableSector> sectors = new ArrayList<>();
        dirtySectors.stream().forEach(each -> sectors.add(TableSector.of(table, each, header.refcountTableOffset)));
        dirtySectors.clear();
        return sectors;
    }

    void changed(TableSector sector) {
        dirtySectors.set(sector.index());
    }
}
