// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine;

import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * A machine's snapshots.
 *
 * @param snapshots parents before their children
 * @param current the one that the machine as it is now came from; empty if it stands on none
 * @param problems snapshots that are damaged, a line each; they are left as they are
 */
public record SnapshotTree(List<Snapshot> snapshots, Optional<UUID> current, List<String> problems) {
    /** No snapshots. */
    public static final SnapshotTree EMPTY = new SnapshotTree(List.of(), Optional.empty(), List.of());

    public SnapshotTree {
        snapshots = List.copyOf(snapshots);
        problems = List.copyOf(problems);
    }

    /** The snapshot of a name or an id. */
    public Optional<Snapshot> find(String nameOrId) {
        return snapshots.stream()
                .filter(each ->
                        each.name().equals(nameOrId) || each.id().toString().equals(nameOrId))
                .findFirst();
    }

    /** Those that came from {@code parent}; of an empty one, the first ones. */
    public List<Snapshot> children(Optional<UUID> parent) {
        return snapshots.stream().filter(each -> each.parent().equals(parent)).toList();
    }
}
