// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.wizards;

import dev.terrarium.engine.Snapshot;
import dev.terrarium.icons.Icon;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;
import javafx.scene.Node;
import javafx.scene.control.CheckBox;
import javafx.scene.control.Label;
import javafx.scene.control.RadioButton;
import javafx.scene.control.TextArea;
import javafx.scene.control.TextField;
import javafx.scene.control.TitledPane;
import javafx.scene.control.ToggleGroup;
import javafx.scene.layout.VBox;
import javafx.stage.Window;

/** The dialogs about snapshots; opened on the window's thread, they give back there what a person confirms. */
public final class SnapshotDialogs {
    private SnapshotDialogs() {}

    /** Another name and description. */
    public record Edit(String name, String description) {}

    /**
     * A snapshot to take.
     *
     * @param taken names of the machine's snapshots
     * @param running whether the machine is on
     */
    public static void take(
            Window owner,
            String machine,
            Set<String> taken,
            boolean running,
            Consumer<? super Snapshot.Request> wanted) {
        SnapshotViewModel model = new SnapshotViewModel(SnapshotViewModel.proposal(taken), "", taken, running);
        List<Node> fields = new ArrayList<>(fields(model));
        if (running) {
            CheckBox memory = new CheckBox("With memory: going back continues exactly where it was");
            memory.setId("snapshot-memory");
            memory.selectedProperty().bindBidirectional(model.memory);
            Label without = message("Without it, going back is like starting after a power cut.");
            without.getStyleClass().add("under-radio");
            fields.add(new VBox(6, memory, without));
        }
        fields.add(storage(model));
        new FormDialog("Take a snapshot of " + machine, Icon.SNAPSHOT, "Take snapshot")
                .show(owner, fields, model.valid(), model::request, wanted);
    }

    /**
     * Another name or description for a snapshot.
     *
     * @param others names of the machine's other snapshots
     */
    public static void edit(Window owner, Snapshot snapshot, Set<String> others, Consumer<? super Edit> wanted) {
        SnapshotViewModel model = new SnapshotViewModel(snapshot.name(), snapshot.description(), others, false);
        new FormDialog("Edit " + snapshot.name(), Icon.EDIT, "Save")
                .show(owner, fields(model), model.valid(), model::edit, wanted);
    }

    private static List<Node> fields(SnapshotViewModel model) {
        TextField name = new TextField();
        name.setId("snapshot-name");
        name.textProperty().bindBidirectional(model.name);
        TextArea description = new TextArea();
        description.setId("snapshot-description");
        description.setPromptText("What is special about this moment? Before an update, after the installation \u2026");
        description.setPrefRowCount(3);
        description.setWrapText(true);
        description.textProperty().bindBidirectional(model.description);
        return List.of(new Field("Name", name).withProblem(model.nameProblem), new Field("Description", description));
    }

    private static TitledPane storage(SnapshotViewModel model) {
        ToggleGroup group = new ToggleGroup();
        VBox choices = new VBox(8);
        for (Snapshot.Storage each : Snapshot.Storage.values()) {
            RadioButton button = new RadioButton(
                    switch (each) {
                        case OVERLAY -> "Beside the disks";
                        case INTERNAL -> "Inside the disks";
                    });
            button.setId("storage-" + each.name().toLowerCase(Locale.ROOT));
            button.setToggleGroup(group);
            button.setOnAction(event -> model.storage.set(each));
            model.storage.subscribe(now -> button.setSelected(now == each));
            Label what = message(
                    switch (each) {
                        case OVERLAY ->
                            "The disk files of this moment are kept as they are, and changes go into new ones."
                                    + " Works with every format.";
                        case INTERNAL ->
                            "The disk files keep this moment inside themselves. No new files, but every disk"
                                    + " has to be qcow2.";
                    });
            what.getStyleClass().add("under-radio");
            choices.getChildren().addAll(button, what);
        }
        TitledPane advanced = new TitledPane("Where it is kept", choices);
        advanced.setId("advanced");
        advanced.setExpanded(false);
        advanced.setAnimated(false);
        return advanced;
    }

    private static Label message(String text) {
        Label label = new Label(text);
        label.getStyleClass().add("field-message");
        label.setWrapText(true);
        label.setMinHeight(Label.USE_PREF_SIZE);
        return label;
    }
}
