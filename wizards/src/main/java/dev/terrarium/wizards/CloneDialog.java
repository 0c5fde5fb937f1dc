// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.wizards;

import dev.terrarium.engine.CloneRequest;
import dev.terrarium.engine.Snapshot;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.icons.Icon;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import javafx.application.Platform;
import javafx.scene.Node;
import javafx.scene.control.ComboBox;
import javafx.scene.control.Label;
import javafx.scene.control.RadioButton;
import javafx.scene.control.TextField;
import javafx.scene.control.ToggleGroup;
import javafx.scene.layout.VBox;
import javafx.stage.Window;
import javafx.util.StringConverter;

/** The dialog that asks for a copy of a machine, and shows what it would take. */
public final class CloneDialog {
    private static final Executor BACKGROUND =
            task -> Thread.ofVirtual().name("clone dialog").start(task);

    private CloneDialog() {}

    /** Says what a clone would make; called in the background. */
    @FunctionalInterface
    public interface Planner {
        CloneRequest.Plan plan(CloneRequest request) throws TerrariumException;
    }

    /**
     * Opens it on the window's thread.
     *
     * @param machine the original's name
     * @param running whether the original is on
     * @param taken names of machines
     * @param snapshots moments that can be copied
     * @param moment proposed; empty for the machine as it is now
     * @param wanted given what a person confirms, on the window's thread
     */
    public static void show(
            Window owner,
            String machine,
            boolean running,
            Set<String> taken,
            List<Snapshot> snapshots,
            Optional<Snapshot> moment,
            Planner planner,
            Consumer<? super CloneRequest> wanted) {
        CloneViewModel model = new CloneViewModel(machine, taken, moment, planner, BACKGROUND, Platform::runLater);
        TextField name = new TextField();
        name.setId("clone-name");
        name.textProperty().bindBidirectional(model.name);
        List<Node> fields = new ArrayList<>();
        fields.add(new Field("Name of the copy", name).withProblem(model.nameProblem));
        fields.add(kinds(model));
        fields.add(moments(model, running, snapshots));
        fields.add(preview(model));
        new FormDialog("Clone " + machine, Icon.CLONE, "Clone")
                .show(owner, fields, model.valid(), model::request, wanted);
    }

    private static VBox kinds(CloneViewModel model) {
        ToggleGroup group = new ToggleGroup();
        VBox choices = new VBox(6);
        for (CloneRequest.Kind each : CloneRequest.Kind.values()) {
            RadioButton button = new RadioButton(
                    switch (each) {
                        case FULL -> "Full copy";
                        case LINKED -> "Linked copy";
                    });
            button.setId("clone-" + each.name().toLowerCase(Locale.ROOT));
            button.setToggleGroup(group);
            button.setOnAction(event -> model.kind.set(each));
            model.kind.subscribe(now -> button.setSelected(now == each));
            Label what = new Label(
                    switch (each) {
                        case FULL -> "Its disks are copied; it needs nothing of the original.";
                        case LINKED ->
                            "Ready at once and small: it keeps only what changes. The original\u2019s disk files"
                                    + " have to stay.";
                    });
            what.getStyleClass().addAll("field-message", "under-radio");
            what.setWrapText(true);
            what.setMinHeight(Label.USE_PREF_SIZE);
            choices.getChildren().addAll(button, what);
        }
        return choices;
    }

    private static Field moments(CloneViewModel model, boolean running, List<Snapshot> snapshots) {
        ComboBox<Optional<Snapshot>> input = new ComboBox<>();
        input.setId("clone-moment");
        input.getItems().add(Optional.empty());
        snapshots.forEach(each -> input.getItems().add(Optional.of(each)));
        input.setConverter(new Moments());
        input.setMaxWidth(Double.MAX_VALUE);
        input.valueProperty().bindBidirectional(model.moment);
        return new Field("As it was", input)
                .withHint(model.moment.map(chosen -> chosen.isEmpty() && running
                        ? "It is on: the copy has what the guest has written to disk, as after a power cut"
                        : ""));
    }

    private static Field preview(CloneViewModel model) {
        VBox lines = new VBox(4);
        lines.setId("clone-preview");
        lines.getStyleClass().add("preview");
        Runnable fill = () -> lines.getChildren()
                .setAll(model.lines().stream()
                        .map(text -> {
                            Label line = new Label(text);
                            line.setWrapText(true);
                            return line;
                        })
                        .toList());
        model.plan.subscribe(fill);
        fill.run();
        return new Field("What is made", lines)
                .withProblem(model.planProblem)
                .withHint(model.plan.map(plan -> model.total()));
    }

    private static final class Moments extends StringConverter<Optional<Snapshot>> {
        @Override
        public String toString(Optional<Snapshot> moment) {
            return moment == null
                    ? ""
                    : moment.map(each -> "At \u201c" + each.name() + "\u201d").orElse("Now");
        }

        @Override
        public Optional<Snapshot> fromString(String text) {
            throw new UnsupportedOperationException("a closed list");
        }
    }
}
