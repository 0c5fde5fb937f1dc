// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.snapshot;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A change that happens with one rename: that of {@code snapshots/commit.json}, which holds it. What it says is done afterwards, and
 * done again from the beginning by whoever finds the file.
 *
 * @param machine the text of {@code machine.json}; null to leave it
 * @param tree what {@code tree.json} is to be
 * @param applied internal snapshots that disks become
 * @param dropped internal snapshots that go
 * @param state what happens to the machine's saved state
 * @param removed files and folders that go
 */
record Commit(
        @Nullable String machine,
        TreeRecord tree,
        List<Internal> applied,
        List<Internal> dropped,
        State state,
        List<String> removed) {
    Commit {
        applied = List.copyOf(applied);
        dropped = List.copyOf(dropped);
        removed = List.copyOf(removed);
    }

    /** A snapshot inside an image. */
    record Internal(String path, String name) {}

    /** The machine's saved state. */
    enum State {
        KEEP,
        /** It goes. */
        DROP,
        /** What was prepared becomes it. */
        ADOPT
    }

    /** One that changes the tree alone. */
    static Commit of(TreeRecord tree) {
        return new Commit(null, tree, List.of(), List.of(), State.KEEP, List.of());
    }
}
