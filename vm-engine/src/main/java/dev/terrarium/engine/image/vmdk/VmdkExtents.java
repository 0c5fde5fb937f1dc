// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vmdk;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.ByteStore;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.ImageFiles;
import dev.terrarium.engine.image.MemoryByteStore;
import dev.terrarium.engine.image.block.BlockImage;
import dev.terrarium.engine.image.block.FlatMap;
import dev.terrarium.engine.image.block.LeakReport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Opens what a descriptor names. */
final class VmdkExtents {
    private static final int MOST_EXTENTS = 4096;

    /** Tables looked through before an image is written to, in bytes: those of 256 GiB in grains of 64 KiB. */
    private static final long CHECKED_TABLES = 16 << 20;

    private final Path path;
    private final ImageFiles files;
    private final boolean readOnly;
    private final @Nullable DiskImage backing;

    VmdkExtents(Path path, ImageFiles files, boolean readOnly, @Nullable DiskImage backing) {
        this.path = path;
        this.files = files;
        this.readOnly = readOnly;
        this.backing = backing;
    }

    /** A sparse extent whose file is open. */
    VmdkImage.Part sparse(Path file, ByteStore store, String name, String kind, long start)
            throws TerrariumException, IOException {
        VmdkHeader header = VmdkHeader.read(file, store);
        boolean compressed = header.has(VmdkHeader.COMPRESSED);
        if (!readOnly && header.version() == 3 && !compressed) {
            throw new TerrariumException(
                    file + " has its changes tracked by VMware, which writing here would break: open it"
                            + " read-only, or convert it");
        }
        long tableBytes = (long) header.tables() * header.tableBytes();
        if (!readOnly && tableBytes <= CHECKED_TABLES) {
            for (String error : SparseCheck.errors(store, header, false)) {
                if (!LeakReport.isLeak(error)) {
                    throw new TerrariumException(
                            file + " is damaged, " + error + ": open it read-only and copy what is left");
                }
            }
        }
        DiskImage disk = compressed
                ? new StreamImage(store, header, readOnly, backing, start)
                : new BlockImage(store, new SparseMap(store, header), header.size(), readOnly, backing, start);
        return new VmdkImage.Part(start, disk, name, kind, header.grainBytes(), compressed);
    }

    /** All extents that a descriptor in a file of its own names. */
    List<VmdkImage.Part> open(VmdkDescriptor descriptor) throws TerrariumException, IOException {
        if (descriptor.extents().size() > MOST_EXTENTS) {
            throw Vmdk.damaged(path, "it has " + descriptor.extents().size() + " extents");
        }
        List<VmdkImage.Part> parts = new ArrayList<>();
        try {
            long start = 0;
            for (VmdkDescriptor.Extent extent : descriptor.extents()) {
                if (extent.sectors() == 0 || extent.sectors() > Long.MAX_VALUE / Vmdk.SECTOR / MOST_EXTENTS) {
                    throw Vmdk.damaged(path, "one of its extents has " + extent.sectors() + " sectors");
                }
                VmdkImage.Part part = open(extent, start);
                parts.add(part);
                if (part.disk().size() != extent.sectors() * Vmdk.SECTOR) {
                    throw Vmdk.damaged(
                            path,
                            "its extent " + extent.file() + " has "
                                    + part.disk().size() + " bytes instead of " + extent.sectors() * Vmdk.SECTOR);
                }
                start += part.disk().size();
            }
            return parts;
        } catch (TerrariumException | IOException e) {
            for (VmdkImage.Part part : parts) {
                part.disk().close();
            }
            throw e;
        }
    }

    private VmdkImage.Part open(VmdkDescriptor.Extent extent, long start) throws TerrariumException, IOException {
        if (extent.access().equals("NOACCESS")) {
            throw new TerrariumException(path + " does not allow access to its extent " + extent.file()
                    + ": give it back its rights with VMware");
        }
        if (!readOnly && extent.access().equals("RDONLY")) {
            throw new TerrariumException(
                    path + " has an extent for reading only, " + extent.file() + ": open it read-only");
        }
        switch (extent.type()) {
            case "ZERO" -> {
                if (!readOnly) {
                    throw new TerrariumException(
                            path + " has an extent of zeros without a file: open it read-only, or convert it");
                }
                DiskImage zeros =
                        new BlockImage(new MemoryByteStore(), new FlatMap(0), extent.sectors() * Vmdk.SECTOR, true);
                return new VmdkImage.Part(start, zeros, "", "ZERO", 0, false);
            }
            case "FLAT", "VMFS" -> {
                ByteStore store = files.openBytes(path, extent.file(), readOnly);
                return closingOnFailure(store, () -> flat(extent, store, start));
            }
            case "SPARSE" -> {
                ByteStore store = files.openBytes(path, extent.file(), readOnly);
                return closingOnFailure(
                        store, () -> sparse(path.resolveSibling(extent.file()), store, extent.file(), "SPARSE", start));
            }
            default ->
                throw new TerrariumException(
                        path + " has an extent of the kind " + extent.type() + ": convert it with VMware first");
        }
    }

    private VmdkImage.Part flat(VmdkDescriptor.Extent extent, ByteStore store, long start)
            throws TerrariumException, IOException {
        long size = extent.sectors() * Vmdk.SECTOR;
        boolean sane = extent.offset() <= Long.MAX_VALUE / Vmdk.SECTOR / MOST_EXTENTS;
        if (!sane || extent.offset() * Vmdk.SECTOR > store.size() - size) {
            throw Vmdk.damaged(path, extent.file() + " is shorter than its extent");
        }
        DiskImage disk = new BlockImage(store, new FlatMap(extent.offset() * Vmdk.SECTOR), size, readOnly);
        return new VmdkImage.Part(start, disk, extent.file(), "FLAT", 0, false);
    }

    /** Opens a part. */
    @FunctionalInterface
    private interface Opener {
        VmdkImage.Part open() throws TerrariumException, IOException;
    }

    private static VmdkImage.Part closingOnFailure(ByteStore store, Opener opener)
            throws TerrariumException, IOException {
        try {
            return opener.open();
        } catch (TerrariumException | IOException e) {
            store.close();
            throw e;
        }
    }
}
