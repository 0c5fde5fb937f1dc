// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.app.window.HostSample.MachineSample;
import dev.terrarium.engine.EngineStatistics;
import dev.terrarium.engine.Host.DamagedMachine;
import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.MachineStatistics;
import dev.terrarium.engine.TerrariumException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The window's state without a screen. */
class MainViewModelTest {
    @TempDir
    Path home;

    private FakeHost host;
    private MainViewModel model;

    @BeforeEach
    void open() {
        host = new FakeHost(home);
        model = new MainViewModel(host, Runnable::run, Runnable::run);
    }

    private void sample() {
        model.update(host.sample());
    }

    private List<String> rows() {
        return model.entries().stream()
                .map(entry -> switch (entry) {
                    case ListEntry.Heading(String title, int count) -> title + " " + count;
                    case ListEntry.Machine(MachineViewModel machine) -> "- " + machine.name();
                    case ListEntry.Damaged(DamagedMachine machine) -> "! " + machine.name();
                })
                .toList();
    }

    @Test
    void machinesAreGroupedByStateAndSortedByName() {
        host.add("zebra", "debian12").in(MachineState.RUNNING);
        host.add("ant", "debian12");
        host.add("bee", "debian12").in(MachineState.STARTING);
        host.add("cat", "debian12").in(MachineState.PAUSED);
        host.damaged.add(new DamagedMachine("eel", home.resolve("eel"), "broken"));
        sample();
        assertThat(rows())
                .containsExactly(
                        "Running 2", "- bee", "- zebra", "Paused 1", "- cat", "Off 1", "- ant", "Damaged 1", "! eel");
        assertThat(model.emptyProperty().get()).isFalse();
    }

    @Test
    void theSearchLooksAtNamesAndSystemsAndKeepsTheSelection() {
        host.add("ant", "fedora");
        FakeMachine bee = host.add("bee", "debian12");
        sample();
        model.show(bee, false);
        model.searchProperty().set("FED");
        assertThat(rows()).containsExactly("Off 1", "- ant");
        assertThat(model.selectedProperty().get()).contains(new ListEntry.Machine(model.modelOf(bee)));
        model.searchProperty().set("nothing like this");
        assertThat(rows()).isEmpty();
        assertThat(model.emptyProperty().get()).isFalse();
    }

    @Test
    void aMachineThatDisappearsLetsTheSelectionGo() {
        FakeMachine ant = host.add("ant", "fedora");
        host.add("bee", "fedora");
        sample();
        model.show(ant, false);
        host.remove(ant);
        sample();
        assertThat(rows()).containsExactly("Off 1", "- bee");
        assertThat(model.selectedProperty().get())
                .map(ListEntry.Machine.class::cast)
                .hasValueSatisfying(entry -> assertThat(entry.model().name()).isEqualTo("bee"));
    }

    @Test
    void aMachineThatLeavesKvmIsTold() {
        FakeMachine ant = host.add("ant", "fedora").in(MachineState.RUNNING);
        try (HostWatcher watcher =
                new HostWatcher(host, sample -> {}, (machine, reason) -> model.leftKvm(machine.name(), reason))) {
            watcher.acceleratorChanged(ant, "this host's KVM emulates the kernel");
        }
        assertThat(model.notices()).singleElement().satisfies(notice -> assertThat(notice.text())
                .contains("own processor", "emulates the kernel"));
    }

    @Test
    void aCrashIsToldOnce() {
        FakeMachine ant = host.add("ant", "fedora").in(MachineState.RUNNING);
        sample();
        ant.crash("triple fault: see the log");
        sample();
        sample();
        assertThat(model.notices())
                .containsExactly(new Notice(Notice.Kind.ERROR, "\u201cant\u201d crashed", "Triple fault: see the log"));
    }

    @Test
    void theProcessorsShareComesFromBusyTimeOverWallTime() throws TerrariumException {
        FakeMachine ant = host.add("ant", "fedora").in(MachineState.RUNNING);
        MachineViewModel machine = model.modelOf(ant);
        machine.processor().clear();
        machine.memory().clear();
        long start = System.nanoTime() + TimeUnit.HOURS.toNanos(1);
        long[] busyMillis = {10_000_000, 10_000_500, 10_000_550, 10_001_250};
        long[] atMillis = {0, 1000, 1200, 2000};
        for (int i = 0; i < busyMillis.length; i++) {
            machine.update(figures(ant, 2, busyMillis[i], start + TimeUnit.MILLISECONDS.toNanos(atMillis[i])));
        }
        assertThat(machine.processor().size())
                .as("the one after 200 ms is left out")
                .isEqualTo(3);
        assertThat(machine.processor().get(1)).isEqualTo(0.25);
        assertThat(machine.processor().get(2)).isEqualTo(0.375);
        assertThat(machine.memory().last()).isEqualTo(0.5);
        machine.update(MachineSample.of(ant.in(MachineState.OFF)));
        assertThat(machine.processor().size()).isZero();
    }

    private static MachineSample figures(FakeMachine machine, int vcpus, long busyMillis, long nanos) {
        MachineStatistics statistics = new MachineStatistics(
                MachineState.RUNNING,
                "software",
                1,
                vcpus,
                TimeUnit.MILLISECONDS.toNanos(busyMillis),
                0,
                1L << 30,
                1L << 29,
                0,
                0,
                0,
                0,
                EngineStatistics.NONE);
        return new MachineSample(
                machine,
                machine.config(),
                MachineState.RUNNING,
                false,
                Optional.empty(),
                Optional.empty(),
                statistics,
                nanos);
    }

    @Test
    void onlyMachinesOfThisProcessStandInTheWayOfClosing() {
        host.add("far", "fedora").in(MachineState.RUNNING).elsewhere();
        host.add("off", "fedora");
        sample();
        assertThat(model.closingQuestion()).isEmpty();
        host.add("near", "fedora").in(MachineState.PAUSED);
        sample();
        assertThat(model.closingQuestion())
                .hasValueSatisfying(question ->
                        assertThat(question.lines()).singleElement().asString().startsWith("near"));
    }

    @Test
    void workThatGoesOnStandsInTheWayOfClosing() {
        List<Runnable> waiting = new ArrayList<>();
        model = new MainViewModel(host, waiting::add, Runnable::run);
        model.begin("Convert a.vmdk to qcow2", progress -> {}, () -> {});
        model.beginWhole("Resize b.qcow2", () -> {}, () -> {});
        assertThat(model.closingQuestion()).hasValueSatisfying(question -> {
            assertThat(question.title()).isEqualTo("2 tasks are running");
            assertThat(question.lines())
                    .containsExactly("Resize b.qcow2  (is finished first)", "Convert a.vmdk to qcow2  (is stopped)");
        });
        host.add("near", "fedora").in(MachineState.RUNNING);
        sample();
        assertThat(model.closingQuestion()).hasValueSatisfying(question -> assertThat(question.title())
                .isEqualTo("A machine is running, and so are 2 tasks"));
        waiting.forEach(Runnable::run);
        host.find("near").ifPresent(host::remove);
        sample();
        assertThat(model.closingQuestion()).isEmpty();
    }

    @Test
    void longWorkThatFailsIsTold() {
        model.begin(
                "Clone a to b",
                progress -> {
                    throw new TerrariumException("disk.img is damaged: check it");
                },
                () -> {});
        assertThat(model.notices())
                .containsExactly(new Notice(Notice.Kind.ERROR, "Clone a to b failed", "Disk.img is damaged: check it"));
    }

    @Test
    void aMachineThatItsHostPausedSaysWhyOnce() {
        FakeMachine ant = host.add("ant", "fedora").in(MachineState.RUNNING);
        sample();
        ant.pauseFor("disk1.img: no room on /home: make room and resume");
        sample();
        sample();
        assertThat(model.notices())
                .containsExactly(new Notice(
                        Notice.Kind.WARNING,
                        "\u201cant\u201d is paused",
                        "Disk1.img: no room on /home: make room and resume"));
        assertThat(model.modelOf(ant).pauseReasonProperty().get()).isPresent();
        model.modelOf(ant).togglePause();
        sample();
        assertThat(model.modelOf(ant).pauseReasonProperty().get()).isEmpty();
    }

    @Test
    void savingIsATaskAndLeavesASavedMachine() {
        FakeMachine ant = host.add("ant", "fedora").in(MachineState.RUNNING);
        sample();
        model.save(model.modelOf(ant));
        sample();
        assertThat(model.tasks().all().getFirst().title()).isEqualTo("Save ant");
        assertThat(rows()).containsExactly("Saved 1", "- ant");
        assertThat(model.modelOf(ant).canStart().get()).isTrue();
        model.modelOf(ant).discardSavedState();
        sample();
        assertThat(rows()).containsExactly("Off 1", "- ant");
    }

    @Test
    void allAreSavedBeforeTheWindowCloses() {
        FakeMachine ant = host.add("ant", "fedora").in(MachineState.RUNNING);
        FakeMachine bee = host.add("bee", "fedora").in(MachineState.PAUSED);
        FakeMachine far = host.add("far", "fedora").in(MachineState.RUNNING).elsewhere();
        sample();
        assertThat(model.closingQuestion().orElseThrow().alternative()).contains("Save all and quit");
        List<String> closed = new ArrayList<>();
        bee.refuse("the disk is full: make room");
        model.saveAll(() -> closed.add("closed"));
        assertThat(closed).as("one could not be saved").isEmpty();
        assertThat(ant.state()).isEqualTo(MachineState.SAVED);
        sample();
        model.saveAll(() -> closed.add("closed"));
        assertThat(closed).containsExactly("closed");
        assertThat(bee.state()).isEqualTo(MachineState.SAVED);
        assertThat(far.calls).isEmpty();
    }

    @Test
    void deletingNamesEveryFile() {
        FakeMachine ant = host.add("ant", "fedora");
        sample();
        List<Question> asked = new ArrayList<>();
        model.prepareDelete(model.modelOf(ant), asked::add);
        assertThat(asked).singleElement().satisfies(question -> {
            assertThat(question.text()).contains(ant.folder().toString());
            assertThat(question.lines()).containsExactly("machine.json  (2 bytes)");
            assertThat(question.option().orElseThrow().lines()).containsExactly("disks/disk1.img  (4 KiB)");
        });
        model.delete(model.modelOf(ant), false);
        assertThat(host.calls).containsExactly("delete ant");
        assertThat(model.emptyProperty().get()).isTrue();
    }

    @Test
    void aRefusedStartIsTold() {
        FakeMachine ant = host.add("ant", "fedora");
        sample();
        ant.refuse("disk1.img is in use: close the other program");
        model.modelOf(ant).start();
        assertThat(model.notices())
                .extracting(Notice::text)
                .containsExactly("Disk1.img is in use: close the other program");
        assertThat(model.modelOf(ant).busyProperty().get()).isFalse();
    }
}
