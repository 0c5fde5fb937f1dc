// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.app.snapshot.TreeRow;
import dev.terrarium.app.task.Task;
import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.Snapshot;
import dev.terrarium.wizards.SnapshotDialogs;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Snapshots without a screen. */
class SnapshotsViewModelTest {
    @TempDir
    Path home;

    private final List<Runnable> background = new ArrayList<>();
    private final FakeSnapshots snapshots = new FakeSnapshots();
    private MainViewModel main;
    private FakeMachine machine;
    private SnapshotsViewModel model;
    private boolean waiting;

    @BeforeEach
    void open() {
        FakeHost host = new FakeHost(home);
        machine = host.add("ant", "debian12");
        main = new MainViewModel(
                host,
                work -> {
                    if (waiting) {
                        background.add(work);
                    } else {
                        work.run();
                    }
                },
                Runnable::run);
        main.update(host.sample());
        snapshots.add("installed", "", Snapshot.Content.STOPPED, "", Optional.empty());
        snapshots.add("updated", "installed", Snapshot.Content.STOPPED, "", Optional.empty());
        model = new SnapshotsViewModel(main, main.modelOf(machine), snapshots);
        model.refresh();
    }

    private List<String> names() {
        return model.rows().stream()
                .map(row -> row.snapshot().map(Snapshot::name).orElse("now"))
                .toList();
    }

    private Snapshot find(String name) {
        return model.rows().stream()
                .map(TreeRow::snapshot)
                .flatMap(Optional::stream)
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void theTreeIsShownAndASnapshotIsATask() {
        assertThat(names()).containsExactly("installed", "updated", "now");
        assertThat(model.knownProperty().get()).isTrue();
        model.take(new Snapshot.Request("third", "", false, Snapshot.Storage.OVERLAY));
        assertThat(names()).containsExactly("installed", "updated", "third", "now");
        Task task = main.tasks().all().getFirst();
        assertThat(task.title()).isEqualTo("Snapshot of ant: third");
        assertThat(task.status().state()).isEqualTo(Task.State.DONE);
        assertThat(main.notices()).extracting(Notice::title).containsExactly("\u201cthird\u201d is taken");
    }

    @Test
    void changesWaitForNoOtherTheyAreRefused() {
        waiting = true;
        model.delete(find("installed"));
        assertThat(model.busyProperty().get()).isTrue();
        model.delete(find("updated"));
        assertThat(background).hasSize(1);
        assertThat(main.notices()).extracting(Notice::kind).containsExactly(Notice.Kind.WARNING);
        waiting = false;
        background.forEach(Runnable::run);
        assertThat(model.busyProperty().get()).isFalse();
        assertThat(names()).containsExactly("updated", "now");
    }

    @Test
    void aFailedChangeIsToldAndTheTreeLookedAtAgain() {
        snapshots.refuse("disk1.qcow2 is full: make room");
        model.take(new Snapshot.Request("third", "", false, Snapshot.Storage.OVERLAY));
        assertThat(main.notices()).extracting(Notice::text).containsExactly("Disk1.qcow2 is full: make room");
        assertThat(model.busyProperty().get()).isFalse();
        assertThat(names()).doesNotContain("third");
    }

    @Test
    void goingBackSaysWhatIsLostAndCanKeepIt() {
        machine.in(MachineState.RUNNING);
        main.modelOf(machine).update(HostSample.MachineSample.of(machine));
        Question question =
                model.revertQuestion(find("installed"), find("updated").time().plus(Duration.ofMinutes(90)));
        assertThat(question.lines())
                .containsExactly(
                        "Everything since \u201cupdated\u201d (1 h 30 min ago)",
                        "What the running guest has in memory");
        assertThat(question.text()).contains("off afterwards");
        assertThat(question.option())
                .hasValueSatisfying(option -> assertThat(option.ticked()).isTrue());
        model.revert(find("installed"), true);
        assertThat(snapshots.calls).containsExactly("create Before installed with memory", "revert installed");
        assertThat(names()).containsExactly("installed", "updated", "Before installed", "now");
        assertThat(model.rows().getLast().lane()).isZero();
        assertThat(model.rows().get(1).branchFrom()).isZero();
        model.revert(find("updated"), false);
        assertThat(snapshots.calls).last().isEqualTo("revert updated");
    }

    @Test
    void aSavedMachineHasItsSavedStateToLoseAndNoSnapshotBefore() {
        assertThat(model.refusal().getValue()).isEmpty();
        machine.in(MachineState.SAVED);
        main.modelOf(machine).update(HostSample.MachineSample.of(machine));
        assertThat(model.refusal().getValue()).contains("let it go on");
        Question question =
                model.revertQuestion(find("installed"), find("updated").time());
        assertThat(question.option()).isEmpty();
        assertThat(question.lines()).last().asString().contains("when it was saved");
    }

    @Test
    void twiceKeptHasTwoNames() {
        model.revert(find("installed"), true);
        model.revert(find("installed"), true);
        assertThat(names()).contains("Before installed", "Before installed 2");
    }

    @Test
    void deletingShowsWhatItDoesFirst() {
        List<Question> asked = new ArrayList<>();
        model.prepareDelete(find("installed"), asked::add);
        assertThat(asked).singleElement().satisfies(question -> assertThat(question.lines())
                .contains("130 MiB become free", "300 MiB are copied into what came after it")
                .anyMatch(line -> line.endsWith("memory")));
        assertThat(names()).contains("installed");
        snapshots.refuse("the snapshot is damaged: leave it");
        model.prepareDelete(find("installed"), asked::add);
        assertThat(asked).hasSize(1);
        assertThat(main.notices()).extracting(Notice::text).containsExactly("The snapshot is damaged: leave it");
    }

    @Test
    void aNameIsChanged() {
        model.edit(find("updated"), new SnapshotDialogs.Edit("patched", "security fixes"));
        assertThat(names()).containsExactly("installed", "patched", "now");
        assertThat(find("patched").description()).isEqualTo("security fixes");
        assertThat(model.names(Optional.of(find("patched")))).containsExactly("installed");
    }

    @Test
    void damagedSnapshotsAreTold() {
        snapshots.problem("snapshots/1 is damaged (checksum): it is left as it is");
        model.refresh();
        assertThat(model.problemProperty().get()).contains("damaged");
    }
}
