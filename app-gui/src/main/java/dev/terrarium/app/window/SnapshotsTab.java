// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.app.snapshot.TreeRow;
import dev.terrarium.engine.Snapshot;
import dev.terrarium.icons.Icon;
import dev.terrarium.wizards.SnapshotDialogs;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import javafx.beans.value.ObservableValue;
import javafx.collections.FXCollections;
import javafx.collections.ListChangeListener;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.ListView;
import javafx.scene.control.ScrollPane;
import javafx.scene.input.KeyCode;
import javafx.scene.input.MouseButton;
import javafx.scene.layout.BorderPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import javafx.util.Subscription;

/** The snapshots of a machine: their tree, the one that is selected, and what can be done with it. */
final class SnapshotsTab extends StackPane {
    /** What this page asks the window to do. */
    interface Requests {
        void ask(Question question, Consumer<Question.Answer> answered);

        /** A copy of the machine as it was at a snapshot. */
        void clone(Snapshot snapshot);
    }

    private final MachineViewModel machine;
    private final SnapshotsViewModel model;
    private final Requests requests;
    private final ListView<TreeRow> list = new ListView<>();
    private final ThumbnailCache pictures = new ThumbnailCache();
    private final Thumbnail large = new Thumbnail(268, 168);
    private final Label name = Controls.wrapped("", "section-title");
    private final Label description = Controls.wrapped("");
    private final VBox facts = new VBox();
    private final VBox details = new VBox();
    private final HBox problem;
    private final ObservableValue<String> refusal;
    private Optional<UUID> shown = Optional.empty();
    private Subscription picture = Subscription.EMPTY;
    private Subscription subscription;

    SnapshotsTab(MachineViewModel machine, SnapshotsViewModel model, Requests requests) {
        this.machine = machine;
        this.model = model;
        this.requests = requests;
        refusal = model.refusal();
        getStyleClass().add("snapshots-tab");
        Label why = Controls.wrapped("", "failure-text");
        why.textProperty().bind(model.problemProperty());
        problem = new HBox(Icon.WARNING.view().styled("danger"), why);
        problem.getStyleClass().add("failure");
        buildList();
        BorderPane tree = new BorderPane(list, new VBox(problem, bar()), details(), null, null);
        VBox empty = emptyPage();
        getChildren().setAll(tree, empty);
        model.rows().addListener((ListChangeListener<TreeRow>) change -> reselect());
        subscription = model.problemProperty()
                .subscribe(text -> Controls.show(problem, !text.isEmpty()))
                .and(model.knownProperty().subscribe(known -> arrange(tree, empty)))
                .and(model.treeProperty().subscribe(now -> arrange(tree, empty)))
                // Another process may have changed them, and a start or an end may have.
                .and(machine.stateProperty().subscribe(state -> model.refresh()));
    }

    private void arrange(BorderPane tree, VBox empty) {
        boolean nothing = model.treeProperty().get().snapshots().isEmpty()
                && model.treeProperty().get().problems().isEmpty();
        Controls.show(empty, nothing && model.knownProperty().get());
        Controls.show(tree, !nothing);
    }

    private VBox emptyPage() {
        Label title = Controls.label("No snapshots yet", "empty-title");
        Label text = Controls.wrapped(
                "A snapshot keeps this moment of the machine: its disks and, if it runs, its memory. Take one before an"
                        + " update or an experiment; if it goes wrong, go back as if nothing had happened.",
                "empty-text");
        Button take = Controls.button("first-snapshot", Icon.SNAPSHOT, "Take snapshot\u2026", this::take);
        take.getStyleClass().addAll("accent", "large");
        Label why = Controls.label("", "muted-text");
        followRefusal(take, why);
        VBox empty = new VBox(Icon.SNAPSHOT.view(56).styled("muted"), title, text, take, why);
        empty.getStyleClass().add("empty-page");
        return empty;
    }

    private HBox bar() {
        Button take = Controls.button("take-snapshot", Icon.SNAPSHOT, "Take snapshot\u2026", this::take);
        take.getStyleClass().add("accent");
        Label why = Controls.label("", "muted-text");
        followRefusal(take, why);
        HBox bar = new HBox(take, why);
        bar.getStyleClass().add("snapshot-bar");
        return bar;
    }

    private void followRefusal(Button take, Label why) {
        why.textProperty().bind(refusal);
        take.disableProperty().bind(why.textProperty().isNotEmpty());
    }

    private void buildList() {
        list.setId("snapshots");
        list.setAccessibleText("Snapshots");
        list.setItems(model.rows());
        list.setFixedCellSize(SnapshotRow.HEIGHT);
        list.setCellFactory(view -> new SnapshotRow(machine::stateText, pictures));
        list.getSelectionModel()
                .selectedItemProperty()
                .subscribe(row -> show(Optional.ofNullable(row).flatMap(TreeRow::snapshot)));
        list.setOnKeyPressed(event -> {
            if (event.getCode() == KeyCode.DELETE) {
                delete();
            } else if (event.getCode() == KeyCode.F2) {
                edit();
            } else if (event.getCode() == KeyCode.ENTER) {
                revert();
            }
        });
        list.setOnMouseClicked(event -> {
            if (event.getButton() == MouseButton.PRIMARY && event.getClickCount() == 2) {
                revert();
            }
        });
    }

    private ScrollPane details() {
        VBox actions = new VBox(
                action("snapshot-revert", Icon.REVERT, "Go back to it\u2026", this::revert),
                action("snapshot-clone", Icon.CLONE, "Clone from it\u2026", this::cloneFrom),
                action("snapshot-edit", Icon.EDIT, "Edit\u2026", this::edit),
                action("snapshot-delete", Icon.DELETE, "Delete\u2026", this::delete));
        actions.getStyleClass().add("medium-actions");
        name.setId("snapshot-shown");
        facts.getStyleClass().add("medium-facts");
        details.getChildren().setAll(large, name, description, actions, facts);
        details.getStyleClass().add("medium-content");
        ScrollPane scroll = new ScrollPane(details);
        scroll.setFitToWidth(true);
        scroll.setHbarPolicy(ScrollPane.ScrollBarPolicy.NEVER);
        scroll.getStyleClass().addAll("page-scroll", "medium-pane");
        details.visibleProperty().subscribe(visible -> Controls.show(scroll, visible));
        Controls.show(details, false);
        return scroll;
    }

    private Button action(String id, Icon icon, String text, Runnable run) {
        Button button = Controls.button(id, icon, text, run);
        button.getStyleClass().addAll("flat", "medium-action");
        button.setMaxWidth(Double.MAX_VALUE);
        if (icon == Icon.DELETE) {
            button.getStyleClass().add("danger");
        }
        button.disableProperty().bind(model.busyProperty());
        return button;
    }

    private Optional<Snapshot> selected() {
        return Optional.ofNullable(list.getSelectionModel().getSelectedItem()).flatMap(TreeRow::snapshot);
    }

    private void reselect() {
        shown.ifPresent(id -> {
            for (int i = 0; i < model.rows().size(); i++) {
                if (model.rows()
                        .get(i)
                        .snapshot()
                        .filter(each -> each.id().equals(id))
                        .isPresent()) {
                    list.getSelectionModel().select(i);
                    return;
                }
            }
            list.getSelectionModel().clearSelection();
        });
    }

    private void show(Optional<Snapshot> selected) {
        picture.unsubscribe();
        picture = Subscription.EMPTY;
        Controls.show(details, selected.isPresent());
        if (selected.isEmpty()) {
            return;
        }
        Snapshot snapshot = selected.get();
        shown = Optional.of(snapshot.id());
        picture = pictures.show(snapshot, large);
        name.setText(snapshot.name());
        description.setText(snapshot.description());
        Controls.show(description, !snapshot.description().isEmpty());
        facts.getChildren().clear();
        fact("Taken", Words.moment(snapshot.time()));
        fact(
                "Holds",
                switch (snapshot.content()) {
                    case RUNNING -> "The running machine: memory and disks";
                    case STOPPED -> "The disks; the machine was off";
                    case DISKS -> "The disks of the running machine, as after a power cut";
                });
        if (snapshot.memoryBytes() > 0) {
            fact("Memory", Words.size(snapshot.memoryBytes()));
        }
        fact("Disks, of its own", Words.size(snapshot.diskBytes()));
        fact("Kept", snapshot.storage() == Snapshot.Storage.INTERNAL ? "Inside the disks" : "Beside the disks");
        if (!snapshot.machine().isEmpty()) {
            fact("The machine then", snapshot.machine());
        }
    }

    private void fact(String title, String text) {
        facts.getChildren().add(new VBox(Controls.label(title, "tile-title"), Controls.wrapped(text)));
    }

    private void take() {
        SnapshotDialogs.take(
                getScene().getWindow(),
                machine.name(),
                model.names(Optional.empty()),
                machine.state().active(),
                model::take);
    }

    private void revert() {
        selected()
                .filter(any -> !model.busyProperty().get())
                .ifPresent(snapshot -> requests.ask(model.revertQuestion(snapshot, Instant.now()), answer -> {
                    if (answer.confirmed()) {
                        model.revert(snapshot, answer.option());
                    }
                }));
    }

    private void cloneFrom() {
        selected().ifPresent(requests::clone);
    }

    private void edit() {
        selected()
                .filter(any -> !model.busyProperty().get())
                .ifPresent(snapshot -> SnapshotDialogs.edit(
                        getScene().getWindow(),
                        snapshot,
                        model.names(Optional.of(snapshot)),
                        wanted -> model.edit(snapshot, wanted)));
    }

    private void delete() {
        selected()
                .filter(any -> !model.busyProperty().get())
                .ifPresent(snapshot -> model.prepareDelete(
                        snapshot,
                        question -> requests.ask(question, answer -> {
                            if (answer.confirmed()) {
                                model.delete(snapshot);
                            }
                        })));
    }

    void dispose() {
        subscription.unsubscribe();
        picture.unsubscribe();
        list.setItems(FXCollections.emptyObservableList());
    }
}
