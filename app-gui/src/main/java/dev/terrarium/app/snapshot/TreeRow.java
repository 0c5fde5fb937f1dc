// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.snapshot;

import dev.terrarium.engine.Snapshot;
import dev.terrarium.engine.SnapshotTree;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * One row of the tree, drawn like a history of commits: what leads to the machine as it is now stays in the first lane from the
 * oldest above to "now" below; what branched off stands in lanes beside it.
 *
 * @param snapshot empty for the machine as it is now
 * @param lane 0 is the leftmost
 * @param above whether the lane's line comes from above
 * @param below whether it goes on below
 * @param branchFrom the lane that this one begins at, here; -1 for none
 * @param passing other lanes whose lines go through this row
 * @param onPath whether it leads to now
 */
public record TreeRow(
        Optional<Snapshot> snapshot,
        int lane,
        boolean above,
        boolean below,
        int branchFrom,
        Set<Integer> passing,
        boolean onPath) {
    public TreeRow {
        passing = Set.copyOf(passing);
    }

    /** Is it the machine as it is now? */
    public boolean now() {
        return snapshot.isEmpty();
    }

    /** A snapshot, or now, that waits for its row. */
    private record Waiting(
            Optional<Snapshot> snapshot, int lane, boolean above, int branchFrom, Set<Integer> passing) {}

    /** The rows of a tree, "now" last. */
    public static List<TreeRow> of(SnapshotTree tree) {
        Set<UUID> path = path(tree);
        List<TreeRow> rows = new ArrayList<>();
        Deque<Waiting> stack = new ArrayDeque<>();
        List<Optional<Snapshot>> roots = children(tree, Optional.empty(), path);
        // Roots have no parent whose line they could leave: each begins in the first lane.
        roots.reversed().forEach(root -> stack.push(new Waiting(root, 0, false, -1, Set.of())));
        while (!stack.isEmpty()) {
            Waiting next = stack.pop();
            List<Optional<Snapshot>> children = next.snapshot().isEmpty()
                    ? List.of()
                    : children(tree, next.snapshot().map(Snapshot::id), path);
            rows.add(new TreeRow(
                    next.snapshot(),
                    next.lane(),
                    next.above(),
                    !children.isEmpty(),
                    next.branchFrom(),
                    next.passing(),
                    next.snapshot().map(each -> path.contains(each.id())).orElse(true)));
            if (children.isEmpty()) {
                continue;
            }
            stack.push(new Waiting(children.getLast(), next.lane(), true, -1, next.passing()));
            Set<Integer> passing = new HashSet<>(next.passing());
            passing.add(next.lane());
            children.subList(0, children.size() - 1)
                    .reversed()
                    .forEach(branch -> stack.push(new Waiting(branch, next.lane() + 1, false, next.lane(), passing)));
        }
        // In a damaged tree that is a loop nothing is a root.
        if (rows.stream().noneMatch(TreeRow::now)) {
            rows.add(new TreeRow(Optional.empty(), 0, false, false, -1, Set.of(), true));
        }
        return rows;
    }

    /** Children by age, the one that leads to now last; empty stands for now. */
    private static List<Optional<Snapshot>> children(SnapshotTree tree, Optional<UUID> parent, Set<UUID> path) {
        List<Optional<Snapshot>> children = new ArrayList<>(tree.snapshots().stream()
                .filter(each -> known(tree, each.parent()).equals(parent))
                .sorted(Comparator.comparing((Snapshot each) -> path.contains(each.id()))
                        .thenComparing(Snapshot::time))
                .map(Optional::of)
                .toList());
        if (known(tree, tree.current()).equals(parent)) {
            children.add(Optional.empty());
        }
        return children;
    }

    /** The id if there is such a snapshot; what names one that is not there stands on nothing. */
    private static Optional<UUID> known(SnapshotTree tree, Optional<UUID> id) {
        return id.filter(
                wanted -> tree.snapshots().stream().anyMatch(each -> each.id().equals(wanted)));
    }

    /** The snapshots that the machine as it is now came from. */
    private static Set<UUID> path(SnapshotTree tree) {
        Set<UUID> path = new HashSet<>();
        Optional<UUID> next = tree.current();
        while (next.isPresent() && path.add(next.get())) {
            UUID id = next.get();
            next = tree.snapshots().stream()
                    .filter(each -> each.id().equals(id))
                    .findFirst()
                    .flatMap(Snapshot::parent);
        }
        return path;
    }
}
