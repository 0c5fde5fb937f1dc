// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.ByteStore;
import dev.terrarium.engine.image.CheckReport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/**
 * Compares an image's refcounts and COPIED flags with what its tables use, and mends them: tables are right, refcounts
 * follow.
 */
final class Checker {
    private final Path path;
    private final ByteStore store;
    private final Header header;
    private final Geometry geometry;
    private final Findings findings = new Findings();

    Checker(Path path, ByteStore store, Header header) {
        this.path = path;
        this.store = store;
        this.header = header;
        this.geometry = header.geometry();
    }

    /** Looks, and mends if told so; then the figures are those of after. */
    CheckReport run(CheckReport.Repair repair) throws TerrariumException, IOException {
        TableWalk walk = look();
        boolean all = repair == CheckReport.Repair.ALL && findings.mendable > 0;
        boolean leaks = repair != CheckReport.Repair.NONE && findings.leaks > 0 && !findings.rebuild;
        boolean marks =
                repair == CheckReport.Repair.ALL && (header.incompatible & (Features.DIRTY | Features.CORRUPT)) != 0;
        if (!all && !leaks && !marks) {
            return report(walk, findings, 0, 0);
        }
        if (all && findings.rebuild) {
            new RefcountRebuild(store, header, walk.references).run();
        } else {
            mendRefcounts(walk, all);
        }
        if (all) {
            mendCopied();
        }
        store.flush();
        Checker after = new Checker(path, store, header);
        TableWalk second = after.look();
        if (repair == CheckReport.Repair.ALL && after.findings.corruptions == 0) {
            header.incompatible &= ~(Features.DIRTY | Features.CORRUPT);
            header.writeFields(store);
            store.flush();
        }
        return after.report(
                second,
                findings,
                Math.max(0, findings.corruptions - after.findings.corruptions),
                Math.max(0, findings.leaks - after.findings.leaks));
    }

    private CheckReport report(TableWalk walk, Findings first, long corruptionsFixed, long leaksFixed) {
        long end = Math.max(walk.references.end(), walk.counters.end());
        return new CheckReport(
                first.messages,
                findings.corruptions,
                findings.leaks,
                corruptionsFixed,
                leaksFixed,
                Optional.of(new CheckReport.Clusters(
                        geometry.clusters(header.size),
                        walk.allocated,
                        walk.compressed,
                        walk.fragmented,
                        geometry.offset(end))));
    }

    private TableWalk look() throws TerrariumException, IOException {
        TableWalk walk = new TableWalk(path, store, header, findings);
        walk.run((index, entry, table) -> {});
        if (!findings.rebuild) {
            compare(walk);
        }
        checkCopied(walk.references);
        return walk;
    }

    private int expected(TableWalk walk, long cluster) {
        return walk.references.get(cluster) + walk.counters.get(cluster);
    }

    private void compare(TableWalk walk) throws IOException {
        long[] table = Refcounts.readTable(store, header);
        int per = geometry.refcountsPerBlock();
        for (int index = 0; index < table.length; index++) {
            if (table[index] == 0) {
                continue;
            }
            byte[] block = block(table[index]);
            for (int i = 0; i < per; i++) {
                long cluster = (long) index * per + i;
                long count = RefcountWidth.get(block, geometry.refcountOrder(), i);
                int used = expected(walk, cluster);
                String words = "cluster " + cluster + " refcount=" + count + " reference=" + used;
                if (count < used) {
                    findings.mendable(words);
                } else if (count > used) {
                    findings.leak(words);
                }
            }
        }
        for (References each : new References[] {walk.references, walk.counters}) {
            for (long cluster = each.next(0); cluster >= 0; cluster = each.next(cluster + 1)) {
                long index = cluster / per;
                if (index >= table.length || table[(int) index] == 0) {
                    findings.rebuild("cluster " + cluster + " has no refcount");
                    cluster = (index + 1) * per - 1;
                }
            }
        }
    }

    private byte[] block(long offset) throws IOException {
        byte[] block = new byte[geometry.clusterSize()];
        if (store.nextData(offset) < offset + block.length) {
            store.read(ByteBuffer.wrap(block), offset);
        }
        return block;
    }

    private void mendRefcounts(TableWalk walk, boolean all) throws IOException {
        long[] table = Refcounts.readTable(store, header);
        int per = geometry.refcountsPerBlock();
        for (int index = 0; index < table.length; index++) {
            if (table[index] == 0) {
                continue;
            }
            byte[] block = block(table[index]);
            byte[] before = block.clone();
            for (int i = 0; i < per; i++) {
                long count = RefcountWidth.get(block, geometry.refcountOrder(), i);
                long used = Math.min(expected(walk, (long) index * per + i), geometry.largestRefcount());
                if (count > used || all && count < used) {
                    RefcountWidth.set(block, geometry.refcountOrder(), i, used);
                }
            }
            if (!Arrays.equals(block, before)) {
                store.write(ByteBuffer.wrap(block), table[index]);
            }
        }
        store.flush();
    }

    private void checkCopied(References references) throws TerrariumException, IOException {
        forEachActive((index, entry, table) -> {
            long offset = entry & Entry.OFFSET_MASK;
            if (entry < 0 != (references.get(offset >>> geometry.clusterBits()) == 1)) {
                findings.mendable("COPIED of L1 entry " + index);
            }
            for (int i = 0; i < geometry.entriesPerTable(); i++) {
                if (copiedIsWrong(references, table, i)) {
                    findings.mendable("COPIED of entry " + i + " of the L2 table at 0x" + Long.toHexString(offset));
                }
            }
        });
    }

    private void forEachActive(TableWalk.ActiveTables action) throws TerrariumException, IOException {
        TableWalk again = new TableWalk(path, store, header, new Findings());
        again.run(action);
    }

    private boolean copiedIsWrong(References references, Table table, int index) {
        int at = index * geometry.entrySize();
        long first = table.getLong(at);
        long bitmap = geometry.extended() ? table.getLong(at + 8) : 0;
        if (first == 0 || !Entry.problem(geometry, first, bitmap).isEmpty()) {
            return false;
        }
        Entry entry = Entry.decode(geometry, first, bitmap);
        if (entry.compressed() || !entry.placed()) {
            return first < 0;
        }
        boolean own = geometry.external() || references.get(entry.host() >>> geometry.clusterBits()) == 1;
        return entry.copied() != own;
    }

    private void mendCopied() throws TerrariumException, IOException {
        TableWalk walk = new TableWalk(path, store, header, new Findings());
        walk.run((index, entry, table) -> {});
        forEachActive((index, entry, table) -> {
            boolean changed = false;
            for (int i = 0; i < geometry.entriesPerTable(); i++) {
                if (copiedIsWrong(walk.references, table, i)) {
                    int at = i * geometry.entrySize();
                    table.putLong(at, table.getLong(at) ^ Entry.COPIED);
                    changed = true;
                }
            }
            if (changed) {
                store.write(ByteBuffer.wrap(table.bytes), table.offset);
            }
            long offset = entry & Entry.OFFSET_MASK;
            boolean own = walk.references.get(offset >>> geometry.clusterBits()) == 1;
            if (entry < 0 != own) {
                ByteBuffer bytes = ByteBuffer.allocate(8).putLong(0, offset | (own ? Entry.COPIED : 0));
                store.write(bytes, header.l1Offset + index * 8L);
            }
        });
    }
}
