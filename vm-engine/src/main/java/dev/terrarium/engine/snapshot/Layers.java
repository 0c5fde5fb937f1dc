// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.snapshot;

import dev.terrarium.engine.Progress;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import dev.terrarium.engine.disk.DiskImages;
import dev.terrarium.engine.disk.ImageInfo;
import dev.terrarium.engine.disk.ImageSource;
import dev.terrarium.engine.disk.MapRange;
import dev.terrarium.engine.state.Durable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** The images that snapshots and the machine stand on: new ones on top, and what becomes of those that no snapshot needs. */
final class Layers {
    private final SnapshotFolder folder;

    Layers(SnapshotFolder folder) {
        this.folder = folder;
    }

    /** A new image above {@code base}, not made yet. */
    record Overlay(TreeRecord.Disk base, TreeRecord.Image image, DriveConfig drive) {}

    static List<TreeRecord.Disk> writableDisks(MachineConfig config) {
        List<TreeRecord.Disk> disks = new ArrayList<>();
        for (int i = 0; i < config.disks().size(); i++) {
            DriveConfig drive = config.disks().get(i);
            String path = drive.path();
            if (drive.kind() == DriveConfig.Kind.DISK && !drive.readOnly() && path != null) {
                disks.add(new TreeRecord.Disk(i, path, drive.format().imageFormat()));
            }
        }
        return disks;
    }

    List<Overlay> overlays(MachineConfig config, List<TreeRecord.Disk> bases) {
        return bases.stream()
                .map(base -> {
                    Path path = folder.newOverlay(Path.of(base.path()));
                    DriveConfig drive = config.disks().get(base.drive());
                    return new Overlay(
                            base,
                            new TreeRecord.Image(path.toString(), base.path(), base.format()),
                            above(drive, path, Path.of(base.path())));
                })
                .toList();
    }

    private DriveConfig above(DriveConfig drive, Path image, Path base) {
        return base.startsWith(folder.disks())
                ? drive.withImage(image.toString(), DriveConfig.Format.QCOW2)
                : drive.withOverlay(image.toString(), DriveConfig.Format.QCOW2, base.toString());
    }

    /** The configuration with overlays in their drives. */
    static MachineConfig with(MachineConfig config, List<Overlay> overlays) {
        List<DriveConfig> drives = new ArrayList<>(config.disks());
        overlays.forEach(each -> drives.set(each.base.drive(), each.drive));
        return config.withDisks(drives);
    }

    /** Makes an overlay, durably. Its base is not open for writing. */
    void create(Overlay overlay, TreeRecord tree) throws TerrariumException {
        Path path = Path.of(overlay.image.path());
        Path base = Path.of(overlay.base.path());
        Durable.createFolder(folder.disks());
        List<Path> trusted = new ArrayList<>(folder.trusted(tree));
        trusted.add(base);
        long size = DiskImages.info(new ImageSource(base, overlay.base.format(), trusted))
                .virtualSize();
        DiskImages.create(
                new ImageSource(path, "qcow2", trusted),
                OptionalLong.of(size),
                Map.of("backing_file", name(path, base), "backing_fmt", overlay.base.format()));
        // Opening it finds chains that are too long.
        DiskImages.chain(new ImageSource(path, "qcow2", trusted));
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.WRITE)) {
            file.force(true);
        } catch (IOException e) {
            throw new TerrariumException(path + " cannot be written (" + e + "): make room on its disk", e);
        }
        Durable.sync(folder.disks());
    }

    /** How {@code image} names {@code base}: alone if they are neighbours, so that a machine's folder can be moved. */
    private static String name(Path image, Path base) {
        return base.getParent() != null && base.getParent().equals(image.getParent())
                ? base.getFileName().toString()
                : base.toString();
    }

    /**
     * What becomes of images that no snapshot needs any more.
     *
     * @param merges in order
     * @param removed files that go
     * @param kept why some stay that nobody needs; empty if none do
     */
    record Plan(TreeRecord tree, List<Merge> merges, List<Path> removed, Optional<String> kept) {}

    /** The data of {@code lower} goes into {@code upper}, which then stands on what {@code lower} stood on. */
    record Merge(Path upper, Path lower, Optional<Path> below, String belowFormat) {}

    /**
     * Plans what to do with the images of a tree from which a snapshot was taken out.
     *
     * @param config the machine, whose disks are needed
     * @param running whether it runs, so that nothing can be merged
     */
    Plan plan(TreeRecord without, MachineConfig config, boolean running) throws TerrariumException {
        Set<String> needed = new HashSet<>();
        writableDisks(config).forEach(disk -> needed.add(disk.path()));
        without.snapshots().forEach(node -> node.disks().forEach(disk -> needed.add(disk.path())));
        List<TreeRecord.Image> images = new ArrayList<>(without.images());
        List<Merge> merges = new ArrayList<>();
        List<Path> removed = new ArrayList<>();
        Set<String> reasons = new LinkedHashSet<>();
        for (boolean again = true; again; ) {
            again = false;
            reasons.clear();
            for (String each : unneeded(images, needed)) {
                List<TreeRecord.Image> above = images.stream()
                        .filter(image -> each.equals(image.backing()))
                        .toList();
                Path path = Path.of(each);
                if (above.isEmpty()) {
                    images.removeIf(image -> image.path().equals(each));
                    removed.add(path);
                    again = true;
                } else if (above.size() > 1) {
                    reasons.add(path.getFileName() + " stays while " + above.size() + " images stand on it");
                } else if (running) {
                    reasons.add(path.getFileName() + " stays while the machine runs");
                } else if (hasInternal(above.getFirst(), without)) {
                    reasons.add(path.getFileName() + " stays because of snapshots inside "
                            + Path.of(above.getFirst().path()).getFileName());
                } else {
                    TreeRecord.Image upper = above.getFirst();
                    Optional<TreeRecord.Image> own = images.stream()
                            .filter(image -> image.path().equals(each))
                            .findFirst();
                    Merge merge = merge(upper, path, own, without);
                    merges.add(merge);
                    images.set(
                            images.indexOf(upper),
                            new TreeRecord.Image(
                                    upper.path(),
                                    own.map(TreeRecord.Image::backing).orElse(null),
                                    own.map(TreeRecord.Image::backingFormat).orElse("")));
                    images.removeIf(image -> image.path().equals(each));
                    removed.add(path);
                    again = true;
                }
                if (again) {
                    break;
                }
            }
        }
        return new Plan(
                without.withImages(images),
                merges,
                removed,
                reasons.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", reasons)));
    }

    /** Images of the machine's own that neither it nor a snapshot uses by itself. */
    private List<String> unneeded(List<TreeRecord.Image> images, Set<String> needed) {
        Set<String> all = new LinkedHashSet<>();
        for (TreeRecord.Image image : images) {
            all.add(image.path());
            String backing = image.backing();
            // What a person keeps elsewhere is never touched.
            if (backing != null && Path.of(backing).startsWith(folder.disks())) {
                all.add(backing);
            }
        }
        all.removeAll(needed);
        return List.copyOf(all);
    }

    private boolean hasInternal(TreeRecord.Image image, TreeRecord tree) throws TerrariumException {
        return !DiskImages.info(folder.source(Path.of(image.path()), "qcow2", tree))
                .snapshots()
                .isEmpty();
    }

    private Merge merge(TreeRecord.Image upper, Path lower, Optional<TreeRecord.Image> own, TreeRecord tree)
            throws TerrariumException {
        if (own.isPresent()) {
            String below = own.get().backing();
            return new Merge(
                    Path.of(upper.path()),
                    lower,
                    Optional.ofNullable(below).map(Path::of),
                    own.get().backingFormat());
        }
        // An image that was there before the snapshots may stand on another.
        ImageInfo info = DiskImages.info(folder.source(lower, upper.backingFormat(), tree));
        return new Merge(
                Path.of(upper.path()),
                lower,
                info.fullBackingFile().map(Path::of),
                info.backingFormat().orElse(""));
    }

    /** Does a merge. The disk that {@code upper} is does not change; if it is interrupted nothing has. */
    void carryOut(Merge merge, TreeRecord tree, Progress progress) throws TerrariumException {
        List<Path> trusted = new ArrayList<>(folder.trusted(tree));
        trusted.add(merge.lower);
        merge.below.ifPresent(trusted::add);
        DiskImages.rebase(
                new ImageSource(merge.upper, "qcow2", trusted),
                merge.below,
                merge.below.map(below -> name(merge.upper, below)).orElse(""),
                merge.belowFormat,
                false,
                progress);
    }

    /** Bytes that a merge copies: those that the upper image reads from the lower one. */
    long copied(Merge merge, TreeRecord tree) throws TerrariumException {
        List<Path> trusted = new ArrayList<>(folder.trusted(tree));
        trusted.add(merge.lower);
        return DiskImages.map(new ImageSource(merge.upper, "qcow2", trusted), 0, Long.MAX_VALUE).stream()
                .filter(range -> range.data() && range.file().equals(merge.lower.toString()))
                .mapToLong(MapRange::length)
                .sum();
    }

    /** Bytes that a file takes on the host. */
    static long allocated(Path file) throws TerrariumException {
        return DiskImages.info(new ImageSource(file, "raw", List.of())).actualSize();
    }
}
