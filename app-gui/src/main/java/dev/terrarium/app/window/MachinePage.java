// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.engine.HostCapabilities.AcceleratorReport;
import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.Snapshot;
import dev.terrarium.icons.Icon;
import dev.terrarium.icons.IconView;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.MenuButton;
import javafx.scene.control.MenuItem;
import javafx.scene.control.SeparatorMenuItem;
import javafx.scene.control.Tab;
import javafx.scene.control.TabPane;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import javafx.util.Subscription;

/** One machine: its name, state and buttons, and the tabs Console, Overview, Snapshots and Details. */
final class MachinePage extends VBox {
    /** What a machine's page asks the window to do. */
    interface Requests {
        void delete(MachineViewModel machine);

        /**
         * A copy of the machine.
         *
         * @param snapshots moments that can be copied
         * @param moment proposed; empty for now
         */
        void clone(MachineViewModel machine, List<Snapshot> snapshots, Optional<Snapshot> moment);

        void ask(Question question, Consumer<Question.Answer> answered);
    }

    private final MainViewModel main;
    private final MachineViewModel model;
    private final Requests requests;
    private final ConsoleTab console;
    private final OverviewTab overview;
    private final DetailsTab details;
    private final SnapshotsViewModel snapshotModel;
    private final SnapshotsTab snapshots;
    private final TabPane tabs = new TabPane();
    private Subscription subscription = Subscription.EMPTY;

    MachinePage(MainViewModel main, MachineViewModel model, Requests requests) {
        this.main = main;
        this.model = model;
        this.requests = requests;
        getStyleClass().add("machine-page");
        console = new ConsoleTab(main, model);
        overview = new OverviewTab(model);
        details = new DetailsTab(main, model, () -> requests.delete(model));
        snapshotModel = new SnapshotsViewModel(main, model, model.machine().snapshots());
        snapshots = new SnapshotsTab(model, snapshotModel, new SnapshotRequests());
        tabs.getTabs()
                .setAll(
                        tab("Console", console),
                        tab("Overview", overview),
                        tab("Snapshots", snapshots),
                        tab("Details", details));
        tabs.setTabClosingPolicy(TabPane.TabClosingPolicy.UNAVAILABLE);
        VBox.setVgrow(tabs, Priority.ALWAYS);
        getChildren().setAll(header(), failureLine(), pauseLine(), tabs);
        subscription = subscription.and(model.stateProperty().subscribe((before, now) -> {
            if (now == MachineState.STARTING || (now == MachineState.RUNNING && before == MachineState.OFF)) {
                tabs.getSelectionModel().select(0);
            }
        }));
    }

    private static Tab tab(String title, Region content) {
        return new Tab(title, content);
    }

    int selectedTab() {
        return tabs.getSelectionModel().getSelectedIndex();
    }

    void selectTab(int index) {
        tabs.getSelectionModel().select(index);
    }

    MachineViewModel model() {
        return model;
    }

    /** Lets go of the machine. */
    void dispose() {
        subscription.unsubscribe();
        console.dispose();
        overview.dispose();
        details.dispose();
        snapshots.dispose();
    }

    private HBox header() {
        Label name = Controls.label(model.name(), "machine-name");
        name.setMinWidth(60);
        StateDot dot = new StateDot();
        Label state = Controls.label("", "state-text");
        state.setId("state");
        state.textProperty().bind(model.stateText());
        state.setMinWidth(USE_PREF_SIZE);
        Label accelerator = Controls.label("", "badge");
        accelerator.setId("accelerator");
        accelerator.setMinWidth(USE_PREF_SIZE);
        Tooltip why = new Tooltip();
        why.setWrapText(true);
        why.setMaxWidth(360);
        accelerator.setTooltip(why);
        Label elsewhere = Controls.label("Elsewhere", "badge", "attention");
        elsewhere.setMinWidth(USE_PREF_SIZE);
        elsewhere.setTooltip(new Tooltip("Another Terrarium process runs this machine; it can be used from here"));
        HBox status = new HBox(dot, state, accelerator, elsewhere);
        status.getStyleClass().add("status");
        subscription = subscription
                .and(model.stateProperty().subscribe(dot::setState))
                .and(model.elsewhereProperty().subscribe(value -> Controls.show(elsewhere, value)))
                .and(model.statisticsProperty().subscribe(figures -> {
                    boolean known = !figures.accelerator().equals("none");
                    accelerator.setText(
                            known
                                    ? Words.accelerator(figures.accelerator())
                                    : Words.accelerator(
                                            model.configProperty().get().accelerator()));
                    why.setText(explain(known ? figures.accelerator() : ""));
                }));
        VBox title = new VBox(name, status);
        title.getStyleClass().add("page-title");
        HBox.setHgrow(title, Priority.ALWAYS);
        title.setMinWidth(160);
        HBox header = new HBox(title, buttons());
        header.getStyleClass().add("page-header");
        return header;
    }

    /** Why the machine runs on what it runs on. */
    private String explain(String accelerator) {
        Optional<List<AcceleratorReport>> reports =
                main.capabilitiesProperty().get().map(computer -> computer.accelerators());
        StringBuilder text = new StringBuilder(
                accelerator.isEmpty()
                        ? "When it starts, it can run on:"
                        : "It runs on " + Words.accelerator(accelerator) + ".");
        reports.orElse(List.of()).forEach(report -> text.append('\n')
                .append(Words.accelerator(report.name()))
                .append(": ")
                .append(report.verdict()));
        return text.toString();
    }

    private HBox buttons() {
        Button start = Controls.button("start", Icon.START, "Start", model::start);
        start.getStyleClass().add("accent");
        start.disableProperty().bind(model.canStart().not());
        Button pause = Controls.iconButton("pause", Icon.PAUSE, "Pause", model::togglePause);
        Button power = Controls.iconButton(
                "power", Icon.POWER, "Press the power button: asks the guest to shut down", model::pressPowerButton);
        Button reset = Controls.iconButton("reset", Icon.RESET, "Reset", this::askReset);
        Button forceOff =
                Controls.iconButton("force-off", Icon.FORCE_OFF, "Force off: cuts the power", this::askForceOff);
        Button save = Controls.iconButton(
                "save", Icon.SAVE, "Save: writes the machine to disk; the next start goes on where it was", this::save);
        List.of(pause, save, power, reset, forceOff).forEach(button -> button.disableProperty()
                .bind(model.active().not().or(model.busyProperty())));
        subscription = subscription
                .and(model.active().subscribe(active -> Controls.show(start, !active)))
                .and(model.stateProperty()
                        .subscribe(state -> start.setText(state == MachineState.SAVED ? "Continue" : "Start")))
                .and(model.stateProperty().subscribe(state -> {
                    boolean paused = state == MachineState.PAUSED;
                    ((IconView) pause.getGraphic()).setIcon(paused ? Icon.START : Icon.PAUSE);
                    String text = paused ? "Resume" : "Pause";
                    pause.setAccessibleText(text);
                    pause.getTooltip().setText(text);
                }));
        MenuButton more = new MenuButton("", Icon.MORE.view());
        more.setId("more");
        more.setAccessibleText("More");
        more.setTooltip(new Tooltip("More"));
        more.getStyleClass().addAll("button-icon", "no-arrow");
        MenuItem delete = new MenuItem("Delete\u2026", Icon.DELETE.view().styled("danger"));
        delete.setId("delete");
        delete.setOnAction(event -> requests.delete(model));
        delete.disableProperty().bind(model.active());
        MenuItem discard = new MenuItem("Discard the saved state\u2026");
        discard.setId("discard");
        discard.setOnAction(event -> askDiscard());
        subscription = subscription.and(
                model.stateProperty().subscribe(state -> discard.setVisible(state == MachineState.SAVED)));
        MenuItem clone = new MenuItem("Clone\u2026", Icon.CLONE.view());
        clone.setId("clone");
        clone.setOnAction(event -> askClone(Optional.empty()));
        more.getItems().setAll(console.pictureItems());
        more.getItems().addAll(new SeparatorMenuItem(), clone, discard, delete);
        HBox buttons = new HBox(start, pause, save, power, reset, forceOff, more);
        buttons.getStyleClass().add("page-buttons");
        buttons.setMinWidth(USE_PREF_SIZE);
        return buttons;
    }

    private HBox failureLine() {
        Label reason = Controls.wrapped("", "failure-text");
        HBox.setHgrow(reason, Priority.ALWAYS);
        HBox line = new HBox(Icon.ERROR.view().styled("danger"), reason);
        line.getStyleClass().add("failure");
        subscription = subscription.and(model.failureProperty().subscribe(failure -> {
            reason.setText(failure.map(Words::sentence).orElse(""));
            Controls.show(line, failure.isPresent());
        }));
        return line;
    }

    /** Why the engine paused the machine, with the way on. */
    private HBox pauseLine() {
        Label reason = Controls.wrapped("", "pause-text");
        reason.setId("pause-reason");
        reason.setMaxWidth(Double.MAX_VALUE);
        HBox.setHgrow(reason, Priority.ALWAYS);
        Button resume = Controls.button("pause-resume", Icon.START, "Resume", model::togglePause);
        resume.disableProperty().bind(model.busyProperty());
        HBox line = new HBox(Icon.WARNING.view().styled("warning"), reason, resume);
        line.getStyleClass().addAll("failure", "paused");
        subscription = subscription.and(model.pauseReasonProperty().subscribe(why -> {
            reason.setText(why.map(Words::sentence).orElse(""));
            Controls.show(line, why.isPresent());
        }));
        return line;
    }

    private void save() {
        main.save(model);
    }

    private void askDiscard() {
        ask(
                new Question(
                        "Discard the saved state of \u201c" + model.name() + "\u201d?",
                        "The machine is off then, as if its power had been cut when it was saved. What the guest had not"
                                + " written to disk is lost.",
                        List.of(),
                        Optional.empty(),
                        "Discard"),
                model::discardSavedState);
    }

    private final class SnapshotRequests implements SnapshotsTab.Requests {
        @Override
        public void ask(Question question, Consumer<Question.Answer> answered) {
            requests.ask(question, answered);
        }

        @Override
        public void clone(Snapshot snapshot) {
            askClone(Optional.of(snapshot));
        }
    }

    private void askClone(Optional<Snapshot> moment) {
        requests.clone(model, snapshotModel.treeProperty().get().snapshots(), moment);
    }

    private void ask(Question question, Runnable confirmed) {
        requests.ask(question, answer -> {
            if (answer.confirmed()) {
                confirmed.run();
            }
        });
    }

    private void askReset() {
        ask(
                new Question(
                        "Reset \u201c" + model.name() + "\u201d?",
                        "It starts again at once. What the guest has not written to disk is lost.",
                        List.of(),
                        Optional.empty(),
                        "Reset"),
                model::reset);
    }

    private void askForceOff() {
        ask(
                new Question(
                        "Force \u201c" + model.name() + "\u201d off?",
                        "Its power is cut. What the guest has not written to disk is lost. The power button next to it"
                                + " asks the guest to shut down properly.",
                        List.of(),
                        Optional.empty(),
                        "Force off"),
                model::forceOff);
    }
}
