// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.console;

import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.layout.VBox;

/** What a console shows in the place of a picture: what is the matter, and what can be done. */
final class Placeholder extends VBox {
    private final Label title = new Label();
    private final Label hint = new Label();
    private final Button action = new Button();

    Placeholder() {
        getStyleClass().add("console-placeholder");
        title.getStyleClass().add("console-placeholder-title");
        hint.getStyleClass().add("console-placeholder-hint");
        action.managedProperty().bind(action.visibleProperty());
        hint.managedProperty().bind(hint.textProperty().isNotEmpty());
        getChildren().setAll(title, hint, action);
    }

    void show(String newTitle, String newHint) {
        title.setText(newTitle);
        hint.setText(newHint);
        action.setVisible(false);
        setVisible(true);
    }

    /** Adds a button that does something about it. */
    void offer(String label, Runnable task) {
        action.setText(label);
        action.setOnAction(event -> task.run());
        action.setVisible(true);
    }
}
