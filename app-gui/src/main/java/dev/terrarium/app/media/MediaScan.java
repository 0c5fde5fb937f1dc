// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.media;

import dev.terrarium.app.media.Medium.Kind;
import dev.terrarium.app.media.Medium.Use;
import dev.terrarium.engine.Host;
import dev.terrarium.engine.Host.DamagedMachine;
import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import dev.terrarium.engine.disk.DiskImages;
import dev.terrarium.engine.disk.ImageInfo;
import dev.terrarium.engine.disk.ImageSource;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the images: those in machines' drives, those beside them, those in {@code media/} of the home, those in folders that
 * a person added, and those that any of them stands on. A file that has not changed since it was looked at is not opened
 * again; one that a machine has now, or that only an image of another folder names, is not opened at all. Waits for the host's disk: not for the window's thread.
 */
public final class MediaScan {
    private static final Logger LOG = LoggerFactory.getLogger(MediaScan.class);
    private static final Set<String> CD_ENDINGS = Set.of("iso");
    private static final Set<String> DISK_ENDINGS = Set.of("img", "raw", "qcow2", "vmdk", "vdi", "vhd", "vpc", "vhdx");

    private final Host host;
    private Map<Path, Known> known = new HashMap<>();

    /** What was found in a file when it was looked at. */
    private record Known(
            FileTime modified,
            long length,
            String format,
            String title,
            OptionalLong size,
            long hostBytes,
            Optional<Path> base,
            String baseFormat,
            int snapshots,
            boolean missing,
            Optional<String> problem) {}

    /** A file to look at. */
    private static final class Found {
        final Path path;
        final Set<Use> uses = new LinkedHashSet<>();
        final Kind kind;
        String format;
        boolean busy;
        /** Named by an image in another folder alone, which is no consent to open it. */
        boolean foreign;

        Found(Path path, Kind kind, String format) {
            this.path = path;
            this.kind = kind;
            this.format = format;
        }
    }

    public MediaScan(Host host) {
        this.host = host;
    }

    /** The folder of the home that images of no machine are kept in. */
    public static Path ownFolder(Path home) {
        return home.resolve("media");
    }

    /** All images, in no order. */
    public synchronized List<Medium> run(List<Path> folders) {
        Map<Path, Found> found = new LinkedHashMap<>();
        host.machines().forEach(machine -> addMachine(found, machine));
        host.damaged().forEach(machine -> addDamaged(found, machine));
        addFolder(found, ownFolder(host.home()));
        folders.forEach(folder -> addFolder(found, folder));

        Map<Path, Known> seen = new HashMap<>();
        Deque<Found> waiting = new ArrayDeque<>(found.values());
        while (!waiting.isEmpty()) {
            Found next = waiting.removeFirst();
            Known what = look(next);
            seen.put(next.path, what);
            what.base().ifPresent(base -> {
                Found below = found.get(base);
                if (below == null) {
                    below = new Found(base, Kind.DISK, what.baseFormat());
                    below.foreign = !Objects.equals(base.getParent(), next.path.getParent());
                    found.put(base, below);
                    waiting.add(below);
                }
                below.uses.add(new Use.Base(next.path));
                below.busy |= next.busy;
            });
        }
        known = seen;
        // Who stands on an image is known only now.
        return found.values().stream()
                .map(each -> medium(each, Objects.requireNonNull(seen.get(each.path))))
                .toList();
    }

    private static Medium medium(Found found, Known what) {
        return new Medium(
                found.path,
                found.kind,
                what.format(),
                what.title(),
                what.size(),
                what.hostBytes(),
                new ArrayList<>(found.uses),
                what.base(),
                what.snapshots(),
                what.missing(),
                found.busy,
                what.problem());
    }

    private static void addMachine(Map<Path, Found> found, VirtualMachine machine) {
        // What a saved machine goes on with fits the disks as they are.
        boolean active = machine.state().active() || machine.state() == MachineState.SAVED;
        for (DriveConfig drive : machine.config().disks()) {
            String path = drive.path();
            if (path != null) {
                Kind kind = drive.kind() == DriveConfig.Kind.CDROM ? Kind.CD : Kind.DISK;
                Found image = add(
                        found,
                        Path.of(path),
                        kind,
                        kind == Kind.CD ? "" : drive.format().imageFormat());
                image.uses.add(new Use.Drive(machine.name()));
                image.busy |= active && kind == Kind.DISK;
            }
        }
        boolean snapshots = !files(machine.folder().resolve("snapshots")).isEmpty();
        for (Path file : files(machine.folder().resolve("disks"))) {
            if (Files.isRegularFile(file)) {
                Found image = add(found, file, kindOf(file).orElse(Kind.DISK), "");
                if (snapshots) {
                    image.uses.add(new Use.Snapshots(machine.name()));
                }
            }
        }
    }

    private static void addDamaged(Map<Path, Found> found, DamagedMachine machine) {
        for (Path file : files(machine.file().resolveSibling("disks"))) {
            if (Files.isRegularFile(file)) {
                add(found, file, kindOf(file).orElse(Kind.DISK), "").uses.add(new Use.Damaged(machine.name()));
            }
        }
    }

    private static void addFolder(Map<Path, Found> found, Path folder) {
        for (Path file : files(folder)) {
            if (Files.isRegularFile(file)) {
                kindOf(file).ifPresent(kind -> add(found, file, kind, ""));
            }
        }
    }

    private static Found add(Map<Path, Found> found, Path path, Kind kind, String format) {
        Path key = path.toAbsolutePath().normalize();
        Found image = found.computeIfAbsent(key, added -> new Found(added, kind, format));
        if (image.format.isEmpty()) {
            image.format = format;
        }
        return image;
    }

    private static Optional<Kind> kindOf(Path file) {
        String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
        String ending = name.substring(name.lastIndexOf('.') + 1);
        if (CD_ENDINGS.contains(ending)) {
            return Optional.of(Kind.CD);
        }
        return DISK_ENDINGS.contains(ending) ? Optional.of(Kind.DISK) : Optional.empty();
    }

    /** What is in a folder; nothing if it is not there or may not be read. */
    private static List<Path> files(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder)) {
            stream.forEach(files::add);
        } catch (IOException | DirectoryIteratorException e) {
            LOG.warn("{} cannot be listed: {}", folder, e.getMessage());
        }
        return files;
    }

    private Known look(Found found) {
        BasicFileAttributes attributes;
        try {
            attributes = Files.readAttributes(found.path, BasicFileAttributes.class);
        } catch (IOException e) {
            LOG.debug("{} is not there", found.path, e);
            return unknown(
                    0,
                    found,
                    true,
                    Optional.of("the file is missing: put it back, or remove the drive from the" + " machine"));
        }
        FileTime modified = attributes.lastModifiedTime();
        long length = attributes.size();
        Known before = known.get(found.path);
        boolean unchanged = before != null && before.modified().equals(modified) && before.length() == length;
        if (before != null && (found.busy || (unchanged && sameFormat(before, found)))) {
            return before;
        }
        if (found.busy || found.foreign) {
            return unknown(length, found, false, Optional.empty());
        }
        try {
            return found.kind == Kind.CD ? cd(found, modified, length) : disk(found, modified, length);
        } catch (TerrariumException e) {
            return unknown(length, found, false, Optional.of(e.getMessage()));
        }
    }

    private static boolean sameFormat(Known before, Found found) {
        return found.format.isEmpty() || before.format().equals(found.format);
    }

    private static Known unknown(long length, Found found, boolean missing, Optional<String> problem) {
        return new Known(
                FileTime.fromMillis(0),
                length,
                found.format,
                "",
                OptionalLong.empty(),
                length,
                Optional.empty(),
                "",
                0,
                missing,
                problem);
    }

    private Known cd(Found found, FileTime modified, long length) throws TerrariumException {
        return new Known(
                modified,
                length,
                "",
                host.inspect(found.path).title(),
                OptionalLong.of(length),
                length,
                Optional.empty(),
                "",
                0,
                false,
                Optional.empty());
    }

    private static Known disk(Found found, FileTime modified, long length) throws TerrariumException {
        ImageInfo info = DiskImages.info(new ImageSource(found.path, found.format, List.of()));
        return new Known(
                modified,
                length,
                info.format(),
                "",
                OptionalLong.of(info.virtualSize()),
                info.actualSize(),
                info.fullBackingFile()
                        .map(each -> Path.of(each).toAbsolutePath().normalize()),
                info.backingFormat().orElse(""),
                info.snapshots().size(),
                false,
                Optional.empty());
    }
}
