// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import java.util.Optional;
import javafx.scene.control.Label;
import javafx.scene.control.ListView;
import javafx.scene.input.KeyCode;
import javafx.scene.layout.StackPane;

/** The machines, grouped by state. Headings cannot be selected. */
final class MachineList extends StackPane {
    private final ListView<ListEntry> list = new ListView<>();
    private final MainViewModel model;
    private boolean following;

    /** @param delete asked for with the Delete key */
    MachineList(MainViewModel model, java.util.function.Consumer<MachineViewModel> delete) {
        this.model = model;
        getStyleClass().add("machine-list");
        list.setId("machines");
        list.setAccessibleText("Machines");
        list.setItems(model.entries());
        list.setCellFactory(view -> new MachineCell());
        Label nothing = Controls.wrapped("", "muted-text");
        nothing.textProperty()
                .bind(model.searchProperty()
                        .map(text -> text.isBlank() ? "" : "Nothing is named \u201c" + text + "\u201d"));
        list.setPlaceholder(nothing);
        list.getSelectionModel()
                .selectedIndexProperty()
                .subscribe((old, now) -> select(old.intValue(), now.intValue()));
        model.selectedProperty().subscribe(selected -> follow());
        model.entries().addListener((javafx.collections.ListChangeListener<ListEntry>) change -> follow());
        list.setOnKeyPressed(event -> {
            if (event.getCode() == KeyCode.DELETE
                    && model.selectedProperty().get().orElse(null)
                            instanceof ListEntry.Machine(MachineViewModel machine)) {
                delete.accept(machine);
            }
        });
        getChildren().setAll(list);
    }

    /** A person moved the selection: hand it on, or hop over a heading. */
    private void select(int old, int now) {
        if (following || now < 0 || now >= model.entries().size()) {
            return;
        }
        ListEntry entry = model.entries().get(now);
        if (entry instanceof ListEntry.Heading) {
            int wanted = now < old && now > 0 ? now - 1 : now + 1;
            javafx.application.Platform.runLater(() -> list.getSelectionModel().select(wanted));
        } else {
            model.selectedProperty().set(Optional.of(entry));
        }
    }

    /** Shows what is selected in the view model. */
    private void follow() {
        following = true;
        int index = model.selectedProperty().get().map(model.entries()::indexOf).orElse(-1);
        if (index >= 0) {
            list.getSelectionModel().select(index);
        } else {
            list.getSelectionModel().clearSelection();
        }
        following = false;
    }
}
