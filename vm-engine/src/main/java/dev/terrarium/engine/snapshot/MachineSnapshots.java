// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.snapshot;

import dev.terrarium.engine.Progress;
import dev.terrarium.engine.Snapshot;
import dev.terrarium.engine.Snapshot.Content;
import dev.terrarium.engine.Snapshot.Storage;
import dev.terrarium.engine.SnapshotTree;
import dev.terrarium.engine.Snapshots;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.board.Board;
import dev.terrarium.engine.board.SavedMachine;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import dev.terrarium.engine.state.Durable;
import dev.terrarium.engine.state.MemoryFileReader;
import dev.terrarium.engine.state.StateFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The snapshots of a machine that is off or runs in this process. */
public final class MachineSnapshots implements Snapshots {
    private static final Logger LOG = LoggerFactory.getLogger(MachineSnapshots.class);
    private static final int LONGEST_NAME = 200;

    private final SnapshotOwner owner;
    private final SnapshotFolder folder;
    private final Layers layers;

    public MachineSnapshots(SnapshotOwner owner) {
        this.owner = owner;
        this.folder = new SnapshotFolder(owner);
        this.layers = new Layers(folder);
    }

    /** May {@link #recover} have something to do? */
    public boolean hasLeftovers() throws TerrariumException {
        return folder.hasLeftovers();
    }

    /** Ends or takes back what an end of the process interrupted. For whoever holds the machine's lock; it is off. */
    public void recover() throws TerrariumException {
        folder.recover();
    }

    /** Files that the machine's images may stand on, wherever they are. */
    public List<Path> trusted() throws TerrariumException {
        return folder.trusted(folder.tree());
    }

    /**
     * A machine as it was.
     *
     * @param machine whose writable disks are as they were then, if nobody writes to their images
     * @param trusted files and folders that these may stand on
     * @param inside the name of the snapshot inside the images that has the disks of then; empty if the images themselves have
     */
    public record Moment(MachineConfig machine, List<Path> trusted, Optional<String> inside) {}

    /** The machine as it was when a snapshot was taken. */
    public Moment moment(String name) throws TerrariumException {
        TreeRecord tree = folder.tree();
        TreeRecord.Node node = find(tree, name);
        MachineConfig then = owner.parse(read(folder.of(node.id()).resolve("machine.json")));
        boolean inside = node.storage() == Storage.INTERNAL;
        return new Moment(
                then, folder.trusted(tree), inside ? Optional.of(node.id().toString()) : Optional.empty());
    }

    /** Refuses a configuration with a drive that would write to an image that snapshots stand on. */
    public void requireNotFrozen(MachineConfig config) throws TerrariumException {
        TreeRecord tree = folder.tree();
        for (TreeRecord.Disk disk : Layers.writableDisks(config)) {
            boolean frozen =
                    tree.images().stream().anyMatch(image -> disk.path().equals(image.backing()))
                            || tree.snapshots().stream()
                                    .filter(node -> node.storage() == Storage.OVERLAY)
                                    .anyMatch(node -> node.disks().stream()
                                            .anyMatch(each -> each.path().equals(disk.path())));
            if (frozen) {
                throw new TerrariumException(disk.path() + " belongs to a snapshot, which writing to it would damage:"
                        + " attach it read-only, or delete the snapshot");
            }
        }
    }

    @Override
    public SnapshotTree tree() throws TerrariumException {
        TreeRecord tree = folder.tree();
        List<Snapshot> snapshots = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        for (TreeRecord.Node node : tree.snapshots()) {
            snapshots.add(snapshot(node, tree, problems));
        }
        return new SnapshotTree(snapshots, Optional.ofNullable(tree.current()), problems);
    }

    private Snapshot snapshot(TreeRecord.Node node, TreeRecord tree, List<String> problems) {
        Path parts = folder.of(node.id());
        long memory = 0;
        long disks = 0;
        try {
            PartsRecord record = folder.parts(node.id());
            for (PartsRecord.Part part : record.parts()) {
                if (Files.size(parts.resolve(part.name())) != part.length()) {
                    problems.add(node.name() + ": " + parts.resolve(part.name()) + " has another length");
                }
            }
            if (record.has(PartsRecord.MEMORY)) {
                memory = Layers.allocated(parts.resolve(PartsRecord.MEMORY)) + Files.size(parts.resolve("state"));
            }
            for (TreeRecord.Disk disk : node.disks()) {
                if (!Files.exists(Path.of(disk.path()))) {
                    problems.add(node.name() + ": " + disk.path() + " is missing");
                } else if (node.storage() == Storage.OVERLAY
                        && tree.images().stream().noneMatch(image -> disk.path().equals(image.backing()))) {
                    disks += Layers.allocated(Path.of(disk.path()));
                }
            }
        } catch (TerrariumException e) {
            problems.add(node.name() + ": " + e.getMessage());
        } catch (IOException e) {
            problems.add(node.name() + ": " + e);
        }
        Path picture = parts.resolve("picture.png");
        return new Snapshot(
                node.id(),
                node.name(),
                node.description(),
                Instant.ofEpochMilli(node.time()),
                Optional.ofNullable(node.parent()),
                node.content(),
                node.storage(),
                memory,
                disks,
                Files.exists(picture) ? Optional.of(picture) : Optional.empty(),
                node.machine());
    }

    private static void checkName(TreeRecord tree, String name) throws TerrariumException {
        if (name.isBlank() || name.length() > LONGEST_NAME || name.chars().anyMatch(Character::isISOControl)) {
            throw new TerrariumException(
                    "\"" + name + "\" is no name for a snapshot: use 1 to " + LONGEST_NAME + " letters in one line");
        }
        if (tree.find(name).isPresent()) {
            throw new TerrariumException("there is a snapshot \"" + name + "\" already: choose another name");
        }
    }

    private TreeRecord.Node find(TreeRecord tree, String name) throws TerrariumException {
        return tree.find(name)
                .orElseThrow(() -> new TerrariumException("\"" + owner.config().name() + "\" has no snapshot \"" + name
                        + "\": see terrarium snapshot list \"" + owner.config().name() + "\""));
    }

    private void refuseSaved(Optional<Board> board) throws TerrariumException {
        if (board.isEmpty() && owner.isSaved()) {
            String name = owner.config().name();
            throw new TerrariumException("\"" + name + "\" is saved: start it first, or discard its saved state with"
                    + " terrarium restore \"" + name + "\" --discard");
        }
    }

    private static void refuseShared(MachineConfig config) throws TerrariumException {
        for (DriveConfig drive : config.disks()) {
            if (drive.io().shareable() && !drive.readOnly()) {
                throw new TerrariumException(drive.path()
                        + " is shared with other machines, which write to it: make it read-only for this one first");
            }
        }
    }

    /** Overlays on images with snapshots inside, and the reverse, would lose data when one of them is deleted. */
    private static void refuseMixture(TreeRecord tree, Storage storage, List<TreeRecord.Disk> disks)
            throws TerrariumException {
        boolean overlays = !tree.images().isEmpty()
                || tree.snapshots().stream().anyMatch(node -> node.storage() == Storage.OVERLAY);
        if (storage == Storage.INTERNAL) {
            if (overlays) {
                throw new TerrariumException("the machine's disks stand on images of earlier snapshots, under which"
                        + " snapshots inside an image would be lost: take one without --internal");
            }
            for (TreeRecord.Disk disk : disks) {
                if (!disk.format().equals("qcow2")) {
                    throw new TerrariumException(disk.path() + " is " + disk.format()
                            + ", which has no snapshots inside: take one without --internal, or convert it to qcow2");
                }
            }
        } else if (tree.snapshots().stream().anyMatch(node -> node.storage() == Storage.INTERNAL)) {
            throw new TerrariumException(
                    "the machine has snapshots inside its images, which new images above them would"
                            + " damage: take one with --internal, or delete those first");
        }
    }

    @Override
    public Snapshot create(Snapshot.Request request, Progress progress) throws TerrariumException {
        return owner.exclusively(board -> {
            refuseSaved(board);
            TreeRecord tree = folder.tree();
            checkName(tree, request.name());
            MachineConfig config = owner.config();
            List<TreeRecord.Disk> disks = Layers.writableDisks(config);
            refuseShared(config);
            refuseMixture(tree, request.storage(), disks);
            Content content = board.isEmpty() ? Content.STOPPED : request.memory() ? Content.RUNNING : Content.DISKS;
            TreeRecord.Node node = new TreeRecord.Node(
                    UUID.randomUUID(),
                    request.name(),
                    request.description(),
                    System.currentTimeMillis(),
                    tree.current(),
                    content,
                    request.storage(),
                    disks,
                    describe(config));
            new Creation(owner, folder, layers, tree, node, config, progress).run(board);
            LOG.info("{}: snapshot \"{}\" ({})", config.name(), node.name(), node.id());
            return snapshot(node, folder.tree(), new ArrayList<>());
        });
    }

    private static String describe(MachineConfig config) {
        int disks = Layers.writableDisks(config).size();
        return config.vcpus() + (config.vcpus() == 1 ? " vCPU, " : " vCPUs, ") + config.memoryMiB() + " MiB, " + disks
                + (disks == 1 ? " disk" : " disks");
    }

    @Override
    public void revert(String name, Progress progress) throws TerrariumException {
        TreeRecord.Node node = find(folder.tree(), name);
        PartsRecord parts = folder.parts(node.id());
        parts.verify(folder.of(node.id()));
        SavedMachine state =
                new SavedMachine(folder.of(node.id()), owner.config().id());
        if (node.content() == Content.RUNNING) {
            StateFile file = state.read();
            new MemoryFileReader(folder.of(node.id()).resolve(PartsRecord.MEMORY))
                    .verify(file.machine(), file.state(), progress);
        }
        for (TreeRecord.Disk disk : node.disks()) {
            if (!Files.exists(Path.of(disk.path()))) {
                throw new TerrariumException(
                        disk.path() + " is missing: take it from a backup, or delete the snapshot");
            }
        }
        owner.switchedOff(board -> {
            revert(node);
            return true;
        });
    }

    private void revert(TreeRecord.Node node) throws TerrariumException {
        TreeRecord tree = folder.tree();
        MachineConfig then = owner.parse(read(folder.of(node.id()).resolve("machine.json")));
        List<Layers.Overlay> overlays =
                node.storage() == Storage.OVERLAY ? layers.overlays(then, node.disks()) : List.of();
        List<Commit.Internal> applied = node.storage() == Storage.INTERNAL
                ? node.disks().stream()
                        .map(disk -> new Commit.Internal(disk.path(), node.id().toString()))
                        .toList()
                : List.of();
        boolean committed = false;
        try {
            for (Layers.Overlay overlay : overlays) {
                layers.create(overlay, tree);
            }
            if (node.content() == Content.RUNNING) {
                prepareState(folder.of(node.id()));
            }
            MachineConfig next = Layers.with(then, overlays);
            List<TreeRecord.Image> images = new ArrayList<>(tree.images());
            overlays.forEach(each -> images.add(each.image()));
            // What the machine wrote since its last snapshot goes, as far as no snapshot stands on it.
            Layers.Plan plan = layers.plan(tree.withCurrent(node.id()).withImages(images), next, true);
            folder.commit(new Commit(
                    new String(owner.encode(next), StandardCharsets.UTF_8),
                    plan.tree(),
                    applied,
                    List.of(),
                    node.content() == Content.RUNNING ? Commit.State.ADOPT : Commit.State.DROP,
                    plan.removed().stream().map(Path::toString).toList()));
            committed = true;
        } finally {
            if (!committed && !folder.isCommitting()) {
                removeOverlays(overlays);
            }
        }
    }

    private void removeOverlays(List<Layers.Overlay> overlays) throws TerrariumException {
        for (Layers.Overlay overlay : overlays) {
            Durable.delete(Path.of(overlay.image().path()));
        }
    }

    /** The snapshot's own files become the saved state, too: nobody ever writes to them. */
    private void prepareState(Path from) throws TerrariumException {
        Path to = owner.beginSavedState().folder();
        for (String name : List.of(PartsRecord.MEMORY, "state")) {
            try {
                Files.createLink(to.resolve(name), from.resolve(name));
            } catch (UnsupportedOperationException | IOException e) {
                LOG.debug("{} is copied, for it cannot be linked", name, e);
                copy(from.resolve(name), to.resolve(name));
            }
        }
        Durable.sync(to);
    }

    private static void copy(Path from, Path to) throws TerrariumException {
        try {
            Files.copy(from, to);
        } catch (IOException e) {
            throw new TerrariumException(to + " cannot be written (" + e + "): make room on its disk", e);
        }
    }

    private static byte[] read(Path file) throws TerrariumException {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new TerrariumException(file + " cannot be read (" + e + "): take it from a backup", e);
        }
    }

    @Override
    public Snapshot.Removal removal(String name) throws TerrariumException {
        return owner.exclusively(board -> {
            TreeRecord tree = folder.tree();
            TreeRecord.Node node = find(tree, name);
            Layers.Plan plan = plan(tree, node, board);
            List<Path> removed = new ArrayList<>();
            removed.add(folder.of(node.id()));
            removed.addAll(plan.removed());
            long freed = 0;
            for (Path file : removed) {
                freed += allocated(file);
            }
            long merged = 0;
            for (Layers.Merge merge : plan.merges()) {
                merged += layers.copied(merge, tree);
            }
            return new Snapshot.Removal(Math.max(0, freed - merged), merged, removed, plan.kept());
        });
    }

    private static long allocated(Path path) throws TerrariumException {
        if (!Files.isDirectory(path)) {
            return Files.exists(path) ? Layers.allocated(path) : 0;
        }
        long bytes = 0;
        try (var files = Files.list(path)) {
            for (Path each : files.toList()) {
                bytes += Layers.allocated(each);
            }
        } catch (IOException e) {
            throw new TerrariumException(path + " cannot be listed (" + e + "): check its permissions", e);
        }
        return bytes;
    }

    private Layers.Plan plan(TreeRecord tree, TreeRecord.Node node, Optional<Board> board) throws TerrariumException {
        return layers.plan(tree.without(node), owner.config(), board.isPresent());
    }

    @Override
    public void delete(String name, Progress progress) throws TerrariumException {
        owner.exclusively(board -> {
            refuseSaved(board);
            TreeRecord tree = folder.tree();
            TreeRecord.Node node = find(tree, name);
            if (node.storage() == Storage.INTERNAL) {
                deleteInternal(tree, node, board);
            } else {
                Layers.Plan plan = plan(tree, node, board);
                for (Layers.Merge merge : plan.merges()) {
                    layers.carryOut(merge, tree, progress);
                }
                List<String> removed = new ArrayList<>();
                removed.add(folder.of(node.id()).toString());
                plan.removed().forEach(each -> removed.add(each.toString()));
                folder.commit(new Commit(null, plan.tree(), List.of(), List.of(), Commit.State.KEEP, removed));
                plan.kept().ifPresent(why -> LOG.info("{}: {}", owner.config().name(), why));
            }
            return true;
        });
    }

    private void deleteInternal(TreeRecord tree, TreeRecord.Node node, Optional<Board> board)
            throws TerrariumException {
        List<Commit.Internal> dropped = node.disks().stream()
                .filter(disk -> Files.exists(Path.of(disk.path())))
                .map(disk -> new Commit.Internal(disk.path(), node.id().toString()))
                .toList();
        folder.noteInternal();
        folder.commit(new Commit(
                null,
                tree.without(node),
                List.of(),
                board.isPresent() ? List.of() : dropped,
                Commit.State.KEEP,
                List.of(folder.of(node.id()).toString())));
        if (board.isPresent()) {
            for (TreeRecord.Disk disk : node.disks()) {
                board.get()
                        .disks()
                        .withSnapshots(
                                disk.drive(),
                                image -> image.deleteSnapshot(node.id().toString()));
            }
        }
        folder.forgetInternal();
    }

    @Override
    public void edit(String name, String newName, String description) throws TerrariumException {
        owner.exclusively(board -> {
            TreeRecord tree = folder.tree();
            TreeRecord.Node node = find(tree, name);
            if (!newName.equals(node.name())) {
                checkName(tree, newName);
            }
            folder.commit(Commit.of(tree.replaced(node.renamed(newName, description))));
            return true;
        });
    }

    /** The name of an image; of a snapshot's overlay, that of the image below all overlays. */
    public static String plainName(Path image) {
        return SnapshotFolder.plainName(image);
    }
}
