// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vmdk;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.BackedImage;
import dev.terrarium.engine.image.ByteStore;
import dev.terrarium.engine.image.CompressedWriter;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.DiskRange;
import dev.terrarium.engine.image.Extent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** A VMware disk: its extents one behind the other, and the descriptor that names them. */
final class VmdkImage implements BackedImage, CompressedWriter {
    private final VmdkDescriptor descriptor;
    private final List<Part> parts;
    private final boolean readOnly;
    private final @Nullable DiskImage backing;
    private final ByteStore descriptorStore;
    private final long descriptorAt;
    private final long size;
    private boolean changed;
    private volatile long cid;

    /**
     * An extent.
     *
     * @param start its first byte on the disk
     * @param disk what is in it
     * @param file its name, as the descriptor has it
     * @param kind as the descriptor has it; empty for the one extent that holds the descriptor
     */
    record Part(long start, DiskImage disk, String file, String kind, int grainBytes, boolean compressed) {}

    /** @param descriptorStore where the descriptor's text is, at {@code descriptorAt}; closed with the image */
    VmdkImage(
            VmdkDescriptor descriptor,
            List<Part> parts,
            boolean readOnly,
            @Nullable DiskImage backing,
            ByteStore descriptorStore,
            long descriptorAt) {
        this.descriptor = descriptor;
        this.parts = List.copyOf(parts);
        this.readOnly = readOnly;
        this.backing = backing;
        this.descriptorStore = descriptorStore;
        this.descriptorAt = descriptorAt;
        this.cid = descriptor.cid();
        Part last = parts.getLast();
        this.size = last.start() + last.disk().size();
    }

    /** Which contents these are: a disk that stands on them notes it. */
    long cid() {
        return cid;
    }

    List<Part> parts() {
        return parts;
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    private Part part(long position) {
        int low = 0;
        int high = parts.size() - 1;
        while (low < high) {
            int middle = (low + high + 1) / 2;
            if (parts.get(middle).start() <= position) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return parts.get(low);
    }

    /** Something that is done to a range of one part. */
    @FunctionalInterface
    private interface Piece {
        void in(DiskImage disk, long position, long length) throws IOException;
    }

    private void each(long position, long length, Piece piece) throws IOException {
        long end = position + length;
        for (long at = position; at < end; ) {
            Part part = part(at);
            long count = Math.min(end, part.start() + part.disk().size()) - at;
            piece.in(part.disk(), at - part.start(), count);
            at += count;
        }
    }

    private void eachBuffer(ByteBuffer buffer, long position, Piece piece) throws IOException {
        int limit = buffer.limit();
        each(position, buffer.remaining(), (disk, at, count) -> {
            buffer.limit(buffer.position() + (int) count);
            piece.in(disk, at, count);
            buffer.limit(limit);
        });
    }

    @Override
    public void read(ByteBuffer target, long position) throws IOException {
        DiskRange.check(this, position, target.remaining());
        eachBuffer(target, position, (disk, at, count) -> disk.read(target, at));
    }

    @Override
    public void write(ByteBuffer source, long position) throws IOException {
        DiskRange.checkWrite(this, position, source.remaining());
        change();
        eachBuffer(source, position, (disk, at, count) -> disk.write(source, at));
    }

    @Override
    public void writeZeroes(long position, long length, boolean release) throws IOException {
        DiskRange.checkWrite(this, position, length);
        change();
        each(position, length, (disk, at, count) -> disk.writeZeroes(at, count, release));
    }

    @Override
    public void discard(long position, long length) throws IOException {
        DiskRange.checkWrite(this, position, length);
        change();
        each(position, length, DiskImage::discard);
    }

    /** Once after opening: other contents have another identifier, so that a disk that stands on the old ones notices. */
    private synchronized void change() throws IOException {
        if (changed || descriptor.cidAt() < 0) {
            return;
        }
        long next = ThreadLocalRandom.current().nextLong(VmdkDescriptor.NO_PARENT - 1);
        byte[] digits = String.format(Locale.ROOT, "%08x", next).getBytes(StandardCharsets.US_ASCII);
        descriptorStore.write(ByteBuffer.wrap(digits), descriptorAt + descriptor.cidAt());
        descriptorStore.flush();
        cid = next;
        changed = true;
    }

    @Override
    public void flush() throws IOException {
        for (Part part : parts) {
            part.disk().flush();
        }
    }

    @Override
    public Extent extentAt(long position, long length) throws IOException {
        DiskRange.check(this, position, 1);
        Part part = part(position);
        long within = position - part.start();
        return part.disk()
                .extentAt(within, Math.min(length, part.disk().size() - within))
                .at(position);
    }

    @Override
    public Optional<String> backingFile() {
        return backing == null ? Optional.empty() : Optional.of(descriptor.parentFile());
    }

    @Override
    public Optional<String> backingFormat() {
        return backing == null ? Optional.empty() : Optional.of("vmdk");
    }

    @Override
    public Optional<DiskImage> backing() {
        return Optional.ofNullable(backing);
    }

    /** Not done: the descriptor names its parent's contents too. */
    @Override
    public void requireChangeableChain() throws TerrariumException {
        throw new TerrariumException("a VMDK image cannot be rebased or committed: convert it to qcow2 first");
    }

    @Override
    public void changeBacking(Optional<String> name, Optional<String> format) throws TerrariumException {
        requireChangeableChain();
    }

    @Override
    public void makeEmpty() throws TerrariumException {
        requireChangeableChain();
    }

    @Override
    public int compressedUnit() {
        Part first = parts.getFirst();
        return parts.size() == 1 && first.compressed() ? first.grainBytes() : 0;
    }

    @Override
    public void writeCompressed(byte[] unit, long position) throws IOException {
        write(ByteBuffer.wrap(unit, 0, (int) Math.min(unit.length, size - position)), position);
    }

    /** As {@code qemu-img info}'s "format-specific" data. */
    Map<String, Object> details() {
        Map<String, Object> details = new LinkedHashMap<>();
        details.put("cid", cid);
        details.put("parent-cid", descriptor.parentCid());
        details.put("create-type", descriptor.createType());
        List<Map<String, Object>> extents = new ArrayList<>();
        for (Part part : parts) {
            Map<String, Object> extent = new LinkedHashMap<>();
            if (part.compressed()) {
                extent.put("compressed", true);
            }
            extent.put("virtual-size", part.disk().size());
            extent.put("filename", part.file());
            if (part.grainBytes() > 0) {
                extent.put("cluster-size", part.grainBytes());
            }
            extent.put("format", part.kind());
            extents.add(extent);
        }
        details.put("extents", extents);
        return details;
    }

    @Override
    public void close() throws IOException {
        @Nullable IOException failure = null;
        for (Part part : parts) {
            failure = closing(part.disk()::close, failure);
        }
        failure = closing(descriptorStore::close, failure);
        if (backing != null) {
            failure = closing(backing::close, failure);
        }
        if (failure != null) {
            throw failure;
        }
    }

    @FunctionalInterface
    private interface Closing {
        void close() throws IOException;
    }

    /** The first failure, with this one along if it fails too. */
    private static @Nullable IOException closing(Closing what, @Nullable IOException failure) {
        try {
            what.close();
            return failure;
        } catch (IOException e) {
            if (failure == null) {
                return e;
            }
            failure.addSuppressed(e);
            return failure;
        }
    }
}
