// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import dev.terrarium.engine.TerrariumException;
import java.io.IOException;
import java.util.Optional;

/** Changing the size of an image's disk. For a caller that holds the requests' lock alone. */
final class Resize {
    private final Metadata metadata;
    private final Checkpoint checkpoint;
    private final Mapping mapping;
    private final ZeroPath zeroes;
    private final Snapshots snapshots;

    Resize(Metadata metadata, Checkpoint checkpoint, Mapping mapping, ZeroPath zeroes, Snapshots snapshots) {
        this.metadata = metadata;
        this.checkpoint = checkpoint;
        this.mapping = mapping;
        this.zeroes = zeroes;
        this.snapshots = snapshots;
    }

    void run(long newSize) throws TerrariumException, IOException {
        Header header = metadata.header;
        Geometry geometry = metadata.geometry;
        if (newSize <= 0 || newSize % Geometry.SECTOR != 0) {
            throw new TerrariumException("a disk of " + newSize + " bytes cannot be: choose a multiple of 512");
        }
        long entries = geometry.tablesFor(newSize);
        if (entries > Geometry.LARGEST_L1_BYTES / 8) {
            throw new TerrariumException("a disk of " + newSize + " bytes is too large for clusters of "
                    + geometry.clusterSize() + " bytes: convert the image to one with larger clusters");
        }
        Optional<Snapshot> old =
                snapshots.all().stream().filter(each -> !each.hasDiskSize()).findAny();
        if (old.isPresent()) {
            throw new TerrariumException(metadata.path + " has the snapshot \""
                    + old.get().name() + "\", which does not say how large the disk was: delete it first");
        }
        if (header.extension(Extension.BITMAPS).isPresent()) {
            throw new TerrariumException(metadata.path
                    + " has bitmaps, which would not fit the disk any more: remove them with qemu-img bitmap --remove");
        }
        long oldSize = header.size;
        if (newSize > oldSize) {
            if (entries > metadata.l1().length) {
                snapshots.growL1((int) entries);
            }
            long backedUntil = mapping.backedUntil(newSize);
            setSize(newSize);
            long lastCluster = (oldSize + geometry.clusterSize() - 1) & -geometry.clusterSize();
            long zeroUntil = Math.min(newSize, Math.max(lastCluster, backedUntil));
            if (zeroUntil > oldSize) {
                zeroes.writeZeroes(oldSize, zeroUntil - oldSize, false);
            }
            if (header.external()) {
                metadata.data.truncate(newSize);
            }
            checkpoint.runAlone(false);
            setSizeDurably();
        } else if (newSize < oldSize) {
            // First the size, so that a cut leaves clusters that nobody sees, not a disk with a hole.
            setSize(newSize);
            setSizeDurably();
            dropBeyond(newSize, oldSize);
            if (header.external()) {
                metadata.data.truncate(newSize);
            }
            checkpoint.runAlone(false);
        }
    }

    private void setSize(long size) {
        metadata.lock.lock();
        try {
            metadata.header.size = size;
        } finally {
            metadata.lock.unlock();
        }
    }

    private void setSizeDurably() throws IOException {
        metadata.lock.lock();
        try {
            metadata.header.writeFields(metadata.store);
            metadata.store.flush();
        } finally {
            metadata.lock.unlock();
        }
    }

    private void dropBeyond(long newSize, long oldSize) throws IOException {
        Geometry geometry = metadata.geometry;
        long first = (newSize + geometry.clusterSize() - 1) & -geometry.clusterSize();
        for (long at = first; at < oldSize; at += geometry.clusterSize()) {
            metadata.lock.lock();
            try {
                Entry old = metadata.entry(at);
                if (old.equals(Entry.UNALLOCATED)) {
                    int index = (int) (at / geometry.bytesPerTable());
                    if (index >= metadata.l1().length || (metadata.l1()[index] & Entry.OFFSET_MASK) == 0) {
                        at = (index + 1) * geometry.bytesPerTable() - geometry.clusterSize();
                    }
                    continue;
                }
                if (!metadata.refcounts.hasRoom(1)) {
                    metadata.refcounts.grow(1);
                }
                metadata.setEntry(at, Entry.UNALLOCATED);
                metadata.drop(old);
            } finally {
                metadata.lock.unlock();
            }
            if (metadata.isCrowded()) {
                checkpoint.runAlone(false);
            }
        }
        dropTables((int) geometry.tablesFor(newSize));
    }

    /** Gives L2 tables back that describe nothing of the disk any more. */
    private void dropTables(int first) throws IOException {
        metadata.lock.lock();
        try {
            long[] l1 = metadata.l1();
            for (int i = first; i < l1.length; i++) {
                long offset = l1[i] & Entry.OFFSET_MASK;
                if (offset != 0) {
                    metadata.setL1(i, 0);
                    metadata.tables.forget(offset);
                    metadata.drop(offset >>> metadata.geometry.clusterBits());
                }
            }
            metadata.replaceL1Set();
        } finally {
            metadata.lock.unlock();
        }
    }
}
