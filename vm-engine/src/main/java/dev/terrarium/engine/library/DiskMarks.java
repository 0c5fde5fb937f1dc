// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import dev.terrarium.engine.disk.DiskImages;
import dev.terrarium.engine.disk.ImageInfo;
import dev.terrarium.engine.disk.ImageSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * How the files of a machine's drives were at a moment.
 *
 * @param drives the image in each drive; empty for none
 * @param files these, and those that they stand on
 */
record DiskMarks(List<String> drives, List<Mark> files) {
    /**
     * One file.
     *
     * @param size in bytes
     * @param modified the time of its last change, in nanoseconds since 1970
     */
    record Mark(String path, long size, long modified) {}

    DiskMarks {
        drives = List.copyOf(drives);
        files = List.copyOf(files);
    }

    /** As they are now. Nobody has them open for writing. */
    static DiskMarks of(MachineConfig config) throws TerrariumException {
        List<Mark> marks = new ArrayList<>();
        for (DriveConfig drive : config.disks()) {
            String path = drive.path();
            if (path != null) {
                for (Path file : files(drive, Path.of(path))) {
                    marks.add(mark(file));
                }
            }
        }
        return new DiskMarks(drives(config), marks);
    }

    private static List<String> drives(MachineConfig config) {
        return config.disks().stream()
                .map(drive -> Objects.requireNonNullElse(drive.path(), ""))
                .toList();
    }

    private static List<Path> files(DriveConfig drive, Path path) throws TerrariumException {
        String format = drive.format().imageFormat();
        if (drive.kind() == DriveConfig.Kind.CDROM || drive.format() == DriveConfig.Format.RAW) {
            return List.of(path);
        }
        // The machine had them open, so they were allowed.
        List<ImageInfo> chain = DiskImages.chain(
                new ImageSource(path, format, List.of(path.getRoot() == null ? path : path.getRoot())));
        return chain.stream().map(each -> Path.of(each.filename())).toList();
    }

    private static Mark mark(Path file) throws TerrariumException {
        try {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            return new Mark(
                    file.toAbsolutePath().toString(),
                    attributes.size(),
                    attributes.lastModifiedTime().to(TimeUnit.NANOSECONDS));
        } catch (IOException e) {
            throw new TerrariumException(file + " cannot be looked at (" + e + "): put it back where it was", e);
        }
    }

    /**
     * Refuses files that are not as they were.
     *
     * @param otherwise what else can be done
     */
    void check(MachineConfig config, String otherwise) throws TerrariumException {
        if (!drives.equals(drives(config))) {
            throw new TerrariumException("other images are in the drives of \"" + config.name()
                    + "\" than when it was saved: undo that change of its machine.json, or " + otherwise);
        }
        for (Mark then : files) {
            Path file = Path.of(then.path);
            Mark now;
            try {
                now = mark(file);
            } catch (TerrariumException e) {
                throw new TerrariumException(e.getMessage() + ", or " + otherwise, e);
            }
            if (!now.equals(then)) {
                throw new TerrariumException(
                        file + " changed since the machine was saved, which would damage what is on it:"
                                + " put the file back as it was (a backup with its time), or " + otherwise);
            }
        }
    }
}
