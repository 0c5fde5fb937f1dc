// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.ImageSnapshot;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The snapshots inside an image. Each change becomes durable with one sector, the header's; refcounts and COPIED flags
 * around it are rebuilt by whoever opens the image after a cut (the dirty bit; version 2 has none, and leaks or wants a
 * check then). For a caller that holds the requests' lock alone.
 */
final class Snapshots {
    private final Metadata metadata;
    private final Checkpoint checkpoint;
    private final Mapping mapping;
    private final WritePath writes;
    private List<Snapshot> snapshots;

    Snapshots(Metadata metadata, Checkpoint checkpoint, Mapping mapping, WritePath writes, List<Snapshot> snapshots) {
        this.metadata = metadata;
        this.checkpoint = checkpoint;
        this.mapping = mapping;
        this.writes = writes;
        this.snapshots = snapshots;
        noteClusters();
    }

    List<ImageSnapshot> list() {
        metadata.lock.lock();
        try {
            return snapshots.stream().map(Snapshot::summary).toList();
        } finally {
            metadata.lock.unlock();
        }
    }

    List<Snapshot> all() {
        return snapshots;
    }

    private void noteClusters() {
        List<Refcounts.Run> runs = new ArrayList<>();
        for (Snapshot each : snapshots) {
            runs.add(run(each.l1Offset(), each.l1Size() * 8L));
        }
        if (!snapshots.isEmpty()) {
            runs.add(run(metadata.header.snapshotsOffset, SnapshotTable.encode(snapshots).length));
        }
        metadata.noteSnapshots(runs);
    }

    private Refcounts.Run run(long offset, long bytes) {
        Geometry geometry = metadata.geometry;
        return new Refcounts.Run(offset >>> geometry.clusterBits(), (int) geometry.clusters(bytes));
    }

    private Snapshot find(String idOrName) throws TerrariumException {
        for (Snapshot each : snapshots) {
            if (each.id().equals(idOrName)) {
                return each;
            }
        }
        for (Snapshot each : snapshots) {
            if (each.name().equals(idOrName)) {
                return each;
            }
        }
        throw new TerrariumException(metadata.path + " has no snapshot \"" + idOrName
                + "\": see terrarium image snapshot -l " + metadata.path);
    }

    ImageSnapshot create(String name, long vmStateSize, long vmClockNanos) throws TerrariumException, IOException {
        if (metadata.geometry.external()) {
            throw new TerrariumException(
                    metadata.path + " has an external data file, so it can have no snapshots: convert it first");
        }
        if (metadata.geometry.refcountBits() == 1) {
            throw new TerrariumException(
                    metadata.path + " has refcounts of one bit, so it can have no snapshots: convert it first");
        }
        if (name.getBytes(StandardCharsets.UTF_8).length > 0xFFFF || snapshots.size() >= SnapshotTable.MOST_SNAPSHOTS) {
            throw new TerrariumException("the snapshot's name is too long, or there are too many: delete some");
        }
        Preparation.begin(metadata);
        Instant now = Instant.now();
        metadata.lock.lock();
        Snapshot made;
        try {
            long[] l1 = metadata.l1().clone();
            long offset = writeL1(l1);
            addUses(l1);
            clearCopied();
            made = new Snapshot(
                    offset,
                    l1.length,
                    nextId(),
                    name,
                    (int) now.getEpochSecond(),
                    now.getNano(),
                    vmClockNanos,
                    vmStateSize,
                    metadata.header.size,
                    true,
                    new byte[0]);
        } finally {
            metadata.lock.unlock();
        }
        checkpoint.runAlone(true);
        List<Snapshot> longer = new ArrayList<>(snapshots);
        longer.add(made);
        replaceTable(longer, () -> {});
        dropVmState();
        checkpoint.runAlone(true);
        Preparation.end(metadata);
        return made.summary();
    }

    private String nextId() {
        long largest = 0;
        for (Snapshot each : snapshots) {
            if (each.id().matches("\\d{1,18}")) {
                largest = Math.max(largest, Long.parseLong(each.id()));
            }
        }
        return Long.toString(largest + 1);
    }

    /** Writes a copy of an L1 table without flags and returns where. */
    private long writeL1(long[] l1) throws IOException {
        if (l1.length == 0) {
            return 0;
        }
        long offset = allocate(l1.length * 8L);
        ByteBuffer bytes = ByteBuffer.allocate(l1.length * 8);
        for (long each : l1) {
            bytes.putLong(each & Entry.OFFSET_MASK);
        }
        metadata.store.write(bytes.flip(), offset);
        return offset;
    }

    /** Room for so many bytes in a row; for the holder of the metadata's lock. */
    private long allocate(long bytes) throws IOException {
        long clusters = metadata.geometry.clusters(bytes);
        if (!metadata.refcounts.hasRoom(clusters)) {
            metadata.refcounts.grow(clusters);
        }
        return metadata.geometry.offset(metadata.refcounts.allocateTogether((int) clusters));
    }

    /** Counts all that an L1 table reaches as used once more. */
    private void addUses(long[] l1) throws IOException {
        forEachUse(l1, metadata.refcounts::increment);
    }

    /** Counts all that an L1 table reaches as used once less; nothing durable may lead to that table any more. */
    private void removeUses(long[] l1) throws IOException {
        Release release = new Release(metadata);
        forEachUse(l1, release);
        release.finish();
    }

    private void forEachUse(long[] l1, ClusterAction action) throws IOException {
        for (long each : l1) {
            long offset = each & Entry.OFFSET_MASK;
            if (offset != 0) {
                Table table = metadata.table(each);
                for (int i = 0; i < metadata.geometry.entriesPerTable(); i++) {
                    metadata.clustersOf(metadata.entry(table, i), action);
                }
                action.accept(offset >>> metadata.geometry.clusterBits());
            }
        }
    }

    /** After this nothing is written in place. */
    private void clearCopied() throws IOException {
        forEachActiveTable((index, table) -> {
            metadata.setL1(index, metadata.l1()[index] & Entry.OFFSET_MASK);
            int step = metadata.geometry.entrySize();
            for (int at = 0; at < table.bytes.length; at += step) {
                if (table.getLong(at) < 0) {
                    table.putLong(at, table.getLong(at) & ~Entry.COPIED);
                }
            }
        });
    }

    /** Sets COPIED where refcounts are one, and clears it elsewhere. */
    private void restoreCopied() throws IOException {
        forEachActiveTable((index, table) -> {
            int bits = metadata.geometry.clusterBits();
            long entry = metadata.l1()[index] & Entry.OFFSET_MASK;
            boolean own = metadata.refcounts.get(entry >>> bits) == 1;
            metadata.setL1(index, own ? entry | Entry.COPIED : entry);
            int step = metadata.geometry.entrySize();
            for (int i = 0; i < metadata.geometry.entriesPerTable(); i++) {
                Entry each = metadata.entry(table, i);
                if (each.placed()) {
                    boolean copied = metadata.refcounts.get(each.host() >>> bits) == 1;
                    long old = table.getLong(i * step);
                    long now = copied ? old | Entry.COPIED : old & ~Entry.COPIED;
                    if (now != old) {
                        table.putLong(i * step, now);
                    }
                }
            }
        });
    }

    private void forEachActiveTable(ActiveTable action) throws IOException {
        for (int index = 0; index < metadata.l1().length; index++) {
            long entry = metadata.l1()[index];
            if ((entry & Entry.OFFSET_MASK) != 0) {
                action.accept(index, metadata.table(entry));
            }
            if (metadata.tables.isCrowded()) {
                metadata.lock.unlock();
                try {
                    checkpoint.runAlone(false);
                } finally {
                    metadata.lock.lock();
                }
            }
        }
    }

    @FunctionalInterface
    private interface ActiveTable {
        void accept(int index, Table table) throws IOException;
    }

    /**
     * Writes another snapshot table and makes it the one, with whatever else changes in the header.
     *
     * @param change changes fields of the header
     */
    private void replaceTable(List<Snapshot> by, Runnable change) throws IOException {
        Header header = metadata.header;
        long oldOffset = header.snapshotsOffset;
        Refcounts.Run old = run(oldOffset, snapshots.isEmpty() ? 0 : SnapshotTable.encode(snapshots).length);
        byte[] bytes = SnapshotTable.encode(by);
        long offset = 0;
        metadata.lock.lock();
        try {
            if (bytes.length > 0) {
                offset = allocate(bytes.length);
                metadata.store.write(ByteBuffer.wrap(bytes), offset);
            }
        } finally {
            metadata.lock.unlock();
        }
        checkpoint.runAlone(true);
        metadata.lock.lock();
        try {
            change.run();
            header.snapshotCount = by.size();
            header.snapshotsOffset = offset;
            header.writeFields(metadata.store);
            metadata.store.flush();
            snapshots = List.copyOf(by);
            noteClusters();
            dropRun(old);
        } finally {
            metadata.lock.unlock();
        }
    }

    private void dropRun(Refcounts.Run run) {
        for (int i = 0; i < run.count(); i++) {
            metadata.drop(run.first() + i);
        }
    }

    void delete(String idOrName) throws TerrariumException, IOException {
        Snapshot gone = find(idOrName);
        long[] l1 = l1Of(gone);
        Preparation.begin(metadata);
        List<Snapshot> shorter = new ArrayList<>(snapshots);
        shorter.remove(gone);
        replaceTable(shorter, () -> {});
        metadata.lock.lock();
        try {
            removeUses(l1);
            dropRun(run(gone.l1Offset(), gone.l1Size() * 8L));
        } finally {
            metadata.lock.unlock();
        }
        finish();
    }

    /** Makes drops durable, then what follows from their refcounts. */
    private void finish() throws IOException {
        checkpoint.runAlone(true);
        metadata.lock.lock();
        try {
            restoreCopied();
        } finally {
            metadata.lock.unlock();
        }
        checkpoint.runAlone(true);
        Preparation.end(metadata);
    }

    private long[] l1Of(Snapshot snapshot) throws TerrariumException, IOException {
        return Metadata.readL1(
                metadata.path, metadata.store, metadata.geometry, snapshot.l1Offset(), snapshot.l1Size());
    }

    void apply(String idOrName) throws TerrariumException, IOException {
        Snapshot snapshot = find(idOrName);
        long[] entries = l1Of(snapshot);
        int size = (int) Math.max(entries.length, metadata.geometry.tablesFor(snapshot.diskSize()));
        long[] l1 = Arrays.copyOf(entries, Math.max(1, size));
        Arrays.setAll(l1, i -> l1[i] & Entry.OFFSET_MASK);
        Preparation.begin(metadata);
        Header header = metadata.header;
        long[] old = metadata.l1();
        Refcounts.Run oldRun = run(header.l1Offset, header.l1Size * 8L);
        long offset;
        metadata.lock.lock();
        try {
            addUses(l1);
            offset = writeL1(l1);
        } finally {
            metadata.lock.unlock();
        }
        checkpoint.runAlone(true);
        metadata.lock.lock();
        try {
            header.l1Offset = offset;
            header.l1Size = l1.length;
            header.size = snapshot.diskSize();
            header.writeFields(metadata.store);
            metadata.store.flush();
            metadata.replaceL1(l1);
            removeUses(old);
            dropRun(oldRun);
        } finally {
            metadata.lock.unlock();
        }
        finish();
    }

    /** The offset, on the guest's disk as tables see it, at which the machine's state begins. */
    private static long vmStateStart(Geometry geometry, long diskSize) {
        return geometry.tablesFor(diskSize) * geometry.bytesPerTable();
    }

    void writeVmState(ByteBuffer source, long position) throws TerrariumException, IOException {
        long start = vmStateStart(metadata.geometry, metadata.header.size) + position;
        long entries = metadata.geometry.tablesFor(start + source.remaining());
        if (position < 0 || entries > Geometry.LARGEST_L1_BYTES / 8) {
            throw new TerrariumException("the machine's state is too large for " + metadata.path
                    + ": convert the image to one with larger clusters");
        }
        if (entries > metadata.l1().length) {
            growL1((int) Math.min(Geometry.LARGEST_L1_BYTES / 8, Math.max(entries, entries * 3 / 2)));
        }
        writes.write(source, start);
    }

    /** Moves the active L1 table to a place with room for more entries. */
    void growL1(int entries) throws IOException {
        long[] l1 = Arrays.copyOf(metadata.l1(), entries);
        Header header = metadata.header;
        long offset;
        metadata.lock.lock();
        try {
            offset = allocate(entries * 8L);
        } finally {
            metadata.lock.unlock();
        }
        checkpoint.runAlone(true);
        metadata.lock.lock();
        try {
            ByteBuffer bytes = ByteBuffer.allocate(entries * 8);
            bytes.asLongBuffer().put(l1);
            metadata.store.write(bytes, offset);
            metadata.store.flush();
            Refcounts.Run old = run(header.l1Offset, header.l1Size * 8L);
            header.l1Offset = offset;
            header.l1Size = entries;
            header.writeFields(metadata.store);
            metadata.store.flush();
            metadata.replaceL1(l1);
            dropRun(old);
        } finally {
            metadata.lock.unlock();
        }
    }

    /** Takes the machine's state out of the active tables; a snapshot has it. */
    private void dropVmState() throws IOException {
        long[] state = {};
        metadata.lock.lock();
        try {
            long[] l1 = metadata.l1();
            int first = (int) metadata.geometry.tablesFor(metadata.header.size);
            if (first < l1.length) {
                state = Arrays.copyOfRange(l1, first, l1.length);
                for (int i = first; i < l1.length; i++) {
                    metadata.setL1(i, 0);
                }
                metadata.replaceL1Set();
            }
        } finally {
            metadata.lock.unlock();
        }
        checkpoint.runAlone(true);
        metadata.lock.lock();
        try {
            removeUses(state);
        } finally {
            metadata.lock.unlock();
        }
    }

    void readVmState(String idOrName, ByteBuffer target, long position) throws TerrariumException, IOException {
        Geometry geometry = metadata.geometry;
        Snapshot snapshot;
        long[] l1;
        metadata.lock.lock();
        try {
            snapshot = find(idOrName);
            l1 = l1Of(snapshot);
        } finally {
            metadata.lock.unlock();
        }
        long start = vmStateStart(geometry, snapshot.diskSize());
        long at = position;
        int limit = target.limit();
        while (target.hasRemaining()) {
            long place = start + at;
            int count = (int) Math.min(target.remaining(), geometry.clusterSize() - place % geometry.clusterSize());
            int index = (int) Math.min(place / geometry.bytesPerTable(), l1.length);
            Entry entry = Entry.zero(geometry);
            if (at < snapshot.vmStateSize() && index < l1.length && (l1[index] & Entry.OFFSET_MASK) != 0) {
                count = (int) Math.min(count, snapshot.vmStateSize() - at);
                metadata.lock.lock();
                try {
                    entry = metadata.entry(metadata.table(l1[index]), metadata.entryIndex(place));
                } finally {
                    metadata.lock.unlock();
                }
            }
            target.limit(target.position() + count);
            mapping.readEntry(entry, target, place);
            target.limit(limit);
            at += count;
        }
    }
}
