// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.app.chart.History;
import dev.terrarium.app.window.HostSample.MachineSample;
import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.MachineStatistics;
import dev.terrarium.engine.Screenshot;
import dev.terrarium.engine.StartOptions;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.engine.config.MachineConfig;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import javafx.beans.binding.Bindings;
import javafx.beans.binding.BooleanBinding;
import javafx.beans.property.ReadOnlyBooleanProperty;
import javafx.beans.property.ReadOnlyBooleanWrapper;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import javafx.beans.value.ObservableValue;
import org.jspecify.annotations.Nullable;

/** One machine as the window shows it: its state, its figures over two minutes, and what may be done with it now. */
final class MachineViewModel {
    /** How many samples the graphs keep, one a second. */
    static final int SAMPLES = 120;

    /** The longest text to type: at 30 ms a key this takes a minute. */
    static final int MOST_TYPED = 2000;

    private static final long SHORTEST_SAMPLE_NANOS = TimeUnit.MILLISECONDS.toNanos(700);

    private final VirtualMachine machine;
    private final Work work;
    private final ReadOnlyObjectWrapper<MachineState> state;
    private final ReadOnlyObjectWrapper<MachineConfig> config;
    private final ReadOnlyObjectWrapper<MachineStatistics> statistics;
    private final ReadOnlyObjectWrapper<Optional<String>> failure;
    private final ReadOnlyObjectWrapper<Optional<String>> pauseReason;
    private final ReadOnlyBooleanWrapper elsewhere = new ReadOnlyBooleanWrapper();
    private final ReadOnlyBooleanWrapper busy = new ReadOnlyBooleanWrapper();
    private final History processor = new History(SAMPLES);
    private final History memory = new History(SAMPLES);
    private long sampledNanos;
    private long sampledBusyNanos = -1;

    private final BooleanBinding canStart;
    private final BooleanBinding active;
    private final BooleanBinding locked;

    MachineViewModel(MachineSample first, Work work) {
        this.machine = first.machine();
        this.work = work;
        state = new ReadOnlyObjectWrapper<>(first.state());
        config = new ReadOnlyObjectWrapper<>(first.config());
        statistics = new ReadOnlyObjectWrapper<>(first.statistics());
        failure = new ReadOnlyObjectWrapper<>(first.failure());
        pauseReason = new ReadOnlyObjectWrapper<>(first.pauseReason());
        canStart = Bindings.createBooleanBinding(() -> !state.get().active() && !busy.get(), state, busy);
        active = Bindings.createBooleanBinding(() -> state.get().active(), state);
        locked = Bindings.createBooleanBinding(() -> state.get().active() || state.get() == MachineState.SAVED, state);
        update(first);
    }

    /** Takes over a newer sample of the same machine. */
    void update(MachineSample sample) {
        config.set(sample.config());
        failure.set(sample.failure());
        pauseReason.set(sample.pauseReason());
        elsewhere.set(sample.elsewhere());
        statistics.set(sample.statistics());
        state.set(sample.state());
        record(sample);
    }

    private void record(MachineSample sample) {
        MachineStatistics figures = sample.statistics();
        if (!sample.state().active()) {
            if (processor.size() > 0) {
                processor.clear();
                memory.clear();
            }
            sampledBusyNanos = -1;
            return;
        }
        long elapsed = sample.timeNanos() - sampledNanos;
        boolean first = sampledBusyNanos < 0 || figures.busyNanos() < sampledBusyNanos;
        if (!first && elapsed < SHORTEST_SAMPLE_NANOS) {
            return;
        }
        if (!first) {
            long busyTime = figures.busyNanos() - sampledBusyNanos;
            processor.add((double) busyTime / ((double) elapsed * Math.max(1, figures.vcpus())));
            memory.add((double) figures.residentBytes() / Math.max(1, figures.memoryBytes()));
        }
        sampledNanos = sample.timeNanos();
        sampledBusyNanos = figures.busyNanos();
    }

    VirtualMachine machine() {
        return machine;
    }

    String name() {
        return machine.name();
    }

    ReadOnlyObjectProperty<MachineState> stateProperty() {
        return state.getReadOnlyProperty();
    }

    MachineState state() {
        return state.get();
    }

    ReadOnlyObjectProperty<MachineConfig> configProperty() {
        return config.getReadOnlyProperty();
    }

    ReadOnlyObjectProperty<MachineStatistics> statisticsProperty() {
        return statistics.getReadOnlyProperty();
    }

    ReadOnlyObjectProperty<Optional<String>> failureProperty() {
        return failure.getReadOnlyProperty();
    }

    /** Why the engine, not a person, paused it. */
    ReadOnlyObjectProperty<Optional<String>> pauseReasonProperty() {
        return pauseReason.getReadOnlyProperty();
    }

    /** Does another process run it? */
    ReadOnlyBooleanProperty elsewhereProperty() {
        return elsewhere.getReadOnlyProperty();
    }

    /** Is something being done to it that takes a while? */
    ReadOnlyBooleanProperty busyProperty() {
        return busy.getReadOnlyProperty();
    }

    /** Share of its vCPUs' time that was used. */
    History processor() {
        return processor;
    }

    /** Share of its memory that the host holds for it. */
    History memory() {
        return memory;
    }

    /** The state in words: {@code Running in another process}. */
    ObservableValue<String> stateText() {
        return Bindings.createStringBinding(
                () -> Words.state(state.get()) + (elsewhere.get() ? " in another process" : ""), state, elsewhere);
    }

    /** The second line of a list row. */
    ObservableValue<String> summary() {
        return Bindings.createStringBinding(
                () -> {
                    if (!state.get().active()) {
                        return Words.state(state.get());
                    }
                    String figures = Words.percent(processor.last()) + " CPU";
                    return state.get() == MachineState.RUNNING ? figures : Words.state(state.get());
                },
                state,
                processor.revisionProperty());
    }

    BooleanBinding canStart() {
        return canStart;
    }

    BooleanBinding active() {
        return active;
    }

    /** May its configuration not be changed now? */
    BooleanBinding locked() {
        return locked;
    }

    void start() {
        perform("could not be started", () -> machine.start(StartOptions.DEFAULT));
    }

    /** Pauses a machine that runs, resumes one that is paused. */
    void togglePause() {
        if (state.get() == MachineState.PAUSED) {
            perform("could not be resumed", machine::resume);
        } else {
            perform("could not be paused", machine::pause);
        }
    }

    void pressPowerButton() {
        perform("could not be asked to shut down", machine::pressPowerButton);
    }

    void reset() {
        perform("could not be reset", machine::reset);
    }

    void forceOff() {
        perform("could not be switched off", machine::forceOff);
    }

    /** Throws away what a saved machine would go on with. */
    void discardSavedState() {
        perform("could not be switched off", machine::discardSavedState);
    }

    void reconfigure(MachineConfig changed) {
        perform("could not be changed", () -> machine.reconfigure(changed));
    }

    /** Types text on the guest's keyboard, as on a US layout. */
    void type(String text) {
        if (text.isEmpty()) {
            work.tell(new Notice(Notice.Kind.WARNING, "Nothing to type", "There is no text on the clipboard"));
        } else if (text.length() > MOST_TYPED) {
            work.tell(new Notice(
                    Notice.Kind.WARNING,
                    "Too much to type",
                    "The clipboard\u2019s text has " + text.length() + " characters; " + MOST_TYPED
                            + " can be typed at once"));
        } else {
            attempt("could not be typed into", () -> machine.type(text.replace("\r\n", "\n")), () -> {});
        }
    }

    /** Takes a picture of the screen and hands it over on the window's thread. */
    void takePicture(Consumer<Screenshot> taken) {
        AtomicReference<@Nullable Screenshot> picture = new AtomicReference<>();
        attempt("could not be pictured", () -> picture.set(machine.screenshot()), () -> Optional.ofNullable(
                        picture.get())
                .ifPresent(taken));
    }

    /** Writes a picture as PNG. */
    void savePicture(Screenshot picture, Path chosen) {
        Path file = PictureFile.withEnding(chosen);
        attempt(
                "was pictured, but not saved",
                () -> PictureFile.write(picture, file),
                () -> work.tell(new Notice(Notice.Kind.DONE, "Saved", "The screenshot is in " + file)));
    }

    private void attempt(String failed, Work.Action action, Runnable done) {
        work.run(action, done, problem -> tellFailure(failed, problem));
    }

    private void tellFailure(String failed, String problem) {
        work.tell(new Notice(Notice.Kind.ERROR, "\u201c" + name() + "\u201d " + failed, Words.sentence(problem)));
    }

    private void perform(String failed, Work.Action action) {
        busy.set(true);
        work.run(action, () -> busy.set(false), problem -> {
            busy.set(false);
            tellFailure(failed, problem);
        });
    }
}
