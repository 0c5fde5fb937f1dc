// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.snapshot;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import dev.terrarium.engine.disk.DiskImages;
import dev.terrarium.engine.disk.ImageInfo;
import dev.terrarium.engine.disk.ImageSource;
import dev.terrarium.engine.state.Durable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The folder {@code snapshots} of a machine: {@code tree.json}, a folder a snapshot, and for a moment {@code commit.json}. Changes are for
 * whoever holds the machine's lock.
 */
final class SnapshotFolder {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotFolder.class);

    /** Names of overlays hold an id, so that no file that a person made is taken for one. */
    private static final Pattern OVERLAY = Pattern.compile(
            ".*\\.([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\\.overlay\\.qcow2(\\.new)?");

    private final SnapshotOwner owner;

    SnapshotFolder(SnapshotOwner owner) {
        this.owner = owner;
    }

    Path path() {
        return owner.folder().resolve("snapshots");
    }

    Path of(UUID id) {
        return path().resolve(id.toString());
    }

    Path disks() {
        return owner.folder().resolve("disks");
    }

    /** A name for a new overlay above {@code base}. */
    Path newOverlay(Path base) {
        return disks().resolve(plainName(base) + "." + UUID.randomUUID() + ".overlay.qcow2");
    }

    /** The name of an image; of an overlay, that of the image below all overlays. */
    static String plainName(Path image) {
        String name = image.getFileName().toString();
        Matcher overlay = OVERLAY.matcher(name);
        return overlay.matches() ? name.substring(0, overlay.start(1) - 1) : name;
    }

    private Path treeFile() {
        return path().resolve("tree.json");
    }

    private Path commitFile() {
        return path().resolve("commit.json");
    }

    TreeRecord tree() throws TerrariumException {
        return Files.exists(treeFile()) ? SealedJson.read(treeFile(), TreeRecord.class) : TreeRecord.EMPTY;
    }

    PartsRecord parts(UUID id) throws TerrariumException {
        PartsRecord parts = SealedJson.read(of(id).resolve(PartsRecord.FILE), PartsRecord.class);
        if (!parts.id().equals(id)) {
            throw new TerrariumException(of(id) + " holds another snapshot: take the folder from a backup");
        }
        return parts;
    }

    /** An empty folder for a new snapshot. */
    Path begin(UUID id) throws TerrariumException {
        Durable.createFolder(path());
        Durable.createFolder(of(id));
        return of(id);
    }

    /** Is there something that {@link #recover} should look at soon? Without the machine's lock it may be somebody's work. */
    boolean hasLeftovers() throws TerrariumException {
        if (!Files.isDirectory(path())) {
            return false;
        }
        if (isCommitting() || Files.exists(internalNote())) {
            return true;
        }
        TreeRecord tree = tree();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(path(), Files::isDirectory)) {
            for (Path each : entries) {
                if (tree.find(each.getFileName().toString()).isEmpty()) {
                    return true;
                }
            }
            return false;
        } catch (IOException e) {
            throw new TerrariumException(path() + " cannot be listed (" + e + "): check its permissions", e);
        }
    }

    private Path internalNote() {
        return path().resolve("internal");
    }

    /** Did a change begin to happen, which cannot be taken back any more? */
    boolean isCommitting() {
        return Files.exists(commitFile());
    }

    /** Makes a change happen. Everything that it mentions is on the disk by now. */
    void commit(Commit commit) throws TerrariumException {
        Durable.createFolder(path());
        SealedJson.replace(commitFile(), commit);
        carryOut(commit);
    }

    /** Ends what an earlier process began, and removes what nothing refers to. The machine is off. */
    void recover() throws TerrariumException {
        if (!Files.isDirectory(path())) {
            return;
        }
        if (Files.exists(commitFile())) {
            LOG.info("{}: ending a change that was interrupted", path());
            carryOut(SealedJson.read(commitFile(), Commit.class));
        }
        TreeRecord tree = tree();
        sweepFolders(tree);
        sweepOverlays(tree);
        sweepInternal(tree);
    }

    private void carryOut(Commit commit) throws TerrariumException {
        for (Commit.Internal each : commit.applied()) {
            DiskImages.applySnapshot(source(Path.of(each.path()), "qcow2", commit.tree()), each.name());
        }
        for (Commit.Internal each : commit.dropped()) {
            ImageSource image = source(Path.of(each.path()), "qcow2", commit.tree());
            if (hasInternal(image, each.name())) {
                DiskImages.deleteSnapshot(image, each.name());
            }
        }
        String machine = commit.machine();
        if (machine != null) {
            owner.adopt(owner.parse(machine.getBytes(StandardCharsets.UTF_8)));
        }
        switch (commit.state()) {
            case DROP -> owner.dropSavedState();
            case ADOPT -> owner.commitSavedState();
            case KEEP -> {}
        }
        SealedJson.replace(treeFile(), commit.tree());
        for (String each : commit.removed()) {
            Durable.delete(Path.of(each));
        }
        Durable.delete(commitFile());
        Durable.sync(path());
    }

    static boolean hasInternal(ImageSource image, String name) throws TerrariumException {
        return DiskImages.info(image).snapshots().stream()
                .anyMatch(each -> each.name().equals(name));
    }

    /** An image of this machine, which may stand on whatever its snapshots know. */
    ImageSource source(Path path, String format, TreeRecord tree) {
        return new ImageSource(path, format, trusted(tree));
    }

    /** As {@link SnapshotOwner#standing}. */
    Map<Path, String> standing() throws TerrariumException {
        return owner.standing();
    }

    /** Files and folders that the machine's images may stand on. */
    List<Path> trusted(TreeRecord tree) {
        Set<Path> all = new java.util.LinkedHashSet<>();
        all.add(owner.folder());
        owner.config().disks().forEach(drive -> drive.standsOn().forEach(each -> all.add(Path.of(each))));
        tree.snapshots().forEach(node -> node.disks().forEach(disk -> all.add(Path.of(disk.path()))));
        tree.images().forEach(image -> {
            String backing = image.backing();
            if (backing != null) {
                all.add(Path.of(backing));
            }
        });
        return List.copyOf(all);
    }

    private void sweepFolders(TreeRecord tree) throws TerrariumException {
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(path(), Files::isDirectory)) {
            for (Path each : entries) {
                if (tree.find(each.getFileName().toString()).isEmpty()) {
                    LOG.info("{} is left of a snapshot that was not finished: removed", each);
                    Durable.delete(each);
                }
            }
        } catch (IOException e) {
            throw new TerrariumException(path() + " cannot be listed (" + e + "): check its permissions", e);
        }
    }

    private void sweepOverlays(TreeRecord tree) throws TerrariumException {
        if (!Files.isDirectory(disks())) {
            return;
        }
        Set<Path> used = new HashSet<>();
        owner.config().disks().forEach(drive -> {
            String path = drive.path();
            if (path != null) {
                used.add(Path.of(path));
            }
        });
        tree.images().forEach(image -> used.add(Path.of(image.path())));
        tree.snapshots().forEach(node -> node.disks().forEach(disk -> used.add(Path.of(disk.path()))));
        try (DirectoryStream<Path> files = Files.newDirectoryStream(disks())) {
            for (Path each : files) {
                if (OVERLAY.matcher(each.getFileName().toString()).matches() && !used.contains(each)) {
                    LOG.info("{} is left of a snapshot that was not finished: removed", each);
                    Durable.delete(each);
                }
            }
        } catch (IOException e) {
            throw new TerrariumException(disks() + " cannot be listed (" + e + "): check its permissions", e);
        }
    }

    /** A snapshot inside an image whose name is an id is one of ours. */
    private void sweepInternal(TreeRecord tree) throws TerrariumException {
        Path note = internalNote();
        if (!Files.exists(note)) {
            return;
        }
        for (DriveConfig drive : owner.config().disks()) {
            String path = drive.path();
            if (drive.format() == DriveConfig.Format.QCOW2 && !drive.readOnly() && path != null) {
                ImageSource image = source(Path.of(path), "qcow2", tree);
                for (ImageInfo.Snapshot each : DiskImages.info(image).snapshots()) {
                    if (isId(each.name()) && tree.find(each.name()).isEmpty()) {
                        LOG.info("{}: snapshot {} was not finished: removed", path, each.name());
                        DiskImages.deleteSnapshot(image, each.name());
                    }
                }
            }
        }
        Durable.delete(note);
    }

    /** Notes that snapshots inside images are being made, which {@link #recover} looks for. */
    void noteInternal() throws TerrariumException {
        Durable.write(internalNote(), new byte[0]);
        Durable.sync(path());
    }

    void forgetInternal() throws TerrariumException {
        Durable.delete(internalNote());
    }

    private static boolean isId(String name) {
        try {
            return UUID.fromString(name).toString().equals(name);
        } catch (IllegalArgumentException e) {
            return false;
        }
    }
}
