// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import dev.terrarium.engine.image.ByteStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.SortedMap;
import java.util.TreeMap;

/** Makes all refcounts anew behind the end of the file, from what the tables use, and leaves the old ones to be free. */
final class RefcountRebuild {
    private final ByteStore store;
    private final Header header;
    private final Geometry geometry;
    private final References used;

    RefcountRebuild(ByteStore store, Header header, References used) {
        this.store = store;
        this.header = header;
        this.geometry = header.geometry();
        this.used = used;
    }

    void run() throws IOException {
        int per = geometry.refcountsPerBlock();
        long start = Math.max(used.end(), geometry.clusters(store.size()));
        SortedMap<Long, Long> blocks = new TreeMap<>();
        for (long cluster = used.next(0); cluster >= 0; cluster = used.next((cluster / per + 1) * per)) {
            blocks.put(cluster / per, 0L);
        }
        long tableClusters = 1;
        long end;
        while (true) {
            end = start + blocks.size() + tableClusters;
            int before = blocks.size();
            for (long index = start / per; index <= (end - 1) / per; index++) {
                blocks.put(index, 0L);
            }
            long wanted = geometry.clusters((blocks.lastKey() + 1) * 8);
            if (blocks.size() == before && wanted <= tableClusters) {
                break;
            }
            tableClusters = Math.max(tableClusters, wanted);
        }
        if (geometry.offset(tableClusters) > Geometry.LARGEST_REFCOUNT_TABLE_BYTES) {
            throw Damage.found("it uses places too far behind for a refcount table");
        }
        ByteBuffer table = ByteBuffer.allocate((int) geometry.offset(tableClusters));
        long place = start;
        for (long index : blocks.keySet()) {
            table.putLong((int) index * 8, geometry.offset(place));
            store.write(ByteBuffer.wrap(block(index, start, end)), geometry.offset(place));
            place++;
        }
        store.write(table, geometry.offset(place));
        store.flush();
        header.refcountTableOffset = geometry.offset(place);
        header.refcountTableClusters = (int) tableClusters;
        header.writeFields(store);
        store.flush();
    }

    private byte[] block(long index, long start, long end) {
        byte[] block = new byte[geometry.clusterSize()];
        int per = geometry.refcountsPerBlock();
        for (int i = 0; i < per; i++) {
            long cluster = index * per + i;
            long count = cluster >= start && cluster < end ? 1 : used.get(cluster);
            RefcountWidth.set(block, geometry.refcountOrder(), i, Math.min(count, geometry.largestRefcount()));
        }
        return block;
    }
}
