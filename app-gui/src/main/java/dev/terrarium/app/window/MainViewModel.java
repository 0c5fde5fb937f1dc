// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.app.task.Task;
import dev.terrarium.app.task.Tasks;
import dev.terrarium.app.window.HostSample.MachineSample;
import dev.terrarium.engine.CloneRequest;
import dev.terrarium.engine.Host;
import dev.terrarium.engine.Host.DamagedMachine;
import dev.terrarium.engine.HostCapabilities;
import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.engine.config.GuestSystem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.stream.Stream;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.ReadOnlyBooleanProperty;
import javafx.beans.property.ReadOnlyBooleanWrapper;
import javafx.beans.property.ReadOnlyStringProperty;
import javafx.beans.property.ReadOnlyStringWrapper;
import javafx.beans.property.SimpleObjectProperty;
import javafx.beans.property.SimpleStringProperty;
import javafx.beans.property.StringProperty;
import javafx.collections.FXCollections;
import javafx.collections.ObservableList;

/** The whole window's state: who lives here, who is selected, what has to be said. Used on the window's thread only. */
final class MainViewModel {
    private static final int MOST_NOTICES = 4;

    private final Host host;
    private final Work work;
    private final Tasks tasks;
    private final Map<VirtualMachine, MachineViewModel> machines = new LinkedHashMap<>();
    private List<DamagedMachine> damaged = List.of();
    private final ObservableList<ListEntry> entries = FXCollections.observableArrayList();
    private final ObservableList<Notice> notices = FXCollections.observableArrayList();
    private final StringProperty search = new SimpleStringProperty("");
    private final ObjectProperty<Optional<ListEntry>> selected = new SimpleObjectProperty<>(Optional.empty());
    private final ObjectProperty<Optional<HostCapabilities>> capabilities =
            new SimpleObjectProperty<>(Optional.empty());
    private final ReadOnlyStringWrapper hostProcessor = new ReadOnlyStringWrapper("");
    private final ReadOnlyStringWrapper hostMemory = new ReadOnlyStringWrapper("");
    private final ReadOnlyBooleanWrapper empty = new ReadOnlyBooleanWrapper();

    MainViewModel(Host host, Executor background, Executor window) {
        this.host = host;
        work = new Work(background, window, this::tell);
        tasks = new Tasks(background, window, System::nanoTime);
        search.subscribe(text -> arrange());
    }

    Host host() {
        return host;
    }

    Work work() {
        return work;
    }

    /** Long work of this window. */
    Tasks tasks() {
        return tasks;
    }

    /** Begins long work; if it fails, that is told. */
    Task begin(String title, Tasks.Job job, Runnable done) {
        return tellingFailure(tasks.start(title, job, done));
    }

    /** Begins long work that cannot be stopped on its way; if it fails, that is told. */
    Task beginWhole(String title, Tasks.Whole job, Runnable done) {
        return tellingFailure(tasks.startWhole(title, job, done));
    }

    private Task tellingFailure(Task task) {
        task.statusProperty().subscribe(status -> {
            if (status.state() == Task.State.FAILED) {
                tell(new Notice(Notice.Kind.ERROR, task.title() + " failed", Words.sentence(status.reason())));
            }
        });
        return task;
    }

    /** A running machine goes on without KVM. */
    void leftKvm(String machine, String reason) {
        tell(new Notice(
                Notice.Kind.WARNING,
                "\u201c" + machine + "\u201d left KVM",
                "It goes on with Terrarium's own processor. " + Words.sentence(reason)));
    }

    /** Takes over what the host and its machines are doing now. */
    void update(HostSample sample) {
        Set<VirtualMachine> present = new HashSet<>();
        for (MachineSample machine : sample.machines()) {
            present.add(machine.machine());
            MachineViewModel known = machines.get(machine.machine());
            if (known == null) {
                machines.put(machine.machine(), new MachineViewModel(machine, work));
            } else {
                MachineState before = known.state();
                boolean paused = known.pauseReasonProperty().get().isPresent();
                known.update(machine);
                if (!paused) {
                    machine.pauseReason()
                            .ifPresent(why -> tell(new Notice(
                                    Notice.Kind.WARNING,
                                    "\u201c" + known.name() + "\u201d is paused",
                                    Words.sentence(why))));
                }
                if (before != MachineState.CRASHED && machine.state() == MachineState.CRASHED) {
                    tell(new Notice(
                            Notice.Kind.ERROR,
                            "\u201c" + known.name() + "\u201d crashed",
                            Words.sentence(machine.failure().orElse("its log says more"))));
                }
            }
        }
        machines.keySet().retainAll(present);
        damaged = sample.damaged();
        HostCapabilities computer = sample.capabilities();
        capabilities.set(Optional.of(computer));
        hostProcessor.set(computer.processors()
                + (computer.processors() == 1 ? " CPU  " : " CPUs  ")
                + Words.percent(sample.processorLoad()));
        hostMemory.set(Words.size(computer.memoryBytes() - computer.availableMemoryBytes()) + " of "
                + Words.size(computer.memoryBytes()));
        empty.set(machines.isEmpty() && damaged.isEmpty());
        arrange();
    }

    /** Sorts the machines that match the search into their groups. */
    private void arrange() {
        List<MachineViewModel> shown = machines.values().stream()
                .filter(this::matches)
                .sorted((a, b) -> a.name().compareToIgnoreCase(b.name()))
                .toList();
        List<ListEntry> arranged = new ArrayList<>();
        group(arranged, "Running", shown, Set.of(MachineState.STARTING, MachineState.RUNNING));
        group(arranged, "Paused", shown, Set.of(MachineState.PAUSED));
        group(arranged, "Saved", shown, Set.of(MachineState.SAVED));
        group(arranged, "Crashed", shown, Set.of(MachineState.CRASHED));
        group(arranged, "Off", shown, Set.of(MachineState.OFF));
        List<ListEntry> broken = damaged.stream()
                .filter(machine -> contains(machine.name()))
                .<ListEntry>map(ListEntry.Damaged::new)
                .toList();
        if (!broken.isEmpty()) {
            arranged.add(new ListEntry.Heading("Damaged", broken.size()));
            arranged.addAll(broken);
        }
        if (!arranged.equals(entries)) {
            Optional<ListEntry> before = selected.get();
            entries.setAll(arranged);
            selected.set(before.filter(this::exists));
        }
        if (selected.get().isEmpty()) {
            selected.set(arranged.stream()
                    .filter(entry -> !(entry instanceof ListEntry.Heading))
                    .findFirst());
        }
    }

    /** A machine stays selected although the search hides it; only one that is gone is let go. */
    private boolean exists(ListEntry entry) {
        return switch (entry) {
            case ListEntry.Machine(MachineViewModel model) -> machines.containsValue(model);
            case ListEntry.Damaged(DamagedMachine machine) -> damaged.contains(machine);
            case ListEntry.Heading heading -> false;
        };
    }

    private static void group(
            List<ListEntry> into, String title, List<MachineViewModel> from, Set<MachineState> states) {
        List<ListEntry> members = from.stream()
                .filter(model -> states.contains(model.state()))
                .<ListEntry>map(ListEntry.Machine::new)
                .toList();
        if (!members.isEmpty()) {
            into.add(new ListEntry.Heading(title, members.size()));
            into.addAll(members);
        }
    }

    private boolean matches(MachineViewModel model) {
        return contains(model.name())
                || contains(GuestSystem.of(model.configProperty().get().operatingSystem())
                        .title());
    }

    private boolean contains(String text) {
        return text.toLowerCase(Locale.ROOT).contains(search.get().strip().toLowerCase(Locale.ROOT));
    }

    ObservableList<ListEntry> entries() {
        return entries;
    }

    ObservableList<Notice> notices() {
        return notices;
    }

    StringProperty searchProperty() {
        return search;
    }

    /** A machine or a damaged one, never a heading. */
    ObjectProperty<Optional<ListEntry>> selectedProperty() {
        return selected;
    }

    ObjectProperty<Optional<HostCapabilities>> capabilitiesProperty() {
        return capabilities;
    }

    ReadOnlyStringProperty hostProcessorProperty() {
        return hostProcessor.getReadOnlyProperty();
    }

    ReadOnlyStringProperty hostMemoryProperty() {
        return hostMemory.getReadOnlyProperty();
    }

    /** Is there nothing at all yet? */
    ReadOnlyBooleanProperty emptyProperty() {
        return empty.getReadOnlyProperty();
    }

    /** Why no machine could start on this computer, with what to do. */
    Optional<String> hostProblem() {
        return capabilities.get().flatMap(computer -> Optional.ofNullable(computer.firmwareAdvice()));
    }

    /** The machine's view model, made now if the last sample did not have it. */
    MachineViewModel modelOf(VirtualMachine machine) {
        return machines.computeIfAbsent(machine, added -> {
            empty.set(false);
            return new MachineViewModel(MachineSample.of(added), work);
        });
    }

    Optional<MachineViewModel> find(String name) {
        return machines.values().stream()
                .filter(model -> model.name().equals(name))
                .findFirst();
    }

    /** Selects a machine, new or known, and switches it on if asked. */
    void show(VirtualMachine machine, boolean start) {
        MachineViewModel model = modelOf(machine);
        search.set("");
        arrange();
        selected.set(Optional.of(new ListEntry.Machine(model)));
        if (start) {
            model.start();
        }
    }

    void tell(Notice notice) {
        if (notices.contains(notice)) {
            return;
        }
        if (notices.size() == MOST_NOTICES) {
            notices.removeFirst();
        }
        notices.add(notice);
    }

    void dismiss(Notice notice) {
        notices.remove(notice);
    }

    /** The machines that end when this process does. */
    List<MachineViewModel> endingWithUs() {
        return machines.values().stream()
                .filter(model ->
                        model.state().active() && !model.elsewhereProperty().get())
                .toList();
    }

    /** The question to ask before the window closes, if there is one. */
    Optional<Question> closingQuestion() {
        return ClosingQuestion.of(endingWithUs(), tasks.running());
    }

    /** Writes a machine to disk and ends it. */
    Task save(MachineViewModel model) {
        return begin("Save " + model.name(), model.machine()::save, () -> {});
    }

    /** Saves every machine that would end with this process; {@code all} is run if none of them failed. */
    void saveAll(Runnable all) {
        List<Task> saving = endingWithUs().stream().map(this::save).toList();
        boolean[] told = {false};
        saving.forEach(task -> task.statusProperty().subscribe(status -> {
            if (!told[0] && saving.stream().allMatch(each -> each.status().state() == Task.State.DONE)) {
                told[0] = true;
                all.run();
            }
        }));
    }

    /** Names that a new machine cannot have. */
    Set<String> names() {
        Set<String> names = new HashSet<>();
        machines.keySet().forEach(machine -> names.add(machine.name()));
        damaged.forEach(machine -> names.add(machine.name()));
        return names;
    }

    /** Copies a machine. */
    void clone(MachineViewModel model, CloneRequest request) {
        begin(
                "Clone " + model.name() + " to " + request.name(),
                progress -> host.clone(model.machine(), request, progress),
                () -> tell(new Notice(
                        Notice.Kind.DONE,
                        "\u201c" + request.name() + "\u201d is ready",
                        "It is a " + (request.kind() == CloneRequest.Kind.LINKED ? "linked copy" : "copy")
                                + " of \u201c" + model.name() + "\u201d, and off")));
    }

    /** Finds out in the background what removing a machine would remove. */
    void prepareDelete(MachineViewModel model, Consumer<Question> ask) {
        Path folder = model.machine().folder();
        work.background().execute(() -> {
            List<String> always = new ArrayList<>();
            List<String> others = new ArrayList<>();
            long[] optionalBytes = {0};
            try (Stream<Path> files = Files.walk(folder)) {
                files.filter(Files::isRegularFile).sorted().forEach(file -> {
                    long bytes = file.toFile().length();
                    String line = folder.relativize(file) + "  (" + Words.size(bytes) + ")";
                    if (file.equals(folder.resolve("machine.json"))) {
                        always.add(line);
                    } else {
                        others.add(line);
                        optionalBytes[0] += bytes;
                    }
                });
            } catch (IOException | java.io.UncheckedIOException e) {
                work.window()
                        .execute(() -> tell(new Notice(
                                Notice.Kind.ERROR,
                                "\u201c" + model.name() + "\u201d cannot be looked at",
                                folder + " cannot be listed (" + e.getMessage() + "): check its permissions")));
                return;
            }
            boolean hasDisks = others.stream().anyMatch(line -> line.startsWith("disks/"));
            Optional<Question.Option> option = hasDisks
                    ? Optional.of(new Question.Option(
                            "Also its disks and logs (" + Words.size(optionalBytes[0]) + ")", others))
                    : Optional.empty();
            if (!hasDisks) {
                always.addAll(others);
            }
            Question question = new Question(
                    "Delete \u201c" + model.name() + "\u201d?",
                    "These files in " + folder + " will be removed for good. Images that lie elsewhere stay.",
                    always,
                    option,
                    "Delete");
            work.window().execute(() -> ask.accept(question));
        });
    }

    void delete(MachineViewModel model, boolean disks) {
        work.run(
                () -> host.delete(model.machine(), disks),
                () -> {
                    machines.remove(model.machine());
                    empty.set(machines.isEmpty() && damaged.isEmpty());
                    arrange();
                    tell(new Notice(Notice.Kind.DONE, "\u201c" + model.name() + "\u201d is deleted", ""));
                },
                problem -> tell(new Notice(
                        Notice.Kind.ERROR,
                        "\u201c" + model.name() + "\u201d could not be deleted",
                        Words.sentence(problem))));
    }
}
