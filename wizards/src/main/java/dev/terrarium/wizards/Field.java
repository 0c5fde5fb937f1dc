// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.wizards;

import javafx.beans.value.ObservableValue;
import javafx.css.PseudoClass;
import javafx.scene.Node;
import javafx.scene.control.Label;
import javafx.scene.layout.VBox;

/** An input with its label above, and below it what is wrong with it, or else a hint. */
final class Field extends VBox {
    private static final PseudoClass DANGER = PseudoClass.getPseudoClass("danger");

    private final Node input;
    private final Label message = new Label();
    private String hint = "";
    private String problem = "";

    Field(String title, Node input, Node content) {
        this.input = input;
        getStyleClass().add("field");
        Label label = new Label(title);
        label.getStyleClass().add("field-label");
        label.setLabelFor(input);
        message.getStyleClass().add("field-message");
        message.setWrapText(true);
        message.setMinHeight(USE_PREF_SIZE);
        getChildren().setAll(label, content, message);
        show();
    }

    Field(String title, Node input) {
        this(title, input, input);
    }

    Field withHint(ObservableValue<String> text) {
        text.subscribe(value -> {
            hint = value;
            show();
        });
        return this;
    }

    Field withProblem(ObservableValue<String> text) {
        text.subscribe(value -> {
            problem = value;
            show();
        });
        return this;
    }

    private void show() {
        boolean wrong = !problem.isEmpty();
        message.setText(wrong ? problem : hint);
        message.setVisible(!message.getText().isEmpty());
        message.setManaged(message.isVisible());
        message.pseudoClassStateChanged(DANGER, wrong);
        input.pseudoClassStateChanged(DANGER, wrong);
        input.setAccessibleHelp(message.getText());
    }
}
