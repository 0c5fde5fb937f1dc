// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.snapshot;

import dev.terrarium.engine.Snapshot.Content;
import dev.terrarium.engine.Snapshot.Storage;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What {@code snapshots/tree.json} holds.
 *
 * @param current the snapshot that the machine came from; null for none
 * @param snapshots parents before their children
 * @param images every overlay that snapshots made and that is still there
 */
record TreeRecord(@Nullable UUID current, List<Node> snapshots, List<Image> images) {
    static final TreeRecord EMPTY = new TreeRecord(null, List.of(), List.of());

    TreeRecord {
        snapshots = List.copyOf(snapshots);
        images = List.copyOf(images);
    }

    /**
     * A snapshot.
     *
     * @param time milliseconds since 1970
     * @param disks the writable disks of that moment
     * @param machine the machine's configuration, one line for a person
     */
    record Node(
            UUID id,
            String name,
            String description,
            long time,
            @Nullable UUID parent,
            Content content,
            Storage storage,
            List<Disk> disks,
            String machine) {
        Node {
            disks = List.copyOf(disks);
        }

        Node renamed(String newName, String newDescription) {
            return new Node(id, newName, newDescription, time, parent, content, storage, disks, machine);
        }

        Node under(@Nullable UUID newParent) {
            return new Node(id, name, description, time, newParent, content, storage, disks, machine);
        }
    }

    /**
     * A disk's image.
     *
     * @param drive its place in the configuration's list of drives
     * @param format qemu-img's word
     */
    record Disk(int drive, String path, String format) {}

    /**
     * An overlay.
     *
     * @param backing the image that it stands on; null if it stands on none any more
     * @param backingFormat qemu-img's word; empty for none
     */
    record Image(String path, @Nullable String backing, String backingFormat) {}

    Optional<Node> find(String nameOrId) {
        return snapshots.stream()
                .filter(each -> each.name.equals(nameOrId) || each.id.toString().equals(nameOrId))
                .findFirst();
    }

    Optional<Node> byId(@Nullable UUID id) {
        return snapshots.stream().filter(each -> each.id.equals(id)).findFirst();
    }

    Optional<Image> image(String path) {
        return images.stream().filter(each -> each.path.equals(path)).findFirst();
    }

    TreeRecord withCurrent(@Nullable UUID id) {
        return new TreeRecord(id, snapshots, images);
    }

    TreeRecord with(Node node) {
        List<Node> more = new ArrayList<>(snapshots);
        more.add(node);
        return new TreeRecord(current, more, images);
    }

    TreeRecord replaced(Node node) {
        return new TreeRecord(
                current,
                snapshots.stream()
                        .map(each -> each.id.equals(node.id) ? node : each)
                        .toList(),
                images);
    }

    /** Without a snapshot, whose children become its parent's. */
    TreeRecord without(Node node) {
        List<Node> rest = snapshots.stream()
                .filter(each -> !each.id.equals(node.id))
                .map(each -> node.id.equals(each.parent) ? each.under(node.parent) : each)
                .toList();
        return new TreeRecord(node.id.equals(current) ? node.parent : current, rest, images);
    }

    TreeRecord withImages(List<Image> all) {
        return new TreeRecord(current, snapshots, all);
    }
}
