// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Writing to the guest's disk: in place where a cluster is the image's own, else to newly allocated ones, which tables
 * point to only when the data has been written. Guest clusters that are being allocated are busy: who else wants to change
 * them waits.
 */
final class WritePath {
    /** As much as one allocation takes. */
    private static final int MOST_BYTES = 4 << 20;

    private final Metadata metadata;
    private final Geometry geometry;
    private final Mapping mapping;
    private final Checkpoint checkpoint;
    private final List<Busy> busy = new ArrayList<>();

    WritePath(Metadata metadata, Mapping mapping, Checkpoint checkpoint) {
        this.metadata = metadata;
        this.geometry = metadata.geometry;
        this.mapping = mapping;
        this.checkpoint = checkpoint;
    }

    /** Bytes of the disk, whole clusters, that a request is allocating. */
    private record Busy(long from, long to) {}

    /**
     * What to do with the next bytes.
     *
     * @param host where the first byte goes
     * @param entries what the clusters were before; empty for writing in place
     * @param fresh whether clusters were allocated for it
     */
    private record Step(long position, int length, long host, List<Entry> entries, boolean fresh, Busy busy) {
        static Step inPlace(long position, int length, long host) {
            return new Step(position, length, host, List.of(), false, new Busy(0, 0));
        }
    }

    /** Writes the rest of a buffer; the caller shares the requests' lock. */
    void write(ByteBuffer source, long position) throws IOException {
        long at = position;
        int limit = source.limit();
        while (source.hasRemaining()) {
            Step step = plan(at, source.remaining());
            source.limit(source.position() + step.length);
            if (step.entries.isEmpty()) {
                metadata.data.write(source, step.host);
            } else {
                allocating(step, source);
            }
            source.limit(limit);
            at += step.length;
        }
    }

    private Step plan(long position, int length) throws IOException {
        int most = geometry.clusterSize() > MOST_BYTES ? 1 : MOST_BYTES / geometry.clusterSize();
        while (true) {
            metadata.lock.lock();
            try {
                awaitIdle(position, length);
                if (metadata.refcounts.hasRoom(most)) {
                    return plan(position, length, most);
                }
            } finally {
                metadata.lock.unlock();
            }
            checkpoint.growRefcounts(most * 2L);
        }
    }

    /** Waits until no cluster of a range is busy; for the holder of the metadata's lock. */
    void awaitIdle(long position, long length) {
        while (busy.stream().anyMatch(each -> each.from < position + length && position < each.to)) {
            metadata.allocated.awaitUninterruptibly();
        }
    }

    private Step plan(long position, int length, int most) throws IOException {
        long start = clusterStart(position);
        Entry first = metadata.entry(position);
        int inPlace = inPlaceLength(first, position, length);
        if (inPlace > 0) {
            Mapping.Span span = mapping.span(position, length);
            int count = (int) Math.min(span.length(), copiedLength(position, length));
            return Step.inPlace(position, count, span.host());
        }
        List<Entry> entries = new ArrayList<>();
        entries.add(first);
        boolean fresh = !(first.placed() && first.copied());
        // An allocated table makes sure that nothing can fail once the data is written.
        metadata.writableTable(position);
        long host = first.host();
        if (fresh) {
            long tableEnd = (position / geometry.bytesPerTable() + 1) * geometry.bytesPerTable();
            long end = Math.min(position + length, tableEnd);
            for (long at = start + geometry.clusterSize(); at < end && entries.size() < most; ) {
                Entry next = metadata.entry(at);
                if (next.placed() && next.copied()) {
                    break;
                }
                entries.add(next);
                at += geometry.clusterSize();
            }
            if (geometry.external()) {
                host = start;
            } else {
                Refcounts.Run run = metadata.refcounts.allocate(entries.size());
                entries = entries.subList(0, run.count());
                host = geometry.offset(run.first());
            }
        } else if (!geometry.external() && metadata.isMetadata(host)) {
            throw Damage.found("data where metadata is, at 0x" + Long.toHexString(host));
        }
        long end = start + (long) entries.size() * geometry.clusterSize();
        Busy mine = new Busy(start, end);
        busy.add(mine);
        int count = (int) Math.min(length, end - position);
        return new Step(position, count, host + position - start, List.copyOf(entries), fresh, mine);
    }

    private long clusterStart(long position) {
        return position & -geometry.clusterSize();
    }

    /** How much can be written in place into one cluster: all that is wanted of it, or nothing. */
    private int inPlaceLength(Entry entry, long position, long length) {
        int inCluster = (int) (position % geometry.clusterSize());
        int count = (int) Math.min(length, geometry.clusterSize() - inCluster);
        int touched = touched(inCluster, inCluster + count);
        boolean possible =
                entry.placed() && entry.copied() && !entry.compressed() && (entry.allocated() & touched) == touched;
        return possible ? count : 0;
    }

    /** How far clusters can be written in place. */
    private int copiedLength(long position, int length) throws IOException {
        long at = position;
        long end = Math.min(position + length, (position / geometry.bytesPerTable() + 1) * geometry.bytesPerTable());
        while (at < end) {
            int count = inPlaceLength(metadata.entry(at), at, end - at);
            if (count == 0) {
                break;
            }
            at += count;
        }
        return (int) (at - position);
    }

    /** A bit for each subcluster that bytes of a cluster lie in. */
    private int touched(int from, int to) {
        int size = geometry.subclusterSize();
        return mask(from / size, (to + size - 1) / size);
    }

    /** A bit for each subcluster that lies in a range of bytes wholly. */
    private int covered(int from, int to) {
        int size = geometry.subclusterSize();
        return mask((from + size - 1) / size, to / size);
    }

    static int mask(int from, int to) {
        return from >= to ? 0 : (int) ((1L << to) - (1L << from));
    }

    private void allocating(Step step, ByteBuffer source) throws IOException {
        boolean done = false;
        try {
            long end = step.position + step.length;
            int clusters = step.entries.size();
            copyAround(step, 0, end);
            if (clusters > 1) {
                copyAround(step, clusters - 1, end);
            }
            metadata.data.write(source, step.host);
            done = true;
        } finally {
            metadata.lock.lock();
            try {
                if (done) {
                    link(step);
                } else {
                    giveUp(step);
                }
            } finally {
                busy.remove(step.busy);
                metadata.allocated.signalAll();
                metadata.lock.unlock();
            }
        }
    }

    private long hostOf(Step step, int index) {
        return step.host - (step.position - step.busy.from) + (long) index * geometry.clusterSize();
    }

    private int from(Step step, int index) {
        return index == 0 ? (int) (step.position - step.busy.from) : 0;
    }

    private int to(Step step, int index, long end) {
        long start = step.busy.from + (long) index * geometry.clusterSize();
        return (int) Math.min(geometry.clusterSize(), end - start);
    }

    /** Subclusters of a cluster that have bytes elsewhere which must come along. */
    private int copied(Step step, int index, int from, int to) {
        Entry old = step.entries.get(index);
        int kept = 0;
        if (step.fresh) {
            kept = old.compressed() ? geometry.allSubclusters() : old.allocated();
        }
        int partial = touched(from, to) & ~(step.fresh ? 0 : old.allocated());
        return (kept | partial) & ~covered(from, to);
    }

    private void copyAround(Step step, int index, long end) throws IOException {
        int from = from(step, index);
        int to = to(step, index, end);
        int size = geometry.subclusterSize();
        int copied = copied(step, index, from, to);
        for (int first = 0; first < geometry.subclusters(); ) {
            if ((copied >>> first & 1) == 0) {
                first++;
                continue;
            }
            int last = first + 1;
            while (last < geometry.subclusters() && (copied >>> last & 1) != 0) {
                last++;
            }
            copy(step, index, first * size, Math.min(last * size, from));
            copy(step, index, Math.max(first * size, to), last * size);
            first = last;
        }
    }

    private void copy(Step step, int index, int from, int to) throws IOException {
        if (from >= to) {
            return;
        }
        Entry old = step.entries.get(index);
        long position = step.busy.from + (long) index * geometry.clusterSize() + from;
        long host = hostOf(step, index);
        boolean blank = step.fresh
                && metadata.data == metadata.store
                && metadata.refcounts.isBlank(host >>> geometry.clusterBits());
        if (blank && !old.compressed() && old.allocated() == 0 && !mapping.isBacked(position)) {
            return;
        }
        ByteBuffer bytes = ByteBuffer.allocate(to - from);
        mapping.readEntry(old, bytes, position);
        metadata.data.write(bytes.flip(), host + from);
    }

    private void link(Step step) throws IOException {
        long end = step.position + step.length;
        for (int i = 0; i < step.entries.size(); i++) {
            Entry old = step.entries.get(i);
            int kept = old.compressed() && step.fresh ? geometry.allSubclusters() : old.allocated();
            int allocated = kept | touched(from(step, i), to(step, i, end));
            Entry entry = new Entry(false, true, hostOf(step, i), true, allocated, old.zero() & ~allocated);
            metadata.setEntry(step.busy.from + (long) i * geometry.clusterSize(), entry);
            if (step.fresh) {
                metadata.drop(old);
            }
        }
    }

    private void giveUp(Step step) throws IOException {
        if (step.fresh && !geometry.external()) {
            for (int i = 0; i < step.entries.size(); i++) {
                metadata.undo(hostOf(step, i) >>> geometry.clusterBits());
            }
        }
    }

    /**
     * Writes one cluster compressed, if it is not there yet and becomes shorter so.
     *
     * @return whether it was written
     */
    boolean writeCompressed(byte[] cluster, long position) throws IOException {
        Optional<byte[]> compressed = Codec.of(metadata.header).compress(cluster);
        if (compressed.isEmpty() || geometry.external()) {
            return false;
        }
        byte[] bytes = compressed.get();
        Busy mine = new Busy(position, position + geometry.clusterSize());
        long offset;
        while (true) {
            metadata.lock.lock();
            try {
                awaitIdle(position, geometry.clusterSize());
                if (metadata.refcounts.hasRoom(4)) {
                    if (!metadata.entry(position).equals(Entry.UNALLOCATED)) {
                        return false;
                    }
                    metadata.writableTable(position);
                    offset = metadata.allocateCompressed(bytes.length);
                    busy.add(mine);
                    break;
                }
            } finally {
                metadata.lock.unlock();
            }
            checkpoint.growRefcounts(16);
        }
        Entry entry = Entry.compressedAt(geometry, offset, bytes.length);
        boolean done = false;
        try {
            metadata.data.write(ByteBuffer.wrap(bytes), offset);
            done = true;
        } finally {
            metadata.lock.lock();
            try {
                if (done) {
                    metadata.setEntry(position, entry);
                } else {
                    metadata.clustersOf(entry, metadata::undo);
                }
            } finally {
                busy.remove(mine);
                metadata.allocated.signalAll();
                metadata.lock.unlock();
            }
        }
        return true;
    }

    /** Writes zeros as data. */
    void writeZeros(long position, long length) throws IOException {
        byte[] zeros = new byte[(int) Math.min(length, 1 << 20)];
        for (long at = position; at < position + length; at += zeros.length) {
            write(ByteBuffer.wrap(zeros, 0, (int) Math.min(zeros.length, position + length - at)), at);
        }
    }

    /** Gives every cluster of a range its place, reading as zeros; returns how far it came. */
    long preallocate(long position, long length) throws IOException {
        Step step = plan(position, (int) Math.min(length, MOST_BYTES));
        if (!step.entries.isEmpty()) {
            metadata.lock.lock();
            try {
                link(step);
                long last = hostOf(step, step.entries.size() - 1) + geometry.clusterSize();
                if (metadata.data.size() < last) {
                    metadata.data.truncate(last);
                }
            } finally {
                busy.remove(step.busy);
                metadata.allocated.signalAll();
                metadata.lock.unlock();
            }
        }
        return position + step.length;
    }
}
