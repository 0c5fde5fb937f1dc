// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.snapshot;

import dev.terrarium.engine.Progress;
import dev.terrarium.engine.Snapshot.Content;
import dev.terrarium.engine.Snapshot.Storage;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.board.Board;
import dev.terrarium.engine.board.MachineSaver;
import dev.terrarium.engine.board.SavedMachine;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.disk.DiskImages;
import dev.terrarium.engine.state.Durable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The making of one snapshot. Everything is on the disk before the commit; what was done until then is taken back if something
 * fails, or by {@link SnapshotFolder#recover} if the process ends.
 */
final class Creation {
    private final SnapshotOwner owner;
    private final SnapshotFolder folder;
    private final Layers layers;
    private final TreeRecord tree;
    private final TreeRecord.Node node;
    private final MachineConfig config;
    private final Progress progress;
    private final List<Layers.Overlay> overlays;
    private final List<String> parts = new ArrayList<>();

    Creation(
            SnapshotOwner owner,
            SnapshotFolder folder,
            Layers layers,
            TreeRecord tree,
            TreeRecord.Node node,
            MachineConfig config,
            Progress progress) {
        this.owner = owner;
        this.folder = folder;
        this.layers = layers;
        this.tree = tree;
        this.node = node;
        this.config = config;
        this.progress = progress;
        this.overlays = node.storage() == Storage.OVERLAY ? layers.overlays(config, node.disks()) : List.of();
    }

    void run(Optional<Board> board) throws TerrariumException {
        Path path = folder.begin(node.id());
        boolean done = false;
        try {
            Durable.write(path.resolve("machine.json"), owner.encode(config));
            parts.add("machine.json");
            if (node.storage() == Storage.INTERNAL) {
                folder.noteInternal();
            }
            if (board.isEmpty()) {
                ofStopped();
            } else {
                ofRunning(board.get(), path);
            }
            if (node.storage() == Storage.INTERNAL) {
                folder.forgetInternal();
            }
            done = true;
        } finally {
            if (!done && !folder.isCommitting()) {
                takeBack(path);
            }
        }
    }

    private void takeBack(Path path) throws TerrariumException {
        for (Layers.Overlay overlay : overlays) {
            Durable.delete(Path.of(overlay.image().path()));
        }
        Durable.delete(path);
    }

    private void ofStopped() throws TerrariumException {
        if (node.storage() == Storage.OVERLAY) {
            for (Layers.Overlay overlay : overlays) {
                layers.create(overlay, tree);
            }
            commit();
            return;
        }
        List<TreeRecord.Disk> made = new ArrayList<>();
        boolean done = false;
        try {
            for (TreeRecord.Disk disk : node.disks()) {
                DiskImages.createSnapshot(
                        folder.source(Path.of(disk.path()), "qcow2", tree),
                        node.id().toString());
                made.add(disk);
            }
            commit();
            done = true;
        } finally {
            if (!done && !folder.isCommitting()) {
                for (TreeRecord.Disk disk : made) {
                    DiskImages.deleteSnapshot(
                            folder.source(Path.of(disk.path()), "qcow2", tree),
                            node.id().toString());
                }
            }
        }
    }

    private void ofRunning(Board board, Path path) throws TerrariumException {
        if (owner.drawPicture(path.resolve("picture.png"))) {
            parts.add("picture.png");
        }
        MachineSaver.Standstill disks = () -> {
            if (node.storage() == Storage.OVERLAY) {
                goOnAbove(board);
            } else {
                keepWithin(board);
            }
            return true;
        };
        if (node.content() == Content.RUNNING) {
            parts.add(PartsRecord.MEMORY);
            parts.add("state");
            new MachineSaver(board, new SavedMachine(path, config.id()), owner.stateParts(), progress).save(disks);
        } else {
            board.standStill(disks);
        }
    }

    /** The machine, which stands still, goes on in overlays; or, if that fails, in its images. */
    private void goOnAbove(Board board) throws TerrariumException {
        List<Layers.Overlay> changed = new ArrayList<>();
        boolean done = false;
        try {
            for (Layers.Overlay overlay : overlays) {
                int drive = overlay.base().drive();
                board.disks()
                        .replaceImage(
                                drive,
                                config.disks().get(drive),
                                overlay.drive(),
                                trusted(),
                                () -> layers.create(overlay, tree));
                changed.add(overlay);
            }
            commit();
            done = true;
        } finally {
            if (!done && !folder.isCommitting()) {
                for (Layers.Overlay overlay : changed) {
                    int drive = overlay.base().drive();
                    board.disks()
                            .replaceImage(drive, overlay.drive(), config.disks().get(drive), trusted(), () -> {});
                }
            }
        }
    }

    private List<Path> trusted() {
        List<Path> all = new ArrayList<>(folder.trusted(tree));
        node.disks().forEach(disk -> all.add(Path.of(disk.path())));
        return all;
    }

    private void keepWithin(Board board) throws TerrariumException {
        String name = node.id().toString();
        List<TreeRecord.Disk> made = new ArrayList<>();
        boolean done = false;
        try {
            for (TreeRecord.Disk disk : node.disks()) {
                board.disks().withSnapshots(disk.drive(), image -> image.createSnapshot(name, 0, 0));
                made.add(disk);
            }
            commit();
            done = true;
        } finally {
            if (!done && !folder.isCommitting()) {
                for (TreeRecord.Disk disk : made) {
                    board.disks().withSnapshots(disk.drive(), image -> image.deleteSnapshot(name));
                }
            }
        }
    }

    private void commit() throws TerrariumException {
        Path path = folder.of(node.id());
        SealedJson.replace(path.resolve(PartsRecord.FILE), PartsRecord.of(node, path, parts));
        List<TreeRecord.Image> images = new ArrayList<>(tree.images());
        overlays.forEach(each -> images.add(each.image()));
        TreeRecord next = tree.with(node).withCurrent(node.id()).withImages(images);
        MachineConfig machine = Layers.with(config, overlays);
        folder.commit(new Commit(
                new String(owner.encode(machine), StandardCharsets.UTF_8),
                next,
                List.of(),
                List.of(),
                Commit.State.KEEP,
                List.of()));
    }
}
