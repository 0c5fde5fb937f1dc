// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.block;

import dev.terrarium.engine.image.ByteStore;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.DiskRange;
import dev.terrarium.engine.image.Extent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.OptionalLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A disk whose blocks stand where a {@link BlockMap} says.
 *
 * <p>Order of writes: a new block is zeros (or the backing image's bytes) on the store before the table names it, and a
 * flush makes all blocks durable before it writes the entries that name them. So a power cut leaves each entry old or
 * new, and either is right; at worst a block has a place that no entry names. Blocks are never moved or given back: what
 * is discarded becomes a hole in the file where the block stands. Reads and writes of blocks therefore need no lock while
 * the host works.
 */
public final class BlockImage implements DiskImage {
    private static final int ZERO_BYTES = 1 << 16;

    /** Lookups for one request at most, which bounds how long the lock is held. */
    private static final int LOOKUPS = 1 << 14;

    private final ByteStore store;
    private final BlockMap map;
    private final long size;
    private final boolean readOnly;
    private final @Nullable DiskImage backing;
    private final long backingOffset;
    private final ReentrantLock lock = new ReentrantLock();
    private final ReentrantLock committing = new ReentrantLock();
    private volatile boolean closed;
    private volatile boolean changed;

    /** A disk that stands on nothing else. */
    public BlockImage(ByteStore store, BlockMap map, long size, boolean readOnly) {
        this(store, map, size, readOnly, null, 0);
    }

    /**
     * A disk, or a part of one.
     *
     * @param backing what counts where the map says nothing; stays the caller's
     * @param backingOffset which byte of it lies under this one's first
     */
    public BlockImage(
            ByteStore store,
            BlockMap map,
            long size,
            boolean readOnly,
            @Nullable DiskImage backing,
            long backingOffset) {
        this.store = store;
        this.map = map;
        this.size = size;
        this.readOnly = readOnly;
        this.backing = backing;
        this.backingOffset = backingOffset;
    }

    /** Bytes a block; 0 if the disk stands in its file as it is. */
    public int clusterSize() {
        return map instanceof FlatMap ? 0 : map.blockSize();
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    public void read(ByteBuffer target, long position) throws IOException {
        DiskRange.check(this, position, target.remaining());
        long at = position;
        while (target.hasRemaining()) {
            Run run = locate(at, target.remaining());
            int limit = target.limit();
            target.limit(target.position() + (int) run.length());
            switch (run.kind()) {
                case DATA -> store.read(target, run.at());
                case ABSENT -> readBacking(target, at);
                case ZERO -> fillWithZeros(target);
            }
            target.limit(limit);
            at += run.length();
        }
    }

    private static void fillWithZeros(ByteBuffer target) {
        while (target.hasRemaining()) {
            target.put((byte) 0);
        }
    }

    private void readBacking(ByteBuffer target, long position) throws IOException {
        if (backing != null) {
            int limit = target.limit();
            long there = Math.min(target.remaining(), backing.size() - backingOffset - position);
            if (there > 0) {
                target.limit(target.position() + (int) there);
                backing.read(target, backingOffset + position);
                target.limit(limit);
            }
        }
        fillWithZeros(target);
    }

    private Run locate(long position, long length) throws IOException {
        lock.lock();
        try {
            requireOpen();
            Run run = map.find(position, length);
            for (int i = 0; i < LOOKUPS && run.length() < length; i++) {
                Run next = map.find(position + run.length(), length - run.length());
                if (!run.joins(next)) {
                    break;
                }
                run = run.longer(next.length());
            }
            return run;
        } finally {
            lock.unlock();
        }
    }

    private void requireOpen() throws ClosedChannelException {
        if (closed) {
            throw new ClosedChannelException();
        }
    }

    @Override
    public void write(ByteBuffer source, long position) throws IOException {
        DiskRange.checkWrite(this, position, source.remaining());
        change();
        long at = position;
        while (source.hasRemaining()) {
            if (map.crowded()) {
                commit();
            }
            int limit = source.limit();
            Run run = place(source, at);
            if (run.kind() == Run.Kind.DATA) {
                source.limit(source.position() + (int) run.length());
                store.write(source, run.at());
                source.limit(limit);
            } else {
                source.position(source.position() + (int) run.length());
            }
            at += run.length();
        }
    }

    private void change() throws IOException {
        if (!changed) {
            lock.lock();
            try {
                requireOpen();
                if (!changed) {
                    map.beforeFirstChange();
                    changed = true;
                }
            } finally {
                lock.unlock();
            }
        }
    }

    /** A place for the bytes at {@code position}; if it is not data, they were written along with their block. */
    private Run place(ByteBuffer source, long position) throws IOException {
        int length = source.remaining();
        lock.lock();
        try {
            requireOpen();
            Run run = map.find(position, length);
            if (run.kind() == Run.Kind.ABSENT && backing != null) {
                return copyBlock(source, position);
            }
            if (run.kind() != Run.Kind.DATA) {
                run = enter(position, length);
            }
            while (run.length() < length && !map.crowded()) {
                long next = position + run.length();
                long rest = length - run.length();
                Run following = map.find(next, rest);
                if (following.kind() == Run.Kind.ABSENT && backing != null) {
                    break;
                }
                if (following.kind() != Run.Kind.DATA) {
                    following = enter(next, rest);
                }
                if (!run.joins(following)) {
                    break;
                }
                run = run.longer(following.length());
            }
            return run;
        } finally {
            lock.unlock();
        }
    }

    private Run enter(long position, long length) throws IOException {
        long block = position / map.blockSize();
        map.assign(block, map.reserve(block));
        return map.find(position, length);
    }

    /** Writes a whole new block: {@code source} where it lies in it, the backing image's bytes around. */
    private Run copyBlock(ByteBuffer source, long position) throws IOException {
        int blockSize = map.blockSize();
        long block = position / blockSize;
        int offset = (int) (position % blockSize);
        int count = Math.min(source.remaining(), blockSize - offset);
        ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(blockSize, size - block * blockSize));
        if (count < bytes.capacity()) {
            readBacking(bytes, block * blockSize);
        }
        bytes.clear();
        bytes.put(offset, source, source.position(), count);
        long place = map.reserve(block);
        store.write(bytes, place);
        map.assign(block, place);
        return Run.zero(count);
    }

    @Override
    public void writeZeroes(long position, long length, boolean release) throws IOException {
        DiskRange.checkWrite(this, position, length);
        change();
        long end = position + length;
        for (long at = position; at < end; ) {
            Run run = locate(at, end - at);
            if (run.kind() == Run.Kind.DATA) {
                if (release) {
                    store.punchHole(run.at(), run.length());
                } else {
                    zeroInPlace(run);
                }
            } else if (run.kind() == Run.Kind.ABSENT && backing != null) {
                int count = (int) Math.min(run.length(), ZERO_BYTES);
                write(ByteBuffer.allocate(count), at);
                at += count;
                continue;
            }
            at += run.length();
        }
    }

    private void zeroInPlace(Run run) throws IOException {
        for (long done = 0; done < run.length(); done += ZERO_BYTES) {
            store.write(ByteBuffer.allocate((int) Math.min(ZERO_BYTES, run.length() - done)), run.at() + done);
        }
    }

    @Override
    public void discard(long position, long length) throws IOException {
        DiskRange.checkWrite(this, position, length);
        change();
        long end = position + length;
        for (long at = position; at < end; ) {
            Run run = locate(at, end - at);
            if (run.kind() == Run.Kind.DATA) {
                store.punchHole(run.at(), run.length());
            }
            at += run.length();
        }
    }

    @Override
    public void flush() throws IOException {
        if (!readOnly) {
            requireOpen();
            commit();
        }
    }

    private void commit() throws IOException {
        committing.lock();
        try {
            BlockMap.Commit commit;
            lock.lock();
            try {
                commit = map.take();
            } finally {
                lock.unlock();
            }
            boolean success = false;
            try {
                store.flush();
                if (!commit.empty()) {
                    commit.write();
                }
                success = true;
            } finally {
                lock.lock();
                try {
                    commit.finished(success);
                } finally {
                    lock.unlock();
                }
            }
        } finally {
            committing.unlock();
        }
    }

    @Override
    public Extent extentAt(long position, long length) throws IOException {
        DiskRange.check(this, position, 1);
        long most = Math.min(length, size - position);
        Run run = locate(position, most);
        return switch (run.kind()) {
            case DATA -> dataExtent(position, run);
            case ZERO -> zeros(position, run.length(), true);
            case ABSENT -> backingExtent(position, run.length());
        };
    }

    private static Extent zeros(long position, long length, boolean present) {
        return new Extent(position, length, 0, present, true, false, false, OptionalLong.empty());
    }

    private Extent dataExtent(long position, Run run) throws IOException {
        long data = store.nextData(run.at());
        boolean hole = data > run.at();
        long until = hole ? data : store.nextHole(run.at());
        // The file may end before its last block does.
        boolean all = until <= run.at() || until >= store.size();
        long length = all ? run.length() : Math.min(run.length(), until - run.at());
        return new Extent(position, length, 0, true, hole, !hole, false, OptionalLong.of(run.at()));
    }

    private Extent backingExtent(long position, long length) throws IOException {
        if (backing == null) {
            return zeros(position, length, false);
        }
        long there = backing.size() - backingOffset - position;
        if (there <= 0) {
            return zeros(position, length, true);
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
                commit();
                map.close();
            }
        } finally {
            closed = true;
            store.close();
        }
    }
}
