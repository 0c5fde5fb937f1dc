// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import dev.terrarium.engine.TerrariumException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Makes an image's changes durable, in an order after each step of which the file is sound but for leaks:
 *
 * <ol>
 *   <li>the guest's data, grown refcounts, and tables that nothing points to yet;
 *   <li>the refcount table's entries for new blocks;
 *   <li>L2 tables and the L1 table, which point to all that;
 *   <li>only then dropped clusters are punched, and free: refcounts fall in the next checkpoint.
 * </ol>
 *
 * Changes are copied at the beginning, under the metadata's lock, so that requests go on meanwhile.
 */
final class Checkpoint {
    private final Metadata metadata;

    /** Held by the one that writes metadata. */
    private final ReentrantLock writer = new ReentrantLock();

    /** Shared by requests, so that a dropped cluster is not given away under one that still reads it. */
    private final ReadWriteLock requests;

    Checkpoint(Metadata metadata, ReadWriteLock requests) {
        this.metadata = metadata;
        this.requests = requests;
    }

    private record Work(
            List<Table.Patch> refcounts,
            List<Table.Patch> freshTables,
            List<TableSector> refcountTable,
            List<Table.Patch> tables,
            List<TableSector> l1,
            ClusterList drops) {
        boolean isEmpty() {
            return refcounts.isEmpty()
                    && freshTables.isEmpty()
                    && refcountTable.isEmpty()
                    && tables.isEmpty()
                    && l1.isEmpty()
                    && drops.isEmpty();
        }
    }

    /** Makes everything durable that is done before; for a caller that holds neither lock. */
    void run() throws IOException {
        ClusterList dropped;
        writer.lock();
        try {
            dropped = write(false);
        } finally {
            writer.unlock();
        }
        if (!dropped.isEmpty()) {
            requests.writeLock().lock();
            try {
                giveBack(dropped);
            } finally {
                requests.writeLock().unlock();
            }
        }
    }

    /** The same for a caller that holds the requests' lock alone, {@code last} if refcounts must not be postponed. */
    void runAlone(boolean last) throws IOException {
        writer.lock();
        try {
            giveBack(write(last));
            if (last) {
                write(true);
            }
        } finally {
            writer.unlock();
        }
    }

    /** Does something while nobody else writes metadata. */
    void exclusively(Action action) throws TerrariumException, IOException {
        writer.lock();
        try {
            action.run();
        } finally {
            writer.unlock();
        }
    }

    /** What {@link #exclusively} does. */
    @FunctionalInterface
    interface Action {
        void run() throws TerrariumException, IOException;
    }

    /** Enlarges the refcount table for so many more clusters; for a caller that does not hold the metadata's lock. */
    void growRefcounts(long clusters) throws IOException {
        writer.lock();
        try {
            metadata.lock.lock();
            try {
                if (!metadata.refcounts.hasRoom(clusters)) {
                    metadata.refcounts.grow(clusters);
                }
            } finally {
                metadata.lock.unlock();
            }
        } finally {
            writer.unlock();
        }
    }

    private ClusterList write(boolean last) throws IOException {
        Work work = take(last);
        if (work.isEmpty()) {
            flush();
            return work.drops;
        }
        boolean done = false;
        try {
            writePatches(work.refcounts);
            writePatches(work.freshTables);
            flush();
            if (!work.refcountTable.isEmpty()) {
                writeSectors(work.refcountTable);
                metadata.store.flush();
            }
            if (!work.tables.isEmpty() || !work.l1.isEmpty()) {
                writePatches(work.tables);
                writeSectors(work.l1);
                metadata.store.flush();
            }
            done = true;
        } finally {
            finish(work, done);
        }
        return work.drops;
    }

    private Work take(boolean last) {
        Metadata m = metadata;
        m.lock.lock();
        try {
            // With lazy refcounts the image bears the dirty bit, and whoever opens it after a cut counts anew.
            boolean lazy = m.header.lazyRefcounts() && (m.header.incompatible & Features.DIRTY) != 0;
            List<Table.Patch> refcounts = new ArrayList<>();
            List<TableSector> refcountTable = List.of();
            if (!lazy || last || m.refcounts.blocks.isCrowded()) {
                refcounts.addAll(m.refcounts.blocks.take(true));
                refcounts.addAll(m.refcounts.blocks.take(false));
                refcountTable = m.refcounts.takeTable();
            }
            List<Table.Patch> fresh = m.tables.take(true);
            return new Work(refcounts, fresh, refcountTable, m.tables.take(false), m.takeL1(), m.takeDrops());
        } finally {
            m.lock.unlock();
        }
    }

    private void finish(Work work, boolean done) {
        metadata.lock.lock();
        try {
            for (List<Table.Patch> patches : List.of(work.refcounts, work.freshTables, work.tables)) {
                TableCache.release(patches);
                if (!done) {
                    patches.forEach(each -> each.table().changed(each));
                }
            }
            if (!done) {
                work.freshTables.forEach(each -> each.table().fresh = true);
                work.refcountTable.forEach(metadata.refcounts::changed);
                work.l1.forEach(metadata::l1Changed);
                metadata.returnDrops(work.drops);
            }
        } finally {
            metadata.lock.unlock();
        }
    }

    private void flush() throws IOException {
        if (metadata.data != metadata.store) {
            metadata.data.flush();
        }
        metadata.store.flush();
    }

    private void writePatches(List<Table.Patch> patches) throws IOException {
        for (Table.Patch patch : patches) {
            metadata.store.write(ByteBuffer.wrap(patch.bytes()), patch.offset());
        }
    }

    private void writeSectors(List<TableSector> sectors) throws IOException {
        for (TableSector sector : sectors) {
            metadata.store.write(ByteBuffer.wrap(sector.bytes()), sector.offset());
        }
    }

    private void giveBack(ClusterList dropped) throws IOException {
        metadata.lock.lock();
        try {
            Release release = new Release(metadata);
            for (long cluster : dropped.sorted()) {
                release.accept(cluster);
            }
            release.finish();
        } finally {
            metadata.lock.unlock();
        }
    }
}
