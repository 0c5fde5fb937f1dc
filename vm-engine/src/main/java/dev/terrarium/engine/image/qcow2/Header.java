// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.ByteStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * An image's header with its extensions and the name of the backing file: what the first cluster holds. Its fixed part
 * lies in the first sector, so that rewriting it ({@link #writeFields}) is atomic.
 */
final class Header {
    static final int MAGIC = 0x5146_49FB;
    static final int LENGTH_V2 = 72;
    static final int LENGTH_V3 = 104;
    static final int LENGTH_HERE = 112;
    private static final int MOST_EXTENSIONS = 256;
    private static final int LONGEST_BACKING_NAME = 1023;

    int version = 3;
    int clusterBits = 16;
    long size;
    int l1Size;
    long l1Offset;
    long refcountTableOffset;
    int refcountTableClusters;
    int snapshotCount;
    long snapshotsOffset;
    long incompatible;
    long compatible;
    long autoclear;
    int refcountOrder = 4;
    int compressionType;
    Optional<String> backingFile = Optional.empty();
    List<Extension> extensions = new ArrayList<>();

    /** Bytes of the header after compression_type that nobody here knows; kept. */
    byte[] further = new byte[0];

    private int length = LENGTH_HERE;

    static boolean recognises(byte[] head) {
        return head.length >= LENGTH_V2 && ByteBuffer.wrap(head).getInt() == MAGIC;
    }

    /**
     * Reads and judges a header by itself; what it points to is judged by those who use it.
     *
     * @throws TerrariumException if a field contradicts the specification or is beyond what is done here
     */
    static Header read(Path path, ByteStore store) throws TerrariumException, IOException {
        ByteBuffer fixed = ByteBuffer.allocate(Geometry.SECTOR);
        store.read(fixed, 0);
        fixed.flip();
        if (fixed.getInt(0) != MAGIC) {
            throw new TerrariumException(path + " is no qcow2 image: check its format");
        }
        Header header = new Header();
        header.version = fixed.getInt(4);
        if (header.version != 2 && header.version != 3) {
            throw new TerrariumException(path + " is qcow2 version " + Integer.toUnsignedString(header.version)
                    + ": only versions 2 and 3 are known, convert it with the program that made it");
        }
        header.clusterBits = fixed.getInt(20);
        if (header.clusterBits < Geometry.SMALLEST_CLUSTER_BITS || header.clusterBits > Geometry.LARGEST_CLUSTER_BITS) {
            throw Damage.of(path, "a cluster size of 2^" + Integer.toUnsignedString(header.clusterBits) + " bytes");
        }
        header.size = fixed.getLong(24);
        if (fixed.getInt(32) != 0) {
            throw new TerrariumException(path + " is encrypted: decrypt it with qemu-img convert first");
        }
        header.l1Size = fixed.getInt(36);
        header.l1Offset = fixed.getLong(40);
        header.refcountTableOffset = fixed.getLong(48);
        header.refcountTableClusters = fixed.getInt(56);
        header.snapshotCount = fixed.getInt(60);
        header.snapshotsOffset = fixed.getLong(64);
        header.readVersion3(path, fixed);
        header.readRest(path, store, fixed.getLong(8), fixed.getInt(16));
        List<String> unknown = Features.unknown(header.incompatible, header.extension(Extension.FEATURE_NAMES));
        if (!unknown.isEmpty()) {
            throw new TerrariumException(path + " uses what is not known here (" + String.join(", ", unknown)
                    + "): convert it with the program that made it");
        }
        header.judge(path);
        return header;
    }

    private void readVersion3(Path path, ByteBuffer fixed) throws TerrariumException {
        if (version == 2) {
            length = LENGTH_V2;
            return;
        }
        incompatible = fixed.getLong(72);
        compatible = fixed.getLong(80);
        autoclear = fixed.getLong(88);
        refcountOrder = fixed.getInt(96);
        length = fixed.getInt(100);
        if (length < LENGTH_V3 || length % 8 != 0 || length > Geometry.SECTOR) {
            throw Damage.of(path, "a header of " + Integer.toUnsignedString(length) + " bytes");
        }
        compressionType = length > LENGTH_V3 ? fixed.get(LENGTH_V3) & 0xFF : 0;
        if (length > LENGTH_HERE) {
            further = new byte[length - LENGTH_HERE];
            fixed.get(LENGTH_HERE, further);
        }
    }

    private void readRest(Path path, ByteStore store, long backingOffset, int backingLength)
            throws TerrariumException, IOException {
        ByteBuffer cluster = ByteBuffer.allocate(1 << Math.min(clusterBits, 16));
        store.read(cluster, 0);
        int end = cluster.capacity();
        if (backingOffset != 0) {
            if (backingLength < 1
                    || backingLength > LONGEST_BACKING_NAME
                    || backingOffset < length
                    || backingOffset > (1 << clusterBits) - backingLength) {
                throw Damage.of(path, "the name of its backing file lies outside the first cluster");
            }
            ByteBuffer name = ByteBuffer.allocate(backingLength);
            store.read(name, backingOffset);
            backingFile = Optional.of(new String(name.array(), StandardCharsets.UTF_8));
            end = (int) Math.min(end, backingOffset);
        }
        int at = length;
        while (at + 8 <= end) {
            int type = cluster.getInt(at);
            int size = cluster.getInt(at + 4);
            if (type == Extension.END) {
                return;
            }
            if (size < 0 || size > end - at - 8 || extensions.size() >= MOST_EXTENSIONS) {
                throw Damage.of(path, "a header extension of " + Integer.toUnsignedString(size) + " bytes");
            }
            byte[] data = new byte[size];
            cluster.get(at + 8, data);
            extensions.add(new Extension(type, data));
            at += 8 + (size + 7) / 8 * 8;
        }
    }

    private void judge(Path path) throws TerrariumException {
        if (refcountOrder < 0 || refcountOrder > 6) {
            throw Damage.of(path, "refcounts of 2^" + Integer.toUnsignedString(refcountOrder) + " bits");
        }
        boolean typed = (incompatible & Features.COMPRESSION_TYPE) != 0;
        if (typed != (compressionType != 0)) {
            throw Damage.of(path, "a compression type that its features contradict");
        }
        if (compressionType > 1) {
            throw new TerrariumException(path + " is compressed by method " + compressionType
                    + ", which is not known here: convert it with the program that made it");
        }
        Geometry geometry = geometry();
        if (geometry.extended() && clusterBits < Geometry.SMALLEST_EXTENDED_CLUSTER_BITS) {
            throw Damage.of(path, "extended L2 entries in clusters of " + (1 << clusterBits) + " bytes");
        }
        if (size < 0 || geometry.tablesFor(size) > Geometry.LARGEST_L1_BYTES / 8) {
            throw new TerrariumException(path + " has a disk of " + Long.toUnsignedString(size)
                    + " bytes, too large for its clusters: restore it from a copy");
        }
        if (l1Size < 0 || l1Size > Geometry.LARGEST_L1_BYTES / 8 || l1Size < geometry.tablesFor(size)) {
            throw Damage.of(path, "an L1 table of " + Integer.toUnsignedString(l1Size) + " entries");
        }
        requireTable(path, geometry, "L1 table", l1Offset, l1Size * 8L);
        if (refcountTableClusters < 0
                || geometry.offset(refcountTableClusters) > Geometry.LARGEST_REFCOUNT_TABLE_BYTES) {
            throw Damage.of(
                    path, "a refcount table of " + Integer.toUnsignedString(refcountTableClusters) + " clusters");
        }
        requireTable(path, geometry, "refcount table", refcountTableOffset, geometry.offset(refcountTableClusters));
        if (snapshotCount < 0 || snapshotCount > SnapshotTable.MOST_SNAPSHOTS) {
            throw Damage.of(path, Integer.toUnsignedString(snapshotCount) + " snapshots");
        }
        requireTable(path, geometry, "snapshot table", snapshotsOffset, snapshotCount * 40L);
        if (external() && snapshotCount > 0) {
            throw Damage.of(path, "snapshots beside an external data file");
        }
    }

    private static void requireTable(Path path, Geometry geometry, String what, long offset, long bytes)
            throws TerrariumException {
        if (bytes > 0 && (offset <= 0 || !geometry.aligned(offset) || offset >= 1L << 56)) {
            throw Damage.of(path, "its " + what + " lies at 0x" + Long.toHexString(offset));
        }
    }

    Geometry geometry() {
        return new Geometry(
                version, clusterBits, refcountOrder, (incompatible & Features.EXTENDED_L2) != 0, external());
    }

    boolean external() {
        return (incompatible & Features.EXTERNAL_DATA) != 0;
    }

    boolean rawExternal() {
        return external() && (autoclear & Features.RAW_EXTERNAL_DATA) != 0;
    }

    boolean lazyRefcounts() {
        return version >= 3 && (compatible & Features.LAZY_REFCOUNTS) != 0;
    }

    Optional<Extension> extension(int type) {
        return extensions.stream().filter(each -> each.type() == type).findFirst();
    }

    /** Puts an extension in place of those of its type, or removes them. */
    void replace(int type, Optional<Extension> by) {
        extensions.removeIf(each -> each.type() == type);
        by.ifPresent(extensions::addFirst);
    }

    Optional<String> backingFormat() {
        return extension(Extension.BACKING_FORMAT).map(Extension::text);
    }

    /**
     * Everything that the first cluster holds; the rest of it is zeros.
     *
     * @throws TerrariumException if it does not fit
     */
    byte[] encode(Path path) throws TerrariumException {
        int at = length;
        for (Extension each : extensions) {
            at += 8 + (each.data().length + 7) / 8 * 8;
        }
        at += 8;
        byte[] name = backingFile.orElse("").getBytes(StandardCharsets.UTF_8);
        if (name.length > LONGEST_BACKING_NAME || at + name.length > 1 << clusterBits) {
            throw new TerrariumException(path + ": the name of the backing file is too long for the header: use a"
                    + " shorter name or larger clusters");
        }
        ByteBuffer bytes = ByteBuffer.allocate(at + name.length);
        putFields(bytes, name.length == 0 ? 0 : at, name.length);
        bytes.position(length);
        for (Extension each : extensions) {
            bytes.putInt(each.type()).putInt(each.data().length).put(each.data());
            bytes.position((bytes.position() + 7) / 8 * 8);
        }
        bytes.position(at);
        bytes.put(name);
        return bytes.array();
    }

    private void putFields(ByteBuffer bytes, long nameOffset, int nameLength) {
        bytes.putInt(0, MAGIC)
                .putInt(4, version)
                .putLong(8, nameOffset)
                .putInt(16, nameLength)
                .putInt(20, clusterBits)
                .putLong(24, size)
                .putInt(36, l1Size)
                .putLong(40, l1Offset)
                .putLong(48, refcountTableOffset)
                .putInt(56, refcountTableClusters)
                .putInt(60, snapshotCount)
                .putLong(64, snapshotsOffset);
        if (version >= 3) {
            bytes.putLong(72, incompatible)
                    .putLong(80, compatible)
                    .putLong(88, autoclear)
                    .putInt(96, refcountOrder)
                    .putInt(100, length);
            if (length > LENGTH_V3) {
                bytes.put(LENGTH_V3, (byte) compressionType);
            }
            bytes.put(LENGTH_HERE <= length ? LENGTH_HERE : length, further);
        }
    }

    /** The length of the header proper: {@link #LENGTH_V2} for version 2. */
    void chooseLength() {
        length = version == 2 ? LENGTH_V2 : LENGTH_HERE + further.length;
    }

    /** Rewrites the fields in place, all in one sector; extensions and the backing file's name stay as they are. */
    void writeFields(ByteStore store) throws IOException {
        ByteBuffer sector = ByteBuffer.allocate(Geometry.SECTOR);
        store.read(sector, 0);
        long nameOffset = sector.getLong(8);
        int nameLength = sector.getInt(16);
        putFields(sector, nameOffset, nameLength);
        store.write(sector.rewind(), 0);
    }

    /**
     * Rewrites fields, extensions and the backing file's name. What lies past the first sector is durable before the
     * first sector changes; a header that fits into one changes all at once.
     */
    void writeAll(Path path, ByteStore store) throws TerrariumException, IOException {
        byte[] bytes = encode(path);
        ByteBuffer first = ByteBuffer.allocate(Math.min(Geometry.SECTOR, 1 << clusterBits));
        first.put(bytes, 0, Math.min(bytes.length, first.capacity())).rewind();
        if (bytes.length > Geometry.SECTOR) {
            store.write(ByteBuffer.wrap(bytes, Geometry.SECTOR, bytes.length - Geometry.SECTOR), Geometry.SECTOR);
            store.flush();
        }
        store.write(first, 0);
        store.flush();
    }
}
