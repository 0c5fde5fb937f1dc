// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import dev.terrarium.engine.CloneRequest;
import dev.terrarium.engine.Progress;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import dev.terrarium.engine.config.MachineRules;
import dev.terrarium.engine.disk.ConvertRequest;
import dev.terrarium.engine.disk.DiskImages;
import dev.terrarium.engine.disk.ImageInfo;
import dev.terrarium.engine.disk.ImageSource;
import dev.terrarium.engine.snapshot.MachineSnapshots;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Copies one machine. The copy grows in a hidden folder beside the machines, which gets its name when all of it is durable; a
 * hidden folder that nobody holds locked is a leftover ({@link #sweep}).
 */
final class Cloner {
    private static final String SUFFIX = ".clone";
    private static final int SPARSE = 4096;

    /** What a qcow2 image without data takes. */
    private static final long EMPTY_OVERLAY = 192L << 10;

    private static final int MOST_THREADS = 8;

    private final Path machines;
    private final Source from;
    private final MachineConfig original;
    private final String name;
    private final boolean linked;
    private final Path target;

    /**
     * What is copied. Whoever has it copied sees to it that its images stay as they are meanwhile, and for a linked clone for
     * good.
     *
     * @param machine as it is, or was when the snapshot was taken
     * @param trusted files and folders that its images may stand on
     * @param inside the name of the snapshot inside its images whose content is copied
     */
    record Source(MachineConfig machine, List<Path> trusted, Optional<String> inside) {
        Source {
            trusted = List.copyOf(trusted);
        }
    }

    /**
     * @param machines the folder that the copy will be in
     * @param name the copy's
     */
    Cloner(Path machines, Source from, String name, CloneRequest.Kind kind) {
        this.machines = machines;
        this.from = from;
        this.original = from.machine;
        this.name = name;
        this.linked = kind == CloneRequest.Kind.LINKED;
        this.target = machines.resolve(name);
    }

    /** What becomes of one drive; {@code copied} if its image is, else the copy uses the same. */
    private record Part(DriveConfig drive, Path source, Path image, boolean copied) {}

    private List<Part> parts() {
        List<Part> parts = new ArrayList<>();
        Set<Path> taken = new HashSet<>();
        for (DriveConfig drive : original.disks()) {
            String path = drive.path();
            if (path == null) {
                continue;
            }
            Path source = Path.of(path);
            boolean copied = drive.kind() == DriveConfig.Kind.DISK && !drive.readOnly();
            parts.add(new Part(drive, source, copied ? newImage(source, taken) : source, copied));
        }
        return parts;
    }

    /** As the original's image, but for the machine's name in it, where that stands as a word. */
    private Path newImage(Path source, Set<Path> taken) {
        String plain = MachineSnapshots.plainName(source);
        String word = "(?<![\\p{L}\\p{N}])" + Pattern.quote(original.name()) + "(?![\\p{L}\\p{N}])";
        String stem = stem(plain).replaceAll(word, Matcher.quoteReplacement(name));
        String old = source.getFileName().toString();
        String end = linked ? ".qcow2" : old.substring(stem(old).length());
        Path image = target.resolve("disks").resolve(stem + end);
        for (int number = 2; !taken.add(image); number++) {
            image = target.resolve("disks").resolve(stem + "-" + number + end);
        }
        return image;
    }

    private static String stem(String fileName) {
        int dot = fileName.lastIndexOf('.');
        return dot <= 0 ? fileName : fileName.substring(0, dot);
    }

    private ImageSource source(Part part) {
        List<Path> allowed = new ArrayList<>(from.trusted);
        part.drive
                .standsOn()
                .forEach(base -> allowed.add(Path.of(base).toAbsolutePath().resolveSibling("")));
        return new ImageSource(part.source, part.drive.format().imageFormat(), allowed);
    }

    /** What would be made. */
    CloneRequest.Plan plan() throws TerrariumException {
        List<CloneRequest.Disk> disks = new ArrayList<>();
        for (Part part : parts()) {
            disks.add(new CloneRequest.Disk(part.source, part.image, part.copied ? bytes(part) : 0));
        }
        return new CloneRequest.Plan(disks, machines.toFile().getUsableSpace());
    }

    /** What the copy takes at most: what the image and those it stands on take, unless the disk is smaller. */
    private long bytes(Part part) throws TerrariumException {
        if (linked) {
            return EMPTY_OVERLAY;
        }
        List<ImageInfo> chain;
        try {
            chain = DiskImages.chain(source(part));
        } catch (TerrariumException e) {
            return lengthOf(part.source, e);
        }
        long taken = chain.stream().mapToLong(ImageInfo::actualSize).sum();
        return Math.min(taken, chain.getFirst().virtualSize() + (1 << 20));
    }

    /** Of an image that a machine is writing no more than the length can be seen. */
    private static long lengthOf(Path image, TerrariumException inUse) throws TerrariumException {
        try {
            return Files.size(image);
        } catch (IOException e) {
            inUse.addSuppressed(e);
            throw inUse;
        }
    }

    /** Refuses names that cannot be given. */
    void check() throws TerrariumException {
        List<String> problems =
                MachineRules.problems(original.copy(UUID.randomUUID(), name, original.disks()), HostInfo.total());
        if (!problems.isEmpty()) {
            throw new TerrariumException(problems.getFirst());
        }
        if (Files.exists(target)) {
            throw new TerrariumException(
                    Files.exists(target.resolve("machine.json"))
                            ? "a machine named \"" + name + "\" exists: choose another name"
                            : target + " is left from an earlier machine: choose another name, or move it away");
        }
        if (linked && from.inside.isPresent()) {
            throw new TerrariumException("no disk can stand on a snapshot inside an image: make a full clone");
        }
    }

    /** What the copy's {@code machine.json} says. */
    MachineConfig configuration() throws TerrariumException {
        List<Part> parts = parts();
        List<DriveConfig> drives = new ArrayList<>();
        int next = 0;
        for (DriveConfig drive : original.disks()) {
            if (drive.path() == null) {
                drives.add(drive);
                continue;
            }
            Part part = parts.get(next++);
            drives.add(part.copied ? drive(part) : drive);
        }
        return original.copy(UUID.randomUUID(), name, drives);
    }

    private DriveConfig drive(Part part) throws TerrariumException {
        DriveConfig drive = part.drive;
        DriveConfig.Format format = linked ? DriveConfig.Format.QCOW2 : drive.format();
        List<String> base = linked ? standsOn(part) : List.of();
        return new DriveConfig(
                drive.kind(), part.image.toString(), format, drive.bus(), drive.readOnly(), drive.io(), base);
    }

    /** What an overlay on an image reaches: the image, and all that it stands on itself. */
    private List<String> standsOn(Part part) throws TerrariumException {
        Set<String> all = new LinkedHashSet<>();
        for (ImageInfo each : DiskImages.chain(source(part))) {
            all.add(Path.of(each.filename()).toAbsolutePath().normalize().toString());
        }
        return List.copyOf(all);
    }

    /**
     * Makes the copy; the caller keeps the original as it is meanwhile.
     *
     * @return its configuration
     */
    MachineConfig run(Progress progress) throws TerrariumException {
        check();
        CloneRequest.Plan plan = plan();
        if (plan.bytes() > plan.freeBytes()) {
            throw new TerrariumException("the copy needs " + (plan.bytes() >> 20) + " MiB and there are "
                    + (plan.freeBytes() >> 20) + " MiB free on the disk with " + machines + ": make room there");
        }
        MachineConfig copy = configuration();
        Path hidden = machines.resolve("." + name + SUFFIX);
        sweep(hidden);
        try {
            Files.createDirectory(hidden);
        } catch (IOException e) {
            throw new TerrariumException(
                    hidden + " cannot be made (" + e + "): wait if another clone of this name is being made", e);
        }
        Optional<MachineFolder.RunLock> lock = new MachineFolder(hidden).tryLock();
        if (lock.isEmpty()) {
            throw new TerrariumException("another clone named \"" + name + "\" is being made: wait for it");
        }
        try (MachineFolder.RunLock held = lock.get()) {
            boolean done = false;
            try {
                fill(hidden, copy, progress);
                finish(hidden);
                done = true;
            } finally {
                if (!done) {
                    removeQuietly(held.file().resolveSibling(""));
                }
            }
        }
        return copy;
    }

    private void fill(Path hidden, MachineConfig copy, Progress progress) throws TerrariumException {
        MachineFolder made = new MachineFolder(hidden);
        made.save(copy);
        List<Part> copied = parts().stream().filter(Part::copied).toList();
        long[] sizes = new long[copied.size()];
        long total = 0;
        for (int i = 0; i < sizes.length; i++) {
            sizes[i] = DiskImages.info(source(copied.get(i))).virtualSize();
            total += sizes[i];
        }
        long before = 0;
        for (int i = 0; i < sizes.length; i++) {
            Part part = copied.get(i);
            long done = before;
            long all = total;
            Path image = hidden.resolve(target.relativize(part.image));
            if (linked) {
                overlay(part, image, sizes[i]);
                requireWanted(progress.at(done + sizes[i], all));
            } else {
                copy(part, image, (at, size) -> progress.at(done + at, all));
            }
            before += sizes[i];
        }
    }

    private static void requireWanted(boolean goesOn) throws TerrariumException {
        if (!goesOn) {
            throw new TerrariumException("it was cancelled: start it again");
        }
    }

    /** By now {@code machine.json} says that the image is stood on, so it is not removed any more ({@link Dependents}). */
    private void overlay(Part part, Path image, long size) throws TerrariumException {
        if (!Files.exists(part.source)) {
            throw new TerrariumException(part.source + " was removed meanwhile: clone another snapshot");
        }
        List<Path> allowed = new ArrayList<>(source(part).allowed());
        allowed.add(part.source.toAbsolutePath().resolveSibling(""));
        DiskImages.create(
                new ImageSource(image, "qcow2", allowed),
                OptionalLong.of(size),
                Map.of(
                        "backing_file",
                        part.source.toAbsolutePath().toString(),
                        "backing_fmt",
                        part.drive.format().imageFormat()));
    }

    private void copy(Part part, Path image, Progress progress) throws TerrariumException {
        int threads = Math.min(MOST_THREADS, Runtime.getRuntime().availableProcessors());
        String format = part.drive.format().imageFormat();
        DiskImages.convert(
                new ConvertRequest(
                        source(part), from.inside, image, format, options(part), false, threads, SPARSE, true),
                progress);
    }

    /** What a copy must have in common with its original, beyond the format. */
    private Map<String, String> options(Part part) throws TerrariumException {
        return switch (part.drive.format()) {
            case QCOW2 ->
                Map.of(
                        "cluster_size",
                        Integer.toString(DiskImages.info(source(part)).clusterSize()));
            // Else the size would be rounded to what cylinders can tell.
            case VPC -> Map.of("force_size", "on");
            default -> Map.of();
        };
    }

    private void finish(Path hidden) throws TerrariumException {
        try {
            try (var images = Files.newDirectoryStream(hidden.resolve("disks"))) {
                for (Path each : images) {
                    sync(each);
                }
            }
            sync(hidden.resolve("disks"));
            sync(hidden);
            if (Files.exists(target)) {
                throw new TerrariumException(target + " exists: choose another name, or move it away");
            }
            Files.move(hidden, target, StandardCopyOption.ATOMIC_MOVE);
            sync(machines);
        } catch (IOException e) {
            throw new TerrariumException(target + " cannot be made (" + e + "): check permissions and free space", e);
        }
    }

    private static void sync(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path)) {
            channel.force(true);
        }
    }

    private static void removeQuietly(Path hidden) {
        try {
            LocalHost.removeTree(hidden);
        } catch (IOException e) {
            org.slf4j.LoggerFactory.getLogger(Cloner.class).warn("{} could not be removed whole", hidden, e);
        }
    }

    /** Removes what clones left that were ended in their middle. */
    static void sweepAll(Path machines) throws TerrariumException {
        List<Path> hidden = new ArrayList<>();
        try (var folders = Files.newDirectoryStream(machines, ".*" + SUFFIX)) {
            folders.forEach(hidden::add);
        } catch (IOException e) {
            throw new TerrariumException(machines + " cannot be listed (" + e + "): check its permissions", e);
        }
        for (Path each : hidden) {
            sweep(each);
        }
    }

    private static void sweep(Path hidden) throws TerrariumException {
        if (!Files.isDirectory(hidden)) {
            return;
        }
        Optional<MachineFolder.RunLock> lock;
        try {
            lock = new MachineFolder(hidden).tryLock();
        } catch (TerrariumException e) {
            if (Files.exists(hidden)) {
                throw e;
            }
            return;
        }
        if (lock.isPresent()) {
            try (MachineFolder.RunLock held = lock.get()) {
                removeQuietly(held.file().resolveSibling(""));
            }
        }
    }
}
