// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.BackedImage;
import dev.terrarium.engine.image.CompressedWriter;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.DiskRange;
import dev.terrarium.engine.image.Extent;
import dev.terrarium.engine.image.ImageSnapshot;
import dev.terrarium.engine.image.ResizableImage;
import dev.terrarium.engine.image.SnapshotImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/** An open qcow2 image. */
final class Qcow2Disk implements SnapshotImage, BackedImage, ResizableImage, CompressedWriter {
    final Metadata metadata;
    final Checkpoint checkpoint;

    /** Shared by the guest's requests; held alone by what changes the image's structure. */
    final ReadWriteLock requests = new ReentrantReadWriteLock();

    private final boolean readOnly;
    private final @Nullable DiskImage backing;
    private final Mapping mapping;
    private final WritePath writes;
    private final ZeroPath zeroes;
    private final Snapshots snapshots;
    private boolean closed;

    Qcow2Disk(Metadata metadata, boolean readOnly, @Nullable DiskImage backing, List<Snapshot> known) {
        this.metadata = metadata;
        this.readOnly = readOnly;
        this.backing = backing;
        this.checkpoint = new Checkpoint(metadata, requests);
        this.mapping = new Mapping(metadata, backing);
        this.writes = new WritePath(metadata, mapping, checkpoint);
        this.zeroes = new ZeroPath(metadata, mapping, writes, checkpoint);
        this.snapshots = new Snapshots(metadata, checkpoint, mapping, writes, known);
    }

    @Override
    public long size() {
        return metadata.header.size;
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    public void read(ByteBuffer target, long position) throws IOException {
        requests.readLock().lock();
        try {
            requireOpen();
            DiskRange.check(this, position, target.remaining());
            mapping.read(target, position);
        } finally {
            requests.readLock().unlock();
        }
    }

    @Override
    public void write(ByteBuffer source, long position) throws IOException {
        prepare();
        requests.readLock().lock();
        try {
            requireOpen();
            DiskRange.checkWrite(this, position, source.remaining());
            writes.write(source, position);
        } finally {
            requests.readLock().unlock();
        }
    }

    @Override
    public void writeZeroes(long position, long length, boolean release) throws IOException {
        prepare();
        requests.readLock().lock();
        try {
            requireOpen();
            DiskRange.checkWrite(this, position, length);
            zeroes.writeZeroes(position, length, release);
        } finally {
            requests.readLock().unlock();
        }
    }

    @Override
    public void discard(long position, long length) throws IOException {
        prepare();
        requests.readLock().lock();
        try {
            requireOpen();
            DiskRange.checkWrite(this, position, length);
            zeroes.discard(position, length);
        } finally {
            requests.readLock().unlock();
        }
    }

    @Override
    public int compressedUnit() {
        return metadata.geometry.external() ? 0 : metadata.geometry.clusterSize();
    }

    @Override
    public void writeCompressed(byte[] unit, long position) throws IOException {
        prepare();
        requests.readLock().lock();
        try {
            requireOpen();
            DiskRange.checkWrite(this, position, 0);
            int size = metadata.geometry.clusterSize();
            if (unit.length != size || position % size != 0) {
                throw new IllegalArgumentException(unit.length + " bytes at " + position + " are no cluster");
            }
            if (!writes.writeCompressed(unit, position)) {
                writes.write(ByteBuffer.wrap(unit, 0, (int) Math.min(size, size() - position)), position);
            }
        } finally {
            requests.readLock().unlock();
        }
    }

    /** Gives every cluster its place in the file; for an image that nothing was written to. */
    void preallocate() throws IOException {
        prepare();
        for (long at = 0; at < size(); ) {
            at = writes.preallocate(at, size() - at);
        }
    }

    @Override
    public void flush() throws IOException {
        if (!readOnly) {
            checkpoint.run();
        }
    }

    /** Makes changes durable if they take too much memory, and says in the header that there are changes. */
    private void prepare() throws IOException {
        if (readOnly) {
            throw new IOException("the image is read-only");
        }
        boolean crowded;
        metadata.lock.lock();
        try {
            if (!metadata.isPrepared()) {
                Preparation.run(metadata);
            }
            crowded = metadata.isCrowded();
        } finally {
            metadata.lock.unlock();
        }
        if (crowded) {
            checkpoint.run();
        }
    }

    private void requireOpen() throws IOException {
        if (closed) {
            throw new IOException("the image is closed");
        }
    }

    @Override
    public Extent extentAt(long position, long length) throws IOException {
        requests.readLock().lock();
        try {
            requireOpen();
            DiskRange.check(this, position, 1);
            Mapping.Span span;
            metadata.lock.lock();
            try {
                span = mapping.span(position, Math.min(length, size() - position));
            } finally {
                metadata.lock.unlock();
            }
            return extent(span, position);
        } finally {
            requests.readLock().unlock();
        }
    }

    private Extent extent(Mapping.Span span, long position) throws IOException {
        return switch (span.kind()) {
            case ABSENT -> absent(position, span.length());
            case ZERO -> new Extent(position, span.length(), 0, true, true, false, false, OptionalLong.empty());
            case STORED ->
                new Extent(position, span.length(), 0, true, false, true, false, OptionalLong.of(span.host()));
            case COMPRESSED -> new Extent(position, span.length(), 0, true, false, true, true, OptionalLong.empty());
        };
    }

    private Extent absent(long position, long length) throws IOException {
        long backed = mapping.backedUntil();
        if (backing == null || position >= backed) {
            return new Extent(position, length, 0, false, true, false, false, OptionalLong.empty());
        }
        return backing.extentAt(position, Math.min(length, backed - position)).below(position);
    }

    @Override
    public Optional<String> backingFile() {
        return metadata.header.backingFile;
    }

    @Override
    public Optional<String> backingFormat() {
        return metadata.header.backingFormat();
    }

    @Override
    public Optional<DiskImage> backing() {
        return Optional.ofNullable(backing);
    }

    @Override
    public void changeBacking(Optional<String> name, Optional<String> format) throws TerrariumException, IOException {
        alone(() -> {
            if (metadata.header.external() && metadata.header.rawExternal() && name.isPresent()) {
                throw new TerrariumException(
                        metadata.path + " has a raw data file, which cannot stand on another image: convert it first");
            }
            metadata.header.backingFile = name;
            metadata.header.replace(
                    Extension.BACKING_FORMAT,
                    format.filter(each -> name.isPresent())
                            .map(each -> Extension.text(Extension.BACKING_FORMAT, each)));
            metadata.header.writeAll(metadata.path, metadata.store);
        });
    }

    @Override
    public void makeEmpty() throws TerrariumException, IOException {
        alone(snapshots::makeEmpty);
    }

    @Override
    public DiskImage openSnapshot(String idOrName) throws TerrariumException, IOException {
        if (!readOnly) {
            throw new IllegalStateException("a snapshot is looked at in an image that is open for reading");
        }
        snapshots.show(idOrName);
        return this;
    }

    @Override
    public void resize(long newSize) throws TerrariumException, IOException {
        alone(() -> new Resize(metadata, checkpoint, mapping, zeroes, snapshots).run(newSize));
    }

    @Override
    public List<ImageSnapshot> snapshots() {
        return snapshots.list();
    }

    @Override
    public ImageSnapshot createSnapshot(String name, long vmStateSize, long vmClockNanos)
            throws TerrariumException, IOException {
        ImageSnapshot[] made = new ImageSnapshot[1];
        alone(() -> made[0] = snapshots.create(name, vmStateSize, vmClockNanos));
        return made[0];
    }

    @Override
    public void applySnapshot(String idOrName) throws TerrariumException, IOException {
        alone(() -> snapshots.apply(idOrName));
    }

    @Override
    public void deleteSnapshot(String idOrName) throws TerrariumException, IOException {
        alone(() -> snapshots.delete(idOrName));
    }

    @Override
    public void writeVmState(ByteBuffer source, long position) throws TerrariumException, IOException {
        alone(() -> snapshots.writeVmState(source, position));
    }

    @Override
    public void readVmState(String idOrName, ByteBuffer target, long position) throws TerrariumException, IOException {
        requests.readLock().lock();
        try {
            requireOpen();
            snapshots.readVmState(idOrName, target, position);
        } finally {
            requests.readLock().unlock();
        }
    }

    /** Runs a change of the structure while no request is under way. */
    private void alone(Checkpoint.Action change) throws TerrariumException, IOException {
        prepare();
        requests.writeLock().lock();
        try {
            requireOpen();
            checkpoint.exclusively(() -> {
                checkpoint.runAlone(false);
                change.run();
            });
        } finally {
            requests.writeLock().unlock();
        }
    }

    @Override
    public void close() throws IOException {
        requests.writeLock().lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            try {
                if (!readOnly) {
                    checkpoint.runAlone(true);
                    if (!metadata.unsound) {
                        Preparation.end(metadata);
                    }
                }
            } finally {
                closeStores();
            }
        } finally {
            requests.writeLock().unlock();
        }
    }

    private void closeStores() throws IOException {
        try {
            if (metadata.data != metadata.store) {
                metadata.data.close();
            }
        } finally {
            try {
                metadata.store.close();
            } finally {
                if (backing != null) {
                    backing.close();
                }
            }
        }
    }
}
