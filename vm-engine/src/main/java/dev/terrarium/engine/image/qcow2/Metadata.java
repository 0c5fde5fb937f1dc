// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.ByteStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The tables of one open image, and their one owner: whoever reads or changes them holds {@link #lock}. {@link Checkpoint}
 * makes changes durable in the order that a power cut forgives.
 *
 * <p>A cluster that is no longer needed is <em>dropped</em> first; the checkpoint that makes the change which dropped it
 * durable gives it back ({@link Checkpoint}). Until then it counts as used.
 */
final class Metadata {
    /** What the L2 tables and the refcount blocks in memory may take, each, in bytes. */
    static final long CACHE_BYTES = 32L << 20;

    private static final int MOST_DROPS = 1 << 18;
    private static final Logger LOG = LoggerFactory.getLogger(Metadata.class);

    final Path path;
    final ByteStore store;

    /** Where the guest's clusters are: {@link #store}, or the external data file. */
    final ByteStore data;

    final Header header;
    final Geometry geometry;
    final ReentrantLock lock = new ReentrantLock();

    /** Signalled when clusters of the guest are no longer being allocated. */
    final Condition allocated = lock.newCondition();

    final TableCache tables;
    final Refcounts refcounts;

    private long[] l1;
    private final BitSet l1Dirty = new BitSet();

    /** Offsets of the L2 tables of {@link #l1}. */
    private final Set<Long> l2Offsets = new HashSet<>();

    private final Set<Long> snapshotClusters = new HashSet<>();
    private ClusterList drops = new ClusterList();

    /** Where the next compressed cluster may begin; 0 if nowhere in particular. */
    private long compressedTail;

    private volatile boolean prepared;

    /** A change of the structure is under way, or failed: the dirty bit stays. */
    boolean unsound;

    /** The compressed cluster that was read last; forgotten when its place may be used for another. */
    volatile @Nullable Decompressed decompressed;

    /** A compressed cluster's descriptor and its bytes. */
    record Decompressed(long descriptor, byte[] bytes) {}

    Metadata(Path path, ByteStore store, ByteStore data, Header header, long cacheBytes)
            throws TerrariumException, IOException {
        this.path = path;
        this.store = store;
        this.data = data;
        this.header = header;
        this.geometry = header.geometry();
        this.tables = new TableCache(store, geometry.clusterSize(), cacheBytes);
        this.refcounts = new Refcounts(
                store,
                header,
                new TableCache(store, geometry.clusterSize(), cacheBytes),
                cluster -> isMetadata(geometry.offset(cluster)));
        this.l1 = readL1(path, store, geometry, header.l1Offset, header.l1Size);
        replaceL1Set();
    }

    /** An L1 table, of the image or of a snapshot. */
    static long[] readL1(Path path, ByteStore store, Geometry geometry, long offset, int size)
            throws TerrariumException, IOException {
        long[] entries = new long[size];
        if (size > 0) {
            if (offset >= store.size()) {
                throw Damage.of(path, "its L1 table lies past the end of the file");
            }
            ByteBuffer bytes = ByteBuffer.allocate(size * 8);
            store.read(bytes, offset);
            bytes.flip().asLongBuffer().get(entries);
        }
        for (long each : entries) {
            if (!geometry.aligned(each & Entry.OFFSET_MASK)) {
                throw Damage.of(path, "an L2 table at 0x" + Long.toHexString(each & Entry.OFFSET_MASK));
            }
        }
        return entries;
    }

    long[] l1() {
        return l1;
    }

    /** Takes another L1 table as the active one; the header says already where it is. */
    void replaceL1(long[] entries) {
        l1 = entries;
        l1Dirty.clear();
        replaceL1Set();
    }

    /** Notes anew where the L2 tables are. */
    void replaceL1Set() {
        l2Offsets.clear();
        for (long each : l1) {
            l2Offsets.add(each & Entry.OFFSET_MASK);
        }
    }

    /** Whether an offset of the file is known to hold metadata. */
    boolean isMetadata(long offset) {
        return offset == 0
                || within(offset, header.l1Offset, header.l1Size * 8L)
                || within(offset, header.refcountTableOffset, geometry.offset(header.refcountTableClusters))
                || l2Offsets.contains(offset)
                || refcounts.isBlock(offset)
                || snapshotClusters.contains(offset);
    }

    private static boolean within(long offset, long start, long length) {
        return offset >= start && offset < start + length;
    }

    /** Notes the clusters of the snapshot table and of snapshots' L1 tables, which must never be handed out. */
    void noteSnapshots(List<Refcounts.Run> runs) {
        snapshotClusters.clear();
        for (Refcounts.Run run : runs) {
            for (int i = 0; i < run.count(); i++) {
                snapshotClusters.add(geometry.offset(run.first() + i));
            }
        }
    }

    /** The L2 table that an L1 entry points to. */
    Table table(long l1Entry) throws IOException {
        long offset = l1Entry & Entry.OFFSET_MASK;
        if (offset >= store.size() && geometry.clusters(offset) >= refcounts.end()) {
            throw Damage.found("an L2 table past the end of the file");
        }
        return tables.get(offset);
    }

    /** The entry of the guest's cluster at an offset of its disk. */
    Entry entry(long position) throws IOException {
        int index = (int) (position / geometry.bytesPerTable());
        if (index >= l1.length || (l1[index] & Entry.OFFSET_MASK) == 0) {
            return Entry.UNALLOCATED;
        }
        return entry(table(l1[index]), entryIndex(position));
    }

    Entry entry(Table table, int index) throws IOException {
        int at = index * geometry.entrySize();
        long first = table.getLong(at);
        long bitmap = geometry.extended() ? table.getLong(at + 8) : 0;
        if (first == 0 && bitmap == 0) {
            return Entry.UNALLOCATED;
        }
        String problem = Entry.problem(geometry, first, bitmap);
        if (!problem.isEmpty()) {
            throw Damage.found(problem);
        }
        return Entry.decode(geometry, first, bitmap);
    }

    int entryIndex(long position) {
        return (int) ((position >>> geometry.clusterBits()) % geometry.entriesPerTable());
    }

    /** Sets the entry of the guest's cluster at an offset of its disk, in a table that no snapshot shares. */
    void setEntry(long position, Entry entry) throws IOException {
        entry.write(geometry, writableTable(position), entryIndex(position));
    }

    /** The L2 table for an offset of the disk, made or copied if need be. */
    Table writableTable(long position) throws IOException {
        int index = (int) (position / geometry.bytesPerTable());
        long old = l1[index];
        if (old < 0) {
            return table(old);
        }
        long oldOffset = old & Entry.OFFSET_MASK;
        Table source = oldOffset == 0 ? null : table(old);
        long cluster = refcounts.allocate(1).first();
        Table table = tables.fresh(geometry.offset(cluster));
        if (source != null) {
            System.arraycopy(source.bytes, 0, table.bytes, 0, table.bytes.length);
            l2Offsets.remove(oldOffset);
            tables.forget(oldOffset);
            drop(oldOffset >>> geometry.clusterBits());
        }
        setL1(index, table.offset | Entry.COPIED);
        l2Offsets.add(table.offset);
        return table;
    }

    void setL1(int index, long entry) {
        l1[index] = entry;
        l1Dirty.set(index * 8 / Geometry.SECTOR);
    }

    /** Gives a use of a cluster up, once the change that did so is durable. */
    void drop(long cluster) {
        drops.add(cluster);
        forgetTail(cluster);
    }

    /** Lets no compressed cluster begin in a cluster that may be given back. */
    void forgetTail(long cluster) {
        if (compressedTail >>> geometry.clusterBits() == cluster) {
            compressedTail = 0;
        }
    }

    /** Gives up what an entry points to. */
    void drop(Entry entry) throws IOException {
        clustersOf(entry, this::drop);
    }

    /** Tells the host clusters that an entry points to. */
    void clustersOf(Entry entry, ClusterAction consumer) throws IOException {
        if (entry.compressed()) {
            long first = entry.compressedOffset(geometry);
            long last = first + entry.compressedLength(geometry) - 1;
            for (long each = first >>> geometry.clusterBits(); each <= last >>> geometry.clusterBits(); each++) {
                consumer.accept(each);
            }
        } else if (entry.placed() && !geometry.external()) {
            consumer.accept(entry.host() >>> geometry.clusterBits());
        }
    }

    /** Room for {@code length} compressed bytes; counts its clusters as used by one more. */
    long allocateCompressed(int length) throws IOException {
        long tail = compressedTail;
        int size = geometry.clusterSize();
        if (tail != 0) {
            long cluster = tail >>> geometry.clusterBits();
            if (geometry.offset(cluster) + size - tail >= length && refcounts.canIncrement(cluster)) {
                refcounts.increment(cluster);
                return advanceTail(tail, length);
            }
        }
        Refcounts.Run run = refcounts.allocate(1);
        long cluster = tail >>> geometry.clusterBits();
        if (tail != 0 && run.first() == cluster + 1 && refcounts.canIncrement(cluster)) {
            refcounts.increment(cluster);
            return advanceTail(tail, length);
        }
        return advanceTail(geometry.offset(run.first()), length);
    }

    private long advanceTail(long offset, int length) {
        long end = offset + length;
        compressedTail = geometry.aligned(end) ? 0 : end;
        return offset;
    }

    /** Gives clusters back that nothing durable points to: what an allocation took that then failed. */
    void undo(long cluster) throws IOException {
        forgetTail(cluster);
        if (refcounts.get(cluster) == 1) {
            try {
                store.punchHole(geometry.offset(cluster), geometry.clusterSize());
            } catch (IOException e) {
                LOG.debug("{}: cluster {} stays used until the next checkpoint", path, cluster, e);
                drop(cluster);
                return;
            }
        }
        refcounts.decrement(cluster);
    }

    /** Whether a checkpoint is due before more is changed. */
    boolean isCrowded() {
        return tables.isCrowded() || refcounts.blocks.isCrowded() || drops.size() > MOST_DROPS;
    }

    /** Whether the header says already that the image is being changed. */
    boolean isPrepared() {
        return prepared;
    }

    void setPrepared(boolean value) {
        prepared = value;
    }

    List<TableSector> takeL1() {
        List<TableSector> sectors = new ArrayList<>();
        l1Dirty.stream().forEach(each -> sectors.add(TableSector.of(l1, each, header.l1Offset)));
        l1Dirty.clear();
        return sectors;
    }

    void l1Changed(TableSector sector) {
        l1Dirty.set(sector.index());
    }

    ClusterList takeDrops() {
        ClusterList taken = drops;
        drops = new ClusterList();
        return taken;
    }

    void returnDrops(ClusterList taken) {
        drops.addAll(taken);
    }
}
