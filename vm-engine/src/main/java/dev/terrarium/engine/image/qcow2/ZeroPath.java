// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import java.io.IOException;

/** Making ranges of the guest's disk read as zeros by changing tables, where that can be said in them. */
final class ZeroPath {
    private final Metadata metadata;
    private final Geometry geometry;
    private final Mapping mapping;
    private final WritePath writes;
    private final Checkpoint checkpoint;

    ZeroPath(Metadata metadata, Mapping mapping, WritePath writes, Checkpoint checkpoint) {
        this.metadata = metadata;
        this.geometry = metadata.geometry;
        this.mapping = mapping;
        this.writes = writes;
        this.checkpoint = checkpoint;
    }

    /** As {@link dev.terrarium.engine.image.DiskImage#writeZeroes}; the caller shares the requests' lock. */
    void writeZeroes(long position, long length, boolean release) throws IOException {
        int size = geometry.subclusterSize();
        long end = position + length;
        // What lies past the disk's end may be zeroed with its last cluster.
        boolean toTheEnd = end == metadata.header.size;
        long from = (position + size - 1) / size * size;
        if (from >= end) {
            zeroAsData(position, length);
            return;
        }
        long to = toTheEnd ? (end + size - 1) / size * size : Math.max(from, end / size * size);
        zeroAsData(position, from - position);
        for (long at = from; at < to; ) {
            long next = Math.min(to, (at / geometry.bytesPerTable() + 1) * geometry.bytesPerTable());
            zeroInTable(at, next, release);
            at = next;
        }
        if (to < end) {
            zeroAsData(to, end - to);
        }
    }

    /** As {@link dev.terrarium.engine.image.DiskImage#discard}: whole subclusters, if they then read as zeros. */
    void discard(long position, long length) throws IOException {
        int size = geometry.subclusterSize();
        long end = position + length;
        long from = (position + size - 1) / size * size;
        long to = end == metadata.header.size ? (end + size - 1) / size * size : end / size * size;
        if (from < to && (geometry.version() >= 3 || !mapping.isBacked(from))) {
            writeZeroes(from, Math.min(to, metadata.header.size) - from, true);
        }
    }

    private void zeroAsData(long position, long length) throws IOException {
        for (long at = position; at < position + length; ) {
            Mapping.Span span;
            metadata.lock.lock();
            try {
                span = mapping.span(at, position + length - at);
            } finally {
                metadata.lock.unlock();
            }
            boolean zero = span.kind() == Entry.Kind.ZERO || span.kind() == Entry.Kind.ABSENT && !mapping.isBacked(at);
            if (!zero) {
                writes.writeZeros(at, span.length());
            }
            at += span.length();
        }
    }

    /** {@code from} and {@code to} lie in one table, at subclusters' bounds. */
    private void zeroInTable(long from, long to, boolean release) throws IOException {
        if (metadata.header.rawExternal()) {
            metadata.data.punchHole(from, Math.min(to, metadata.header.size) - from);
            return;
        }
        if (geometry.external()) {
            metadata.data.punchHole(from, Math.min(to, metadata.header.size) - from);
        }
        if (geometry.version() < 3 && (!release || mapping.isBacked(from))) {
            zeroAsData(from, Math.min(to, metadata.header.size) - from);
            return;
        }
        for (long at = from; at < to; ) {
            at = zeroClusters(at, to, release);
        }
    }

    /** Zeroes clusters from a position on and returns how far it came: up to one that tables cannot say it of. */
    private long zeroClusters(long from, long to, boolean release) throws IOException {
        long at = from;
        boolean room = true;
        metadata.lock.lock();
        try {
            writes.awaitIdle(from, to - from);
            while (at < to) {
                if (!metadata.refcounts.hasRoom(1)) {
                    room = false;
                    break;
                }
                long start = at & -geometry.clusterSize();
                long end = Math.min(to, start + geometry.clusterSize());
                int size = geometry.subclusterSize();
                int mask = WritePath.mask((int) (at - start) / size, (int) (end - start) / size);
                Entry old = metadata.entry(at);
                if (old.compressed() && mask != geometry.allSubclusters()) {
                    break;
                }
                Entry entry = zeroed(old, mask, release, mapping.isBacked(start));
                if (!entry.equals(old)) {
                    metadata.setEntry(at, entry);
                    if (old.compressed() || old.placed() && !entry.placed()) {
                        metadata.drop(old);
                    }
                }
                at = end;
            }
        } finally {
            metadata.lock.unlock();
        }
        if (!room) {
            checkpoint.growRefcounts(2);
        } else if (at == from) {
            long end = Math.min(to, (from & -geometry.clusterSize()) + geometry.clusterSize());
            writes.writeZeros(from, Math.min(end, metadata.header.size) - from);
            return end;
        }
        return at;
    }

    private Entry zeroed(Entry old, int mask, boolean release, boolean backed) {
        boolean whole = mask == geometry.allSubclusters() || old.placed() && (old.allocated() & ~mask) == 0;
        if (old.equals(Entry.UNALLOCATED) && !backed) {
            return old;
        }
        if (geometry.version() < 3) {
            return Entry.UNALLOCATED;
        }
        int zero = old.zero() | mask;
        boolean keep = !old.compressed() && old.placed() && (!whole || !release && old.copied());
        if (!keep) {
            return new Entry(false, false, 0, false, 0, old.compressed() ? geometry.allSubclusters() : zero);
        }
        return new Entry(false, true, old.host(), old.copied(), old.allocated() & ~mask, zero);
    }
}
