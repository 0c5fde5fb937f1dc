// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.wizards;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.CloneRequest;
import dev.terrarium.engine.Snapshot;
import dev.terrarium.engine.TerrariumException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** The clone dialog without a screen. */
class CloneViewModelTest {
    private static final long GIB = 1L << 30;
    static final Snapshot SNAPSHOT = new Snapshot(
            new UUID(1, 2),
            "Installed",
            "",
            Instant.EPOCH,
            Optional.empty(),
            Snapshot.Content.STOPPED,
            Snapshot.Storage.OVERLAY,
            0,
            0,
            Optional.empty(),
            "");

    private final List<CloneRequest> asked = new ArrayList<>();

    /** A disk that is copied and a CD that is shared. */
    static CloneRequest.Plan plan(CloneRequest request) {
        Path iso = Path.of("/isos/debian-12.iso");
        return new CloneRequest.Plan(
                List.of(
                        new CloneRequest.Disk(
                                Path.of("/m/build/disks/build.qcow2"),
                                Path.of("/m/" + request.name() + "/disks/" + request.name() + ".qcow2"),
                                request.kind() == CloneRequest.Kind.FULL ? 4 * GIB : 200 << 10),
                        new CloneRequest.Disk(iso, iso, 0)),
                40 * GIB);
    }

    private CloneViewModel model(CloneDialog.Planner planner, String... taken) {
        return new CloneViewModel("build", Set.of(taken), Optional.empty(), planner, Runnable::run, Runnable::run);
    }

    @Test
    void aFreeNameIsProposed() {
        assertThat(model(CloneViewModelTest::plan, "build").name.get()).isEqualTo("build-2");
        assertThat(model(CloneViewModelTest::plan, "build", "Build-2").name.get())
                .isEqualTo("build-3");
        assertThat(new CloneViewModel(
                                "build-2",
                                Set.of("build", "build-2"),
                                Optional.empty(),
                                CloneViewModelTest::plan,
                                Runnable::run,
                                Runnable::run)
                        .name.get())
                .isEqualTo("build-3");
    }

    @Test
    void thePreviewFollowsWhatIsTyped() {
        CloneViewModel model = model(request -> {
            asked.add(request);
            return plan(request);
        });
        assertThat(model.valid().get()).isTrue();
        assertThat(model.lines()).containsExactly("build-2.qcow2  (4 GiB)", "debian-12.iso  (shared, it is only read)");
        assertThat(model.total()).isEqualTo("4 GiB are written now, 40 GiB are free");
        model.kind.set(CloneRequest.Kind.LINKED);
        model.name.set("test");
        model.moment.set(Optional.of(SNAPSHOT));
        assertThat(model.lines().getFirst()).isEqualTo("test.qcow2  (200 KiB)");
        assertThat(asked).hasSize(4).last().isEqualTo(model.request());
        assertThat(model.request())
                .isEqualTo(new CloneRequest(
                        "test",
                        CloneRequest.Kind.LINKED,
                        Optional.of(SNAPSHOT.id().toString())));
    }

    @Test
    void badNamesAndRefusedPlansCannotBeConfirmed() {
        CloneViewModel model = model(
                request -> {
                    if (request.kind() == CloneRequest.Kind.LINKED) {
                        throw new TerrariumException("the machine has no snapshot: take one first");
                    }
                    return plan(request);
                },
                "build",
                "Web");
        for (String wrong : List.of("", "web", "a/b", "..")) {
            model.name.set(wrong);
            assertThat(model.valid().get()).as(wrong).isFalse();
        }
        model.name.set("web-2");
        assertThat(model.valid().get()).isTrue();
        model.kind.set(CloneRequest.Kind.LINKED);
        assertThat(model.planProblem.get()).isEqualTo("The machine has no snapshot: take one first");
        assertThat(model.valid().get()).isFalse();
    }

    @Test
    void aFullHostIsSeenBefore() {
        CloneViewModel model =
                model(request -> new CloneRequest.Plan(plan(request).disks(), GIB));
        assertThat(model.planProblem.get()).contains("not enough room").contains("1 GiB");
        assertThat(model.valid().get()).isFalse();
    }
}
