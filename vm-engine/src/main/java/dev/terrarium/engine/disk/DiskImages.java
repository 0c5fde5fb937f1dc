// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.disk;

import dev.terrarium.engine.Progress;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.BackedImage;
import dev.terrarium.engine.image.CheckReport;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.Extent;
import dev.terrarium.engine.image.FileByteStore;
import dev.terrarium.engine.image.FolderFiles;
import dev.terrarium.engine.image.ImageFormat;
import dev.terrarium.engine.image.ImageFormats;
import dev.terrarium.engine.image.ImageSnapshot;
import dev.terrarium.engine.image.ResizableImage;
import dev.terrarium.engine.image.SnapshotImage;
import dev.terrarium.engine.image.StandaloneFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** The commands on disk images. Each opens what it needs, locked, and closes it again. */
public final class DiskImages {
    private static final int COMPARED = 1 << 20;

    private DiskImages() {}

    /** The formats' names, raw first. */
    public static List<String> formats() {
        return ImageFormats.all().stream().map(ImageFormat::name).toList();
    }

    /** The options of new images of a format, each with a line of help. */
    public static Map<String, String> createOptions(String format) throws TerrariumException {
        return ImageFormats.byName(format).createOptions();
    }

    /** Work on images; failures of the host become a line for a person. */
    @FunctionalInterface
    private interface Work<T> {
        T run() throws TerrariumException, IOException;
    }

    private static <T> T told(Path path, Work<T> work) throws TerrariumException {
        try {
            return work.run();
        } catch (IOException e) {
            throw new TerrariumException(path + ": " + e.getMessage(), e);
        }
    }

    /**
     * Makes an image.
     *
     * @param size bytes of the disk; empty for that of the backing file in {@code options}
     */
    public static void create(ImageSource image, OptionalLong size, Map<String, String> options)
            throws TerrariumException {
        told(image.path(), () -> {
            long bytes = size.isPresent() ? size.getAsLong() : backingSize(image, options);
            ImageFormats.create(image.path(), image.format(), bytes, options, image.folders());
            return true;
        });
    }

    private static long backingSize(ImageSource image, Map<String, String> options)
            throws TerrariumException, IOException {
        String name = options.get("backing_file");
        if (name == null) {
            throw new TerrariumException("the size is missing: write it after the name");
        }
        FolderFiles files = FolderFiles.forNew(image.path(), image.folders());
        try (DiskImage backing = files.openImage(image.path(), name, options.getOrDefault("backing_fmt", ""))) {
            return backing.size();
        }
    }

    /** What there is to say of an image; its backing images are not opened. */
    public static ImageInfo info(ImageSource image) throws TerrariumException {
        return told(image.path(), () -> {
            ImageFormat format = image.resolvedFormat();
            try (DiskImage disk = StandaloneFiles.open(image.path(), format.name(), true, image.folders())) {
                Optional<String> backing = disk instanceof BackedImage backed ? backed.backingFile() : Optional.empty();
                Map<String, Object> details = format.details(disk);
                return new ImageInfo(
                        image.path().toString(),
                        format.name(),
                        disk.size(),
                        actualSize(image.path()),
                        format.clusterSize(disk),
                        format.isDirty(disk),
                        backing,
                        disk instanceof BackedImage backed ? backed.backingFormat() : Optional.empty(),
                        backing.map(each -> image.path().resolveSibling(each).toString()),
                        disk instanceof SnapshotImage with ? snapshots(with) : List.of(),
                        details);
            }
        });
    }

    private static List<ImageInfo.Snapshot> snapshots(SnapshotImage image) {
        return image.snapshots().stream()
                .map(each -> new ImageInfo.Snapshot(
                        each.id(), each.name(), each.date(), each.vmClockNanos(), each.vmStateSize()))
                .toList();
    }

    private static long actualSize(Path path) throws TerrariumException, IOException {
        try (FileByteStore store = FileByteStore.open(path, true)) {
            long bytes = 0;
            for (long at = store.nextData(0); at < store.size(); ) {
                long end = store.nextHole(at);
                bytes += end - at;
                at = store.nextData(end);
            }
            return bytes;
        }
    }

    /** An image and all it stands on, the top first. */
    public static List<ImageInfo> chain(ImageSource image) throws TerrariumException {
        told(image.path(), () -> {
            // Opening the whole chain finds loops and asks for consent.
            image.open(true).close();
            return true;
        });
        List<ImageInfo> chain = new ArrayList<>();
        Optional<ImageSource> next = Optional.of(image);
        while (next.isPresent()) {
            ImageInfo info = info(next.get());
            chain.add(info);
            next = info.fullBackingFile()
                    .map(each ->
                            new ImageSource(Path.of(each), info.backingFormat().orElse(""), image.allowed()));
        }
        return chain;
    }

    /** Where the bytes of the disk are, neighbours that stand the same way taken together. */
    public static List<MapRange> map(ImageSource image, long start, long length) throws TerrariumException {
        return told(image.path(), () -> {
            List<String> files = chain(image).stream().map(ImageInfo::filename).toList();
            try (DiskImage disk = image.open(true)) {
                List<MapRange> ranges = new ArrayList<>();
                long end = Math.min(disk.size(), length > Long.MAX_VALUE - start ? Long.MAX_VALUE : start + length);
                for (long at = start; at < end; ) {
                    Extent extent = disk.extentAt(at, end - at);
                    add(ranges, extent, files);
                    at += extent.length();
                }
                return ranges;
            }
        });
    }

    private static void add(List<MapRange> ranges, Extent extent, List<String> files) {
        String file = files.get(Math.min(extent.depth(), files.size() - 1));
        MapRange range = new MapRange(
                extent.start(),
                extent.length(),
                extent.depth(),
                extent.present(),
                extent.zero(),
                extent.data(),
                extent.compressed(),
                extent.offset(),
                file);
        if (!ranges.isEmpty()) {
            MapRange last = ranges.getLast();
            boolean same = last.depth() == range.depth()
                    && last.present() == range.present()
                    && last.zero() == range.zero()
                    && last.data() == range.data()
                    && last.compressed() == range.compressed()
                    && last.offset().isPresent() == range.offset().isPresent()
                    && (last.offset().isEmpty()
                            || last.offset().getAsLong() + last.length()
                                    == range.offset().getAsLong());
            if (same) {
                ranges.removeLast();
                range = new MapRange(
                        last.start(),
                        last.length() + range.length(),
                        range.depth(),
                        range.present(),
                        range.zero(),
                        range.data(),
                        range.compressed(),
                        last.offset(),
                        file);
            }
        }
        ranges.add(range);
    }

    /** Looks for errors, and mends them if told so. */
    public static ImageCheck check(ImageSource image, ImageCheck.Repair repair) throws TerrariumException {
        return told(image.path(), () -> {
            ImageFormat format = image.resolvedFormat();
            CheckReport report;
            try (FileByteStore store = FileByteStore.open(image.path(), repair == ImageCheck.Repair.NONE)) {
                report = format.examine(
                        image.path(),
                        store,
                        CheckReport.Repair.valueOf(repair.name()),
                        FolderFiles.forNew(image.path(), image.folders()));
            }
            return new ImageCheck(
                    image.path().toString(),
                    format.name(),
                    report.messages(),
                    report.corruptions(),
                    report.leaks(),
                    report.corruptionsFixed(),
                    report.leaksFixed(),
                    report.clusters()
                            .map(each -> new ImageCheck.Clusters(
                                    each.total(),
                                    each.allocated(),
                                    each.compressed(),
                                    each.fragmented(),
                                    each.imageEnd())));
        });
    }

    /**
     * Changes the size of a disk.
     *
     * @param size bytes, or the difference if {@code relative}
     * @param shrink whether it may become smaller, which loses what is behind
     * @return the new size in bytes
     */
    public static long resize(ImageSource image, long size, boolean relative, boolean shrink)
            throws TerrariumException {
        return told(image.path(), () -> {
            try (DiskImage disk = image.open(false)) {
                long wanted = relative ? disk.size() + size : size;
                wanted = (wanted + 511) / 512 * 512;
                if (wanted < disk.size() && !shrink) {
                    throw new TerrariumException(image.path() + " would lose what is past its new end: shrink the file"
                            + " systems first, then use --shrink");
                }
                if (!(disk instanceof ResizableImage resizable)) {
                    throw new TerrariumException(
                            image.path() + " is of a format that keeps its size: convert it to qcow2 or raw");
                }
                resizable.resize(wanted);
                return wanted;
            }
        });
    }

    /**
     * Removes an image's file.
     *
     * @throws TerrariumException if somebody has it open, or may not remove it
     */
    public static void delete(Path path) throws TerrariumException {
        told(path, () -> {
            FileByteStore locked = FileByteStore.open(path, !Files.isWritable(path));
            try (locked) {
                Files.delete(path);
            }
            return true;
        });
    }

    /** Copies a disk into an image of another kind. A target that was made for it goes away if that fails. */
    public static void convert(ConvertRequest request, Progress progress) throws TerrariumException {
        told(request.source().path(), () -> {
            try (DiskImage source = open(request)) {
                if (request.create()) {
                    create(target(request), OptionalLong.of(source.size()), request.options());
                }
                boolean done = false;
                try {
                    copy(request, source, progress);
                    done = true;
                } finally {
                    if (!done && request.create()) {
                        Files.deleteIfExists(request.target());
                    }
                }
            }
            return true;
        });
    }

    private static ImageSource target(ConvertRequest request) {
        return new ImageSource(
                request.target(), request.targetFormat(), request.source().allowed());
    }

    private static DiskImage open(ConvertRequest request) throws TerrariumException, IOException {
        DiskImage disk = request.source().open(true);
        if (request.snapshot().isEmpty()) {
            return disk;
        }
        try {
            if (!(disk instanceof SnapshotImage image)) {
                throw new TerrariumException(
                        request.source().path() + " is of a format without snapshots: leave -l out");
            }
            return image.openSnapshot(request.snapshot().get());
        } catch (TerrariumException | IOException e) {
            disk.close();
            throw e;
        }
    }

    private static void copy(ConvertRequest request, DiskImage source, Progress progress)
            throws TerrariumException, IOException {
        try (DiskImage disk = target(request).open(false)) {
            if (disk.size() < source.size()) {
                throw new TerrariumException(request.target() + " is too small for the disk: resize it first");
            }
            boolean clean = request.create() && Converter.readsAsZeros(disk);
            new Converter(source, disk, request.sparse(), request.compress(), clean, progress).run(request.threads());
            disk.flush();
        }
    }

    /**
     * Compares two disks.
     *
     * @param strict whether sizes must be the same too; else a longer one may end in zeros
     * @return the first byte that differs, or nothing; -1 if only the sizes do
     */
    public static OptionalLong compare(ImageSource left, ImageSource right, boolean strict, Progress progress)
            throws TerrariumException {
        return told(left.path(), () -> {
            try (DiskImage one = left.open(true);
                    DiskImage other = right.open(true)) {
                if (strict && one.size() != other.size()) {
                    return OptionalLong.of(-1);
                }
                long size = Math.max(one.size(), other.size());
                for (long at = 0; at < size; ) {
                    long length = Math.min(COMPARED, size - at);
                    length = sameZeros(one, other, at, length);
                    if (length < 0) {
                        length = Math.min(COMPARED, size - at);
                        byte[] ours = padded(one, at, (int) length);
                        int differs = Arrays.mismatch(ours, padded(other, at, (int) length));
                        if (differs >= 0) {
                            return OptionalLong.of(at + differs);
                        }
                    }
                    at += length;
                    if (!progress.at(at, size)) {
                        throw new TerrariumException("it was cancelled: start it again");
                    }
                }
                return OptionalLong.empty();
            }
        });
    }

    /** How far both read as zeros without looking, or -1 if one may not. */
    private static long sameZeros(DiskImage one, DiskImage other, long at, long length) throws IOException {
        long common = length;
        for (DiskImage each : List.of(one, other)) {
            if (at < each.size()) {
                Extent extent = each.extentAt(at, Math.min(length, each.size() - at));
                if (!extent.zero()) {
                    return -1;
                }
                common = Math.min(common, extent.length());
            }
        }
        return common;
    }

    private static byte[] padded(DiskImage disk, long position, int length) throws IOException {
        byte[] bytes = new byte[length];
        long there = Math.min(length, disk.size() - position);
        if (there > 0) {
            disk.read(ByteBuffer.wrap(bytes, 0, (int) there), position);
        }
        return bytes;
    }

    /** As {@link Chains#rebase}: empty {@code onto} stands alone afterwards. */
    public static void rebase(
            ImageSource image, Optional<Path> onto, String name, String format, boolean unsafe, Progress progress)
            throws TerrariumException {
        told(image.path(), () -> {
            if (onto.isPresent() && format.isEmpty()) {
                throw new TerrariumException("the format of the backing file must be said: use -F FORMAT");
            }
            Chains.rebase(image, onto, name, format, unsafe, progress);
            return true;
        });
    }

    /** Writes what an image holds into the one it stands on; {@code empty} forgets it here. */
    public static void commit(ImageSource image, boolean empty, Progress progress) throws TerrariumException {
        told(image.path(), () -> {
            Chains.commit(image, empty, progress);
            return true;
        });
    }

    private static <T> T withSnapshots(ImageSource image, SnapshotWork<T> work) throws TerrariumException {
        return told(image.path(), () -> {
            try (DiskImage disk = image.open(false)) {
                if (disk instanceof SnapshotImage with) {
                    return work.run(with);
                }
                throw new TerrariumException(
                        image.path() + " is of a format without snapshots: convert it to qcow2 first");
            }
        });
    }

    @FunctionalInterface
    private interface SnapshotWork<T> {
        T run(SnapshotImage image) throws TerrariumException, IOException;
    }

    /** Keeps the disk as it is now, and returns the snapshot's id. */
    public static String createSnapshot(ImageSource image, String name) throws TerrariumException {
        return withSnapshots(image, disk -> {
            ImageSnapshot made = disk.createSnapshot(name, 0, 0);
            return made.id();
        });
    }

    /** Makes the disk what it was at a snapshot. */
    public static void applySnapshot(ImageSource image, String idOrName) throws TerrariumException {
        withSnapshots(image, disk -> {
            disk.applySnapshot(idOrName);
            return true;
        });
    }

    public static void deleteSnapshot(ImageSource image, String idOrName) throws TerrariumException {
        withSnapshots(image, disk -> {
            disk.deleteSnapshot(idOrName);
            return true;
        });
    }

    /** {@code name=value} pairs as qemu-img's {@code -o} takes them; a comma in a value is written twice. */
    public static Map<String, String> options(String text) throws TerrariumException {
        Map<String, String> options = new LinkedHashMap<>();
        for (String each : text.replace(",,", "\uE000").split(",")) {
            int equals = each.indexOf('=');
            if (equals < 1) {
                throw new TerrariumException("\"" + each + "\" is no option: write name=value");
            }
            options.put(each.substring(0, equals), each.substring(equals + 1).replace('\uE000', ','));
        }
        return options;
    }
}
