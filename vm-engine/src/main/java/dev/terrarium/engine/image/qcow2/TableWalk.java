// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.ByteStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Goes through everything that an image's header leads to, and counts what is used. Tables that lie in holes of the file
 * are not read, and none is read twice for one disk, so that the time is bounded by what the file really holds.
 */
final class TableWalk {
    final References references = new References();

    /** The refcount table and its blocks, counted apart since a repair may make new ones. */
    final References counters = new References();

    final Findings findings;
    long allocated;
    long compressed;
    long fragmented;

    private final Path path;
    private final ByteStore store;
    private final Header header;
    private final Geometry geometry;
    private final long fileClusters;

    TableWalk(Path path, ByteStore store, Header header, Findings findings) throws IOException {
        this.path = path;
        this.store = store;
        this.header = header;
        this.geometry = header.geometry();
        this.findings = findings;
        this.fileClusters = geometry.clusters(store.size());
    }

    /** Everything; tells {@code active} of the tables of the active disk. */
    void run(ActiveTables active) throws TerrariumException, IOException {
        references.add(0);
        long[] l1 = l1("the L1 table", header.l1Offset, header.l1Size);
        walk(l1, true, active);
        if (header.snapshotCount > 0) {
            SnapshotTable.Contents contents = SnapshotTable.read(path, store, header);
            add("the snapshot table", header.snapshotsOffset, contents.length());
            for (Snapshot each : contents.snapshots()) {
                walk(l1("a snapshot's L1 table", each.l1Offset(), each.l1Size()), false, (index, entry, table) -> {});
            }
        }
        bitmaps();
        refcounts();
    }

    /** Told of each L2 table of the active disk. */
    @FunctionalInterface
    interface ActiveTables {
        void accept(int index, long l1Entry, Table table) throws IOException;
    }

    private long[] l1(String what, long offset, int size) throws IOException {
        if (size == 0 || !add(what, offset, size * 8L)) {
            return new long[0];
        }
        ByteBuffer bytes = ByteBuffer.allocate(size * 8);
        store.read(bytes, offset);
        long[] entries = new long[size];
        bytes.flip().asLongBuffer().get(entries);
        return entries;
    }

    /** Counts a range of the file; false, and a corruption, if it is not in the file. */
    private boolean add(String what, long offset, long length) {
        long first = offset >>> geometry.clusterBits();
        long end = first + geometry.clusters((offset & (geometry.clusterSize() - 1)) + length);
        if (offset < 0 || end > fileClusters) {
            findings.corruption(what + " at 0x" + Long.toHexString(offset) + " lies past the end of the file");
            return false;
        }
        for (long cluster = first; cluster < end; cluster++) {
            references.add(cluster);
        }
        return true;
    }

    private void walk(long[] l1, boolean isActive, ActiveTables active) throws IOException {
        Set<Long> seen = new HashSet<>();
        long next = -1;
        for (int index = 0; index < l1.length; index++) {
            long offset = l1[index] & Entry.OFFSET_MASK;
            if (offset == 0) {
                continue;
            }
            if (!geometry.aligned(offset) || (l1[index] & ~(Entry.OFFSET_MASK | Entry.COPIED)) != 0) {
                findings.corruption("L1 entry " + index + " is no table's place: 0x" + Long.toHexString(l1[index]));
                continue;
            }
            if (!add("an L2 table", offset, geometry.clusterSize())) {
                continue;
            }
            if (!seen.add(offset)) {
                findings.corruption("the L2 table at 0x" + Long.toHexString(offset) + " is used twice for one disk");
                continue;
            }
            if (store.nextData(offset) >= offset + geometry.clusterSize()) {
                continue;
            }
            byte[] bytes = new byte[geometry.clusterSize()];
            store.read(ByteBuffer.wrap(bytes), offset);
            Table table = new Table(offset, bytes);
            next = walk(table, isActive, next);
            active.accept(index, l1[index], table);
        }
    }

    private long walk(Table table, boolean isActive, long expected) throws IOException {
        long next = expected;
        for (int i = 0; i < geometry.entriesPerTable(); i++) {
            int at = i * geometry.entrySize();
            long first = table.getLong(at);
            long bitmap = geometry.extended() ? table.getLong(at + 8) : 0;
            if (first == 0 && bitmap == 0) {
                continue;
            }
            String problem = Entry.problem(geometry, first, bitmap);
            if (!problem.isEmpty()) {
                findings.corruption(
                        "entry " + i + " of the L2 table at 0x" + Long.toHexString(table.offset) + ": " + problem);
                continue;
            }
            Entry entry = Entry.decode(geometry, first, bitmap);
            if (entry.compressed()) {
                long offset = entry.compressedOffset(geometry);
                long last = offset + entry.compressedLength(geometry) - 1 >>> geometry.clusterBits();
                long end = Math.min(last + 1, Math.max(fileClusters, (offset >>> geometry.clusterBits()) + 1));
                long start = geometry.offset(offset >>> geometry.clusterBits());
                add("a compressed cluster", start, geometry.offset(end) - start);
            } else if (entry.placed() && !geometry.external()) {
                add("a cluster", entry.host(), geometry.clusterSize());
            }
            if (isActive && (entry.compressed() || entry.placed())) {
                allocated++;
                compressed += entry.compressed() ? 1 : 0;
                fragmented += entry.compressed() || next >= 0 && entry.host() != next ? 1 : 0;
                next = entry.compressed() ? -1 : entry.host() + geometry.clusterSize();
            }
        }
        return next;
    }

    private void bitmaps() throws IOException {
        Bitmaps.Directory directory;
        try {
            directory = Bitmaps.read(store, header).orElse(new Bitmaps.Directory(0, 0, List.of()));
        } catch (IOException e) {
            findings.corruption(String.valueOf(e.getMessage()));
            return;
        }
        if (directory.length() == 0) {
            return;
        }
        add("the bitmap directory", directory.offset(), directory.length());
        for (Bitmaps.Bitmap each : directory.bitmaps()) {
            if (each.tableSize() == 0 || !add("a bitmap's table", each.tableOffset(), each.tableSize() * 8L)) {
                continue;
            }
            ByteBuffer table = ByteBuffer.allocate(each.tableSize() * 8);
            store.read(table, each.tableOffset());
            for (int i = 0; i < each.tableSize(); i++) {
                long offset = table.getLong(i * 8) & Entry.OFFSET_MASK;
                if (offset != 0) {
                    add("a bitmap", offset, geometry.clusterSize());
                }
            }
        }
    }

    private void refcounts() throws IOException {
        for (int i = 0; i < header.refcountTableClusters; i++) {
            counters.add((header.refcountTableOffset >>> geometry.clusterBits()) + i);
        }
        if (header.refcountTableClusters == 0
                || header.refcountTableOffset + geometry.offset(header.refcountTableClusters)
                        > geometry.offset(fileClusters)) {
            findings.rebuild("the refcount table lies past the end of the file");
            return;
        }
        for (long each : Refcounts.readTable(store, header)) {
            if (each == 0) {
                continue;
            }
            long cluster = each >>> geometry.clusterBits();
            if (!geometry.aligned(each) || each < 0 || cluster >= fileClusters) {
                findings.rebuild("a refcount block at 0x" + Long.toHexString(each));
            } else if (counters.get(cluster) != 0 || references.get(cluster) != 0) {
                findings.rebuild("the refcount block at 0x" + Long.toHexString(each) + " is used for something else");
            } else {
                counters.add(cluster);
            }
        }
    }
}
