// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.Snapshot;
import dev.terrarium.engine.SnapshotTree;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** The lines of the tree. */
class TreeRowTest {
    private final List<Snapshot> snapshots = new ArrayList<>();

    private static UUID id(String name) {
        return UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8));
    }

    private void add(String name, String parent) {
        snapshots.add(new Snapshot(
                id(name),
                name,
                "",
                Instant.ofEpochSecond(1_000_000 + snapshots.size()),
                parent.isEmpty() ? Optional.empty() : Optional.of(id(parent)),
                Snapshot.Content.STOPPED,
                Snapshot.Storage.OVERLAY,
                0,
                0,
                Optional.empty(),
                ""));
    }

    private List<TreeRow> rows(String current) {
        return TreeRow.of(new SnapshotTree(
                snapshots, current.isEmpty() ? Optional.empty() : Optional.of(id(current)), List.of()));
    }

    /** One string a row: lanes as they are drawn, then the name. */
    private List<String> drawn(String current) {
        return rows(current).stream()
                .map(row -> {
                    StringBuilder line = new StringBuilder();
                    for (int lane = 0; lane <= row.lane(); lane++) {
                        if (lane == row.lane()) {
                            line.append(row.branchFrom() >= 0 ? "\\" : row.above() ? "+" : "o");
                            line.append(row.below() ? "|" : ".");
                        } else {
                            line.append(row.passing().contains(lane) ? "| " : "  ");
                        }
                    }
                    return line + " " + row.snapshot().map(Snapshot::name).orElse("now");
                })
                .toList();
    }

    @Test
    void withoutSnapshotsThereIsOnlyNow() {
        assertThat(drawn("")).containsExactly("o. now");
    }

    @Test
    void aLineOfSnapshotsStaysInOneLane() {
        add("installed", "");
        add("updated", "installed");
        add("configured", "updated");
        assertThat(drawn("configured")).containsExactly("o| installed", "+| updated", "+| configured", "+. now");
        assertThat(rows("configured")).allMatch(TreeRow::onPath);
    }

    @Test
    void branchesStandBesideTheWayToNow() {
        add("base", "");
        add("a", "base");
        add("a2", "a");
        add("b", "base");
        add("b-try", "b");
        add("b2", "b");
        assertThat(drawn("b2"))
                .containsExactly("o| base", "| \\| a", "| +. a2", "+| b", "| \\. b-try", "+| b2", "+. now");
        assertThat(rows("b2")).filteredOn(row -> !row.onPath()).hasSize(3);
    }

    @Test
    void afterARevertNowLeavesFromTheMiddle() {
        add("base", "");
        add("a", "base");
        add("a2", "a");
        add("a3", "a2");
        assertThat(drawn("a")).containsExactly("o| base", "+| a", "| \\| a2", "| +. a3", "+. now");
    }

    @Test
    void branchesOfBranchesTakeMoreLanes() {
        add("base", "");
        add("x", "base");
        add("x1", "x");
        add("x2", "x");
        assertThat(drawn("base")).containsExactly("o| base", "| \\| x", "| | \\. x1", "| +. x2", "+. now");
        assertThat(rows("base").get(2).passing()).isEqualTo(Set.of(0, 1));
    }

    @Test
    void severalRootsAndANowOfItsOwn() {
        add("one", "");
        add("two", "");
        assertThat(drawn("")).containsExactly("o. one", "o. two", "o. now");
    }

    @Test
    void aDamagedTreeStillHasItsNow() {
        add("a", "b");
        add("b", "a");
        assertThat(drawn("a")).containsExactly("o. now");
        snapshots.clear();
        add("child", "lost");
        assertThat(drawn("child")).containsExactly("o| child", "+. now");
        assertThat(drawn("lost")).containsExactly("o. child", "o. now");
    }
}
