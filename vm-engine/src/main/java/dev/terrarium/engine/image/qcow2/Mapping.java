// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import dev.terrarium.engine.image.DiskImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Where the bytes of the guest's disk are, and reading them. */
final class Mapping {
    private final Metadata metadata;
    private final Geometry geometry;
    private final @Nullable DiskImage backing;

    Mapping(Metadata metadata, @Nullable DiskImage backing) {
        this.metadata = metadata;
        this.geometry = metadata.geometry;
        this.backing = backing;
    }

    /**
     * Bytes of the disk that come from one place.
     *
     * @param host where in the file those of {@link Entry.Kind#STORED} begin
     */
    record Span(Entry.Kind kind, long length, long host, Entry entry) {}

    /** The longest span that begins at a position and ends within {@code length} bytes and one L2 table. */
    Span span(long position, long length) throws IOException {
        long[] l1 = metadata.l1();
        int index = (int) (position / geometry.bytesPerTable());
        long most = Math.min(length, (index + 1) * geometry.bytesPerTable() - position);
        if (index >= l1.length || (l1[index] & Entry.OFFSET_MASK) == 0) {
            return new Span(Entry.Kind.ABSENT, most, 0, Entry.UNALLOCATED);
        }
        return span(metadata.table(l1[index]), position, most);
    }

    private Span span(Table table, long position, long most) throws IOException {
        int size = geometry.subclusterSize();
        int subcluster = (int) (position % geometry.clusterSize()) / size;
        Entry first = metadata.entry(table, metadata.entryIndex(position));
        Entry.Kind kind = first.kind(subcluster);
        long host = first.host() + position % geometry.clusterSize();
        if (kind == Entry.Kind.STORED) {
            requireData(first.host());
        }
        long found = size - position % size;
        Entry entry = first;
        while (found < most) {
            long next = position + found;
            subcluster = (int) (next % geometry.clusterSize()) / size;
            if (subcluster == 0) {
                if (kind == Entry.Kind.COMPRESSED) {
                    break;
                }
                entry = metadata.entry(table, metadata.entryIndex(next));
                if (kind == Entry.Kind.STORED && entry.host() != host + found) {
                    break;
                }
                if (kind == Entry.Kind.STORED && entry.placed()) {
                    requireData(entry.host());
                }
            }
            if (entry.kind(subcluster) != kind) {
                break;
            }
            found += size;
        }
        return new Span(kind, Math.min(found, most), host, first);
    }

    private void requireData(long host) throws IOException {
        if (!geometry.external() && metadata.isMetadata(host)) {
            throw Damage.found("data where metadata is, at 0x" + Long.toHexString(host));
        }
    }

    /** Whether the backing image says what is at a position where the image itself does not. */
    boolean isBacked(long position) {
        return backedUntil() > position;
    }

    /** Bytes of the disk that the backing image covers. */
    long backedUntil() {
        return backedUntil(metadata.header.size);
    }

    /** The same if the disk had another size. */
    long backedUntil(long size) {
        return backing == null ? 0 : Math.min(backing.size(), size);
    }

    /** Fills the rest of a buffer from the image, its backing images included. */
    void read(ByteBuffer target, long position) throws IOException {
        long at = position;
        int limit = target.limit();
        while (target.hasRemaining()) {
            Span span;
            metadata.lock.lock();
            try {
                span = span(at, target.remaining());
            } finally {
                metadata.lock.unlock();
            }
            target.limit(target.position() + (int) span.length);
            read(span, target, at);
            target.limit(limit);
            at += span.length;
        }
    }

    private void read(Span span, ByteBuffer target, long position) throws IOException {
        switch (span.kind) {
            case ABSENT -> readBacking(target, position);
            case ZERO -> fillZeros(target);
            case STORED -> metadata.data.read(target, span.host);
            case COMPRESSED ->
                target.put(decompress(span.entry), (int) (position % geometry.clusterSize()), target.remaining());
        }
    }

    /** Fills the rest of a buffer as an entry says that its cluster is, which may not be the table's entry any more. */
    void readEntry(Entry entry, ByteBuffer target, long position) throws IOException {
        int size = geometry.subclusterSize();
        long at = position;
        int limit = target.limit();
        while (target.hasRemaining()) {
            int inCluster = (int) (at % geometry.clusterSize());
            Entry.Kind kind = entry.kind(inCluster / size);
            int length = kind == Entry.Kind.COMPRESSED
                    ? target.remaining()
                    : Math.min(target.remaining(), size - inCluster % size);
            target.limit(target.position() + length);
            read(new Span(kind, length, entry.host() + inCluster, entry), target, at);
            target.limit(limit);
            at += length;
        }
    }

    private void readBacking(ByteBuffer target, long position) throws IOException {
        long backed = backedUntil();
        if (backing != null && position < backed) {
            int limit = target.limit();
            target.limit(target.position() + (int) Math.min(target.remaining(), backed - position));
            backing.read(target, position);
            target.limit(limit);
        }
        fillZeros(target);
    }

    private static void fillZeros(ByteBuffer target) {
        if (target.hasArray()) {
            int from = target.arrayOffset() + target.position();
            Arrays.fill(target.array(), from, from + target.remaining(), (byte) 0);
            target.position(target.limit());
        }
        while (target.hasRemaining()) {
            target.put((byte) 0);
        }
    }

    private byte[] decompress(Entry entry) throws IOException {
        Metadata.Decompressed last = metadata.decompressed;
        if (last != null && last.descriptor() == entry.host()) {
            return last.bytes();
        }
        ByteBuffer bytes = ByteBuffer.allocate(entry.compressedLength(geometry));
        metadata.store.read(bytes, entry.compressedOffset(geometry));
        byte[] cluster = Codec.of(metadata.header).decompress(bytes.array(), geometry.clusterSize());
        metadata.decompressed = new Metadata.Decompressed(entry.host(), cluster);
        return cluster;
    }
}
