// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.app.chart.Sparkline;
import dev.terrarium.icons.Icon;
import dev.terrarium.icons.IconView;
import javafx.css.PseudoClass;
import javafx.scene.control.ContentDisplay;
import javafx.scene.control.Label;
import javafx.scene.control.ListCell;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.VBox;
import javafx.util.Subscription;

/** A row of the list: a group's title, a machine with its sparklines, or a damaged machine. */
final class MachineCell extends ListCell<ListEntry> {
    private static final PseudoClass HEADING = PseudoClass.getPseudoClass("heading");

    private final StateDot dot = new StateDot();
    private final Label name = Controls.label("", "row-name");
    private final Label summary = Controls.label("", "row-summary");
    private final Sparkline processor = new Sparkline("cpu");
    private final Sparkline memory = new Sparkline("memory");
    private final HBox lines = new HBox(processor, memory);
    private final IconView elsewhere = Icon.ELSEWHERE.view(14).styled("muted");
    private final HBox machineRow;
    private final Label headingTitle = Controls.label("", "row-heading");
    private final Label headingCount = Controls.label("", "row-count");
    private final HBox headingRow = new HBox(headingTitle, Controls.gap(), headingCount);
    private final Label damagedName = Controls.label("", "row-name");
    private final HBox damagedRow;
    private Subscription subscription = Subscription.EMPTY;

    MachineCell() {
        setContentDisplay(ContentDisplay.GRAPHIC_ONLY);
        setPrefWidth(0);
        VBox text = new VBox(new HBox(6, name, elsewhere), summary);
        HBox.setHgrow(text, Priority.ALWAYS);
        text.setMinWidth(0);
        lines.getStyleClass().add("row-lines");
        machineRow = new HBox(dot, text, lines);
        machineRow.getStyleClass().add("machine-row");
        headingRow.getStyleClass().add("heading-row");
        IconView warning = Icon.WARNING.view(14).styled("warning");
        damagedRow = new HBox(warning, new VBox(damagedName, Controls.label("Cannot be read", "row-summary")));
        damagedRow.getStyleClass().add("machine-row");
    }

    @Override
    protected void updateItem(ListEntry entry, boolean empty) {
        super.updateItem(entry, empty);
        subscription.unsubscribe();
        subscription = Subscription.EMPTY;
        pseudoClassStateChanged(HEADING, !empty && entry instanceof ListEntry.Heading);
        setMouseTransparent(empty || entry instanceof ListEntry.Heading);
        if (empty || entry == null) {
            setGraphic(null);
            setAccessibleText(null);
            return;
        }
        switch (entry) {
            case ListEntry.Heading(String title, int count) -> {
                headingTitle.setText(title);
                headingCount.setText(Integer.toString(count));
                setGraphic(headingRow);
                setAccessibleText(title + ", " + count);
            }
            case ListEntry.Damaged(var machine) -> {
                damagedName.setText(machine.name());
                setGraphic(damagedRow);
                setAccessibleText(machine.name() + ", cannot be read");
            }
            case ListEntry.Machine(MachineViewModel model) -> show(model);
        }
    }

    private void show(MachineViewModel model) {
        name.setText(model.name());
        processor.setHistory(model.processor());
        memory.setHistory(model.memory());
        subscription = model.summary()
                .subscribe(text -> {
                    summary.setText(text);
                    setAccessibleText(model.name() + ", " + text
                            + (model.elsewhereProperty().get() ? ", in another process" : ""));
                })
                .and(model.elsewhereProperty().subscribe(value -> Controls.show(elsewhere, value)))
                .and(model.stateProperty().subscribe(state -> {
                    dot.setState(state);
                    Controls.show(lines, state.active());
                }));
        setGraphic(machineRow);
    }
}
