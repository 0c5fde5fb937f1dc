// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.ByteStore;
import dev.terrarium.engine.image.CheckReport;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.ImageFiles;
import dev.terrarium.engine.image.ImageFormat;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** qcow2, versions 2 and 3. */
public final class Qcow2Format implements ImageFormat {
    private static final Logger LOG = LoggerFactory.getLogger(Qcow2Format.class);

    @Override
    public String name() {
        return "qcow2";
    }

    @Override
    public boolean recognises(byte[] head, byte[] tail) {
        return Header.recognises(head);
    }

    @Override
    public Map<String, String> createOptions() {
        return CreateOptions.HELP;
    }

    @Override
    public DiskImage open(Path path, ByteStore store, boolean readOnly, ImageFiles files)
            throws TerrariumException, IOException {
        return open(path, store, readOnly, files, Metadata.CACHE_BYTES);
    }

    /** As {@link #open}, with a limit to what tables in memory take. */
    static Qcow2Disk open(Path path, ByteStore store, boolean readOnly, ImageFiles files, long cacheBytes)
            throws TerrariumException, IOException {
        @Nullable ByteStore data = null;
        @Nullable DiskImage backing = null;
        boolean done = false;
        try {
            Header header = Header.read(path, store);
            if (!readOnly) {
                makeWritable(path, store, header);
            }
            List<Snapshot> snapshots = SnapshotTable.read(path, store, header).snapshots();
            data = header.external() ? openData(path, header, readOnly, files) : store;
            Metadata metadata = new Metadata(path, store, data, header, cacheBytes);
            if (header.backingFile.isPresent()) {
                backing = files.openImage(
                        path, header.backingFile.get(), header.backingFormat().orElse(""));
            }
            Qcow2Disk disk = new Qcow2Disk(metadata, readOnly, backing, snapshots);
            done = true;
            return disk;
        } finally {
            if (!done) {
                store.close();
                if (data != null && data != store) {
                    data.close();
                }
                if (backing != null) {
                    backing.close();
                }
            }
        }
    }

    private static void makeWritable(Path path, ByteStore store, Header header) throws TerrariumException, IOException {
        if ((header.incompatible & Features.CORRUPT) != 0) {
            throw new TerrariumException(path + " is marked as corrupt: run terrarium image check -r all on it");
        }
        if ((header.incompatible & Features.DIRTY) != 0) {
            LOG.info("{} was not closed; counting its clusters anew", path);
            CheckReport report = new Checker(path, store, header).run(CheckReport.Repair.ALL);
            if (report.corruptions() > 0) {
                throw Damage.of(path, report.messages().getFirst());
            }
        }
    }

    private static ByteStore openData(Path path, Header header, boolean readOnly, ImageFiles files)
            throws TerrariumException, IOException {
        Optional<Extension> name = header.extension(Extension.DATA_FILE);
        if (name.isEmpty()) {
            throw new TerrariumException(
                    path + " keeps its data in another file and does not say in which: restore it" + " from a copy");
        }
        return files.openBytes(path, name.get().text(), readOnly);
    }

    @Override
    public void create(Path path, ByteStore store, long size, Map<String, String> options, ImageFiles files)
            throws TerrariumException, IOException {
        CreateOptions chosen = new CreateOptions(options);
        long whole = (size + Geometry.SECTOR - 1) / Geometry.SECTOR * Geometry.SECTOR;
        Header header = header(chosen, whole);
        Geometry geometry = header.geometry();
        if (size < 0 || whole < 0 || geometry.tablesFor(whole) > Geometry.LARGEST_L1_BYTES / 8) {
            throw new TerrariumException("a disk of " + size + " bytes cannot be made with clusters of "
                    + geometry.clusterSize() + " bytes: choose a smaller size or larger clusters");
        }
        if (chosen.dataFile.isPresent()) {
            try (ByteStore data = files.createBytes(path, chosen.dataFile.get())) {
                data.truncate(whole);
                data.flush();
            }
        }
        header.l1Size = (int) Math.max(1, geometry.tablesFor(whole));
        header.l1Offset = geometry.offset(1);
        References used = new References();
        long tableEnd = 1 + geometry.clusters(header.l1Size * 8L);
        for (long cluster = 0; cluster < tableEnd; cluster++) {
            used.add(cluster);
        }
        header.encode(path);
        store.truncate(geometry.offset(tableEnd));
        new RefcountRebuild(store, header, used).run();
        header.writeAll(path, store);
        if (chosen.preallocate) {
            preallocate(path, store, files);
        }
    }

    private static Header header(CreateOptions chosen, long size) {
        Header header = new Header();
        header.version = chosen.version;
        header.clusterBits = chosen.clusterBits;
        header.refcountOrder = chosen.refcountOrder;
        header.size = size;
        header.compressionType = chosen.zstd ? 1 : 0;
        header.incompatible = (chosen.zstd ? Features.COMPRESSION_TYPE : 0)
                | (chosen.extended ? Features.EXTENDED_L2 : 0)
                | (chosen.dataFile.isPresent() ? Features.EXTERNAL_DATA : 0);
        header.compatible = chosen.lazyRefcounts ? Features.LAZY_REFCOUNTS : 0;
        header.autoclear = chosen.dataFileRaw ? Features.RAW_EXTERNAL_DATA : 0;
        header.backingFile = chosen.backingFile;
        chosen.dataFile.ifPresent(
                each -> header.replace(Extension.DATA_FILE, Optional.of(Extension.text(Extension.DATA_FILE, each))));
        chosen.backingFormat.ifPresent(each ->
                header.replace(Extension.BACKING_FORMAT, Optional.of(Extension.text(Extension.BACKING_FORMAT, each))));
        header.chooseLength();
        return header;
    }

    private static void preallocate(Path path, ByteStore store, ImageFiles files)
            throws TerrariumException, IOException {
        try (Qcow2Disk disk = open(path, new BorrowedStore(store), false, files, Metadata.CACHE_BYTES)) {
            disk.preallocate();
        }
    }

    @Override
    public Map<String, Object> details(DiskImage image) {
        if (!(image instanceof Qcow2Disk disk)) {
            return Map.of();
        }
        Header header = disk.metadata.header;
        Map<String, Object> details = new LinkedHashMap<>();
        details.put("compat", header.version == 2 ? "0.10" : "1.1");
        details.put("compression-type", header.compressionType == 1 ? "zstd" : "zlib");
        if (header.version >= 3) {
            details.put("lazy-refcounts", header.lazyRefcounts());
            List<Map<String, Object>> bitmaps = bitmaps(disk);
            if (!bitmaps.isEmpty()) {
                details.put("bitmaps", bitmaps);
            }
        }
        details.put("refcount-bits", header.geometry().refcountBits());
        if (header.version >= 3) {
            details.put("corrupt", (header.incompatible & Features.CORRUPT) != 0);
            details.put("extended-l2", header.geometry().extended());
            header.extension(Extension.DATA_FILE).ifPresent(each -> {
                details.put("data-file", each.text());
                details.put("data-file-raw", header.rawExternal());
            });
        }
        return details;
    }

    private static List<Map<String, Object>> bitmaps(Qcow2Disk disk) {
        List<Map<String, Object>> list = new ArrayList<>();
        try {
            Optional<Bitmaps.Directory> directory = Bitmaps.read(disk.metadata.store, disk.metadata.header);
            for (Bitmaps.Bitmap each : directory.map(Bitmaps.Directory::bitmaps).orElse(List.of())) {
                List<String> flags = new ArrayList<>();
                if (each.inUse()) {
                    flags.add("in-use");
                }
                if (each.auto()) {
                    flags.add("auto");
                }
                Map<String, Object> bitmap = new LinkedHashMap<>();
                bitmap.put("flags", flags);
                bitmap.put("name", each.name());
                bitmap.put("granularity", 1L << each.granularityBits());
                list.add(bitmap);
            }
        } catch (IOException e) {
            LOG.warn("{}: its bitmaps cannot be listed: {}", disk.metadata.path, e.getMessage());
        }
        return list;
    }

    @Override
    public int clusterSize(DiskImage image) {
        return image instanceof Qcow2Disk disk ? disk.metadata.geometry.clusterSize() : 0;
    }

    @Override
    public boolean isDirty(DiskImage image) {
        return image instanceof Qcow2Disk disk && (disk.metadata.header.incompatible & Features.DIRTY) != 0;
    }

    @Override
    public List<String> check(Path path, ByteStore store, boolean repair, ImageFiles files)
            throws TerrariumException, IOException {
        CheckReport report = examine(path, store, repair ? CheckReport.Repair.ALL : CheckReport.Repair.NONE, files);
        return report.isSound() ? List.of() : report.messages();
    }

    @Override
    public CheckReport examine(Path path, ByteStore store, CheckReport.Repair repair, ImageFiles files)
            throws TerrariumException, IOException {
        return new Checker(path, store, Header.read(path, store)).run(repair);
    }
}
