// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import dev.terrarium.engine.image.ByteStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;

/**
 * The tables of one kind that are in memory, the least recently used let go beyond a limit. Those with changes stay until
 * a checkpoint has written them; {@link #isCrowded} says when one is due. For the holder of the metadata's lock.
 */
final class TableCache {
    private static final int FEWEST_TABLES = 8;

    private final ByteStore store;
    private final int clusterSize;
    private final int limit;
    private final LinkedHashMap<Long, Table> tables = new LinkedHashMap<>(16, 0.75f, true);
    private int dirtyEstimate;

    /** @param limitBytes what all tables together may take, as long as that is at least eight of them */
    TableCache(ByteStore store, int clusterSize, long limitBytes) {
        this.store = store;
        this.clusterSize = clusterSize;
        this.limit = (int) Math.max(FEWEST_TABLES, limitBytes / clusterSize);
    }

    /** The table at a place of the store. */
    Table get(long offset) throws IOException {
        Table table = tables.get(offset);
        if (table == null) {
            byte[] bytes = new byte[clusterSize];
            store.read(ByteBuffer.wrap(bytes), offset);
            table = new Table(offset, bytes);
            add(table);
        }
        return table;
    }

    /** A table of zeros, in a cluster that nothing points to yet. */
    Table fresh(long offset) {
        Table table = new Table(offset, new byte[clusterSize]);
        table.fresh = true;
        table.changedAll();
        add(table);
        return table;
    }

    private void add(Table table) {
        tables.put(table.offset, table);
        if (tables.size() <= limit) {
            return;
        }
        Iterator<Table> oldest = tables.values().iterator();
        dirtyEstimate = 0;
        while (oldest.hasNext() && tables.size() > limit) {
            Table each = oldest.next();
            if (each.isPinned()) {
                dirtyEstimate++;
            } else if (each != table) {
                oldest.remove();
            }
        }
    }

    /** Forgets a table whose cluster is given up, with its changes. */
    void forget(long offset) {
        tables.remove(offset);
    }

    /** Forgets everything; nothing may be changed. */
    void clear() {
        tables.clear();
    }

    boolean isCrowded() {
        return tables.size() >= limit && dirtyEstimate > limit / 2 || tables.size() > 2 * limit;
    }

    /** Takes all changes, marking their tables as being written. */
    List<Table.Patch> take(boolean fresh) {
        List<Table.Patch> patches = new ArrayList<>();
        dirtyEstimate = 0;
        for (Table table : tables.values()) {
            if (table.isDirty() && table.fresh == fresh) {
                patches.addAll(table.take());
                table.writing++;
                table.fresh = false;
            }
        }
        return patches;
    }

    /** Lets tables go that a checkpoint marked, once for each. */
    static void release(List<Table.Patch> patches) {
        Table last = null;
        for (Table.Patch patch : patches) {
            if (patch.table() != last) {
                last = patch.table();
                last.writing--;
            }
        }
    }
}
