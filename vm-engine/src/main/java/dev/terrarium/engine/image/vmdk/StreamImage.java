// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vmdk;

import dev.terrarium.engine.image.ByteStore;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.DiskRange;
import dev.terrarium.engine.image.Extent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A stream-optimised extent. A grain is packed when it is whole, and goes to the end of the file; one that is written
 * again leaves its old bytes behind, so this is a format to hand disks on with, not to run machines from. Grains that
 * are written in part wait in memory, some at most, until they are flushed.
 */
final class StreamImage implements DiskImage {
    /** Bytes of grains to keep, at most: those that wait, and those that were unpacked lately. */
    private static final int KEPT_BYTES = 1 << 20;

    private static final int LOOKUPS = 4096;

    private final ByteStore store;
    private final StreamTables tables;
    private final long size;
    private final int grainBytes;
    private final int kept;
    private final boolean readOnly;
    private final @Nullable DiskImage backing;
    private final long backingOffset;
    private final ReentrantLock lock = new ReentrantLock();
    private final TreeMap<Long, byte[]> waiting = new TreeMap<>();
    private final LinkedHashMap<Long, byte[]> unpacked = new LinkedHashMap<>(16, 0.75f, true);
    private volatile boolean closed;

    StreamImage(ByteStore store, VmdkHeader header, boolean readOnly, @Nullable DiskImage backing, long backingOffset)
            throws IOException {
        this.store = store;
        this.tables = new StreamTables(store, header);
        this.size = header.size();
        this.grainBytes = header.grainBytes();
        this.kept = Math.max(1, KEPT_BYTES / grainBytes);
        this.readOnly = readOnly;
        this.backing = backing;
        this.backingOffset = backingOffset;
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    private void requireOpen() throws ClosedChannelException {
        if (closed) {
            throw new ClosedChannelException();
        }
    }

    @Override
    public void read(ByteBuffer target, long position) throws IOException {
        DiskRange.check(this, position, target.remaining());
        long at = position;
        while (target.hasRemaining()) {
            int offset = (int) (at % grainBytes);
            int count = Math.min(target.remaining(), grainBytes - offset);
            target.put(grain(at / grainBytes), offset, count);
            at += count;
        }
    }

    /** All bytes of a grain, not to be changed. */
    private byte[] grain(long grain) throws IOException {
        long place;
        lock.lock();
        try {
            requireOpen();
            byte[] there = waiting.get(grain);
            if (there != null) {
                return there.clone();
            }
            place = tables.place(grain);
            there = unpacked.get(place);
            if (there != null && place > Vmdk.SECTOR) {
                return there;
            }
        } finally {
            lock.unlock();
        }
        if (place == 0) {
            return backingGrain(grain);
        }
        if (isZeroed(place)) {
            return new byte[grainBytes];
        }
        byte[] bytes = GrainCodec.read(store, place, grain * grainBytes / Vmdk.SECTOR, grainBytes, (int)
                Math.min(grainBytes, size - grain * grainBytes));
        keep(place, bytes);
        return bytes;
    }

    private boolean isZeroed(long place) {
        return place == SparseMap.ZEROED * Vmdk.SECTOR && tables.header().has(VmdkHeader.ZEROED_GRAINS);
    }

    private void keep(long place, byte[] bytes) {
        lock.lock();
        try {
            unpacked.put(place, bytes);
            if (unpacked.size() > kept) {
                Iterator<Map.Entry<Long, byte[]>> eldest = unpacked.entrySet().iterator();
                eldest.next();
                eldest.remove();
            }
        } finally {
            lock.unlock();
        }
    }

    private byte[] backingGrain(long grain) throws IOException {
        byte[] bytes = new byte[grainBytes];
        long position = grain * grainBytes;
        if (backing != null) {
            long there = Math.min(Math.min(grainBytes, size - position), backing.size() - backingOffset - position);
            if (there > 0) {
                backing.read(ByteBuffer.wrap(bytes, 0, (int) there), backingOffset + position);
            }
        }
        return bytes;
    }

    @Override
    public void write(ByteBuffer source, long position) throws IOException {
        DiskRange.checkWrite(this, position, source.remaining());
        long at = position;
        while (source.hasRemaining()) {
            long grain = at / grainBytes;
            int offset = (int) (at % grainBytes);
            int count = (int) Math.min(source.remaining(), Math.min(grainBytes, size - grain * grainBytes) - offset);
            if (offset == 0 && count == Math.min(grainBytes, size - grain * grainBytes)) {
                byte[] whole = new byte[grainBytes];
                source.get(whole, 0, count);
                append(grain, whole);
            } else {
                writePart(grain, offset, source, count);
            }
            at += count;
        }
    }

    private void writePart(long grain, int offset, ByteBuffer source, int count) throws IOException {
        lock.lock();
        try {
            byte[] bytes = waiting.get(grain);
            if (bytes == null) {
                bytes = grain(grain).clone();
                if (waiting.size() >= kept) {
                    appendFirstWaiting();
                }
                waiting.put(grain, bytes);
            }
            source.get(bytes, offset, count);
        } finally {
            lock.unlock();
        }
    }

    private void append(long grain, byte[] whole) throws IOException {
        @Nullable ByteBuffer packed = pack(grain, whole);
        lock.lock();
        try {
            requireOpen();
            enter(grain, packed);
            if (tables.crowded()) {
                commit();
            }
        } finally {
            lock.unlock();
        }
    }

    /** A grain as it goes to the file; null if it is zeros, which need no place unless a backing image shines through. */
    private @Nullable ByteBuffer pack(long grain, byte[] bytes) {
        boolean zeros = backing == null && Arrays.mismatch(bytes, new byte[grainBytes]) < 0;
        return zeros ? null : GrainCodec.encode(grain * grainBytes / Vmdk.SECTOR, bytes);
    }

    private void enter(long grain, @Nullable ByteBuffer packed) throws IOException {
        if (packed != null) {
            tables.enter(grain, tables.append(packed));
        } else if (tables.place(grain) != 0) {
            tables.enter(grain, 0);
        }
        waiting.remove(grain);
    }

    @Override
    public void writeZeroes(long position, long length, boolean release) throws IOException {
        DiskRange.checkWrite(this, position, length);
        long end = position + length;
        for (long at = position; at < end; ) {
            int count = (int) Math.min(end - at, grainBytes - at % grainBytes);
            if (backing != null || isStored(at / grainBytes)) {
                write(ByteBuffer.allocate(count), at);
            }
            at += count;
        }
    }

    private boolean isStored(long grain) throws IOException {
        lock.lock();
        try {
            requireOpen();
            return waiting.containsKey(grain) || tables.place(grain) != 0;
        } finally {
            lock.unlock();
        }
    }

    /** Grains that lie in the range as a whole go; the rest stays as it is. */
    @Override
    public void discard(long position, long length) throws IOException {
        DiskRange.checkWrite(this, position, length);
        if (backing == null) {
            long first = Vmdk.roundUp(position, grainBytes);
            long end = (position + length) / grainBytes * grainBytes;
            if (end > first) {
                writeZeroes(first, end - first, true);
            }
        }
    }

    @Override
    public void flush() throws IOException {
        if (!readOnly) {
            lock.lock();
            try {
                requireOpen();
                commit();
            } finally {
                lock.unlock();
            }
        }
    }

    private void commit() throws IOException {
        while (!waiting.isEmpty()) {
            appendFirstWaiting();
        }
        tables.commit();
    }

    private void appendFirstWaiting() throws IOException {
        Map.Entry<Long, byte[]> first = waiting.firstEntry();
        enter(first.getKey(), pack(first.getKey(), first.getValue()));
    }

    @Override
    public Extent extentAt(long position, long length) throws IOException {
        DiskRange.check(this, position, 1);
        long most = Math.min(length, size - position);
        lock.lock();
        try {
            requireOpen();
            boolean stored = isData(position / grainBytes);
            long count = Math.min(most, grainBytes - position % grainBytes);
            for (int i = 0; i < LOOKUPS && count < most && isData((position + count) / grainBytes) == stored; i++) {
                count = Math.min(most, count + grainBytes);
            }
            if (!stored && backing != null) {
                return below(position, Math.min(count, grainBytes - position % grainBytes));
            }
            return new Extent(position, count, 0, stored, !stored, stored, stored, OptionalLong.empty());
        } finally {
            lock.unlock();
        }
    }

    private boolean isData(long grain) throws IOException {
        long place = tables.place(grain);
        return waiting.containsKey(grain) || place != 0 && !isZeroed(place);
    }

    private Extent below(long position, long length) throws IOException {
        long there = backing == null ? 0 : backing.size() - backingOffset - position;
        if (backing == null || there <= 0 || isZeroed(tables.place(position / grainBytes))) {
            return new Extent(position, length, 0, true, true, false, false, OptionalLong.empty());
        }
        return backing.extentAt(backingOffset + position, Math.min(there, length))
                .below(position);
    }

    @Override
    public void close() throws IOException {
        if (closed) {
            return;
        }
        try {
            if (!readOnly) {
                flush();
                tables.close();
            }
        } finally {
            closed = true;
            store.close();
        }
    }
}
