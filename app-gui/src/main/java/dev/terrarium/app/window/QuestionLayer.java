// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.icons.Icon;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import javafx.beans.binding.Bindings;
import javafx.scene.AccessibleRole;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.CheckBox;
import javafx.scene.control.ScrollPane;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;
import javafx.scene.layout.HBox;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;

/** The one place where questions are asked: a sheet over the window, which waits until there is an answer. */
final class QuestionLayer extends StackPane {
    private static final double MOST_LINES_HEIGHT = 200;

    private final Node below;
    private final List<Pending> waiting = new ArrayList<>();

    private record Pending(Question question, Consumer<Question.Answer> answer) {}

    /** @param below disabled while there is a question */
    QuestionLayer(Node below) {
        this.below = below;
        getStyleClass().add("question-layer");
        Controls.show(this, false);
        addEventFilter(KeyEvent.KEY_PRESSED, event -> {
            if (event.getCode() == KeyCode.ESCAPE) {
                answer(Question.Answer.CANCEL);
                event.consume();
            }
        });
    }

    /** Shows a question, after those that wait already. */
    void ask(Question question, Consumer<Question.Answer> answer) {
        waiting.add(new Pending(question, answer));
        if (waiting.size() == 1) {
            showFirst();
        }
    }

    boolean asking() {
        return !waiting.isEmpty();
    }

    private void answer(Question.Answer answer) {
        Pending answered = waiting.removeFirst();
        if (waiting.isEmpty()) {
            getChildren().clear();
            Controls.show(this, false);
            below.setDisable(false);
        } else {
            showFirst();
        }
        answered.answer().accept(answer);
    }

    private void showFirst() {
        Question question = waiting.getFirst().question();
        HBox title =
                new HBox(Icon.WARNING.view(22).styled("warning"), Controls.wrapped(question.title(), "question-title"));
        title.getStyleClass().add("inputs");
        VBox sheet = new VBox(title, Controls.wrapped(question.text()));
        sheet.getStyleClass().add("question-sheet");
        sheet.setAccessibleRole(AccessibleRole.DIALOG);
        sheet.setAccessibleText(question.title() + " " + question.text());
        VBox lines = new VBox();
        lines.getStyleClass().add("question-lines");
        CheckBox option = new CheckBox();
        Runnable list = () -> {
            List<String> shown = new ArrayList<>(question.lines());
            if (option.isSelected()) {
                question.option().ifPresent(chosen -> shown.addAll(chosen.lines()));
            }
            lines.getChildren()
                    .setAll(shown.stream().map(line -> Controls.wrapped(line)).toList());
        };
        question.option().ifPresent(chosen -> option.setSelected(chosen.ticked()));
        list.run();
        if (!question.lines().isEmpty()) {
            ScrollPane scroll = new ScrollPane(lines);
            scroll.setFitToWidth(true);
            scroll.setMinHeight(40);
            scroll.prefViewportHeightProperty().bind(Bindings.min(MOST_LINES_HEIGHT, lines.heightProperty()));
            scroll.getStyleClass().add("question-scroll");
            sheet.getChildren().add(scroll);
        }
        question.option().ifPresent(chosen -> {
            option.setId("question-option");
            option.setText(chosen.text());
            option.setOnAction(event -> list.run());
            sheet.getChildren().add(option);
        });
        Button cancel = new Button("Cancel");
        cancel.setId("question-cancel");
        cancel.setOnAction(event -> answer(Question.Answer.CANCEL));
        Button confirm = new Button(question.confirm());
        confirm.setId("question-confirm");
        confirm.getStyleClass().add("danger");
        confirm.setOnAction(event -> answer(new Question.Answer(true, option.isSelected(), false)));
        HBox buttons = new HBox(Controls.gap(), cancel, confirm);
        question.alternative().ifPresent(text -> {
            Button alternative = new Button(text);
            alternative.setId("question-alternative");
            alternative.getStyleClass().add("accent");
            alternative.setOnAction(event -> answer(new Question.Answer(false, option.isSelected(), true)));
            buttons.getChildren().add(alternative);
        });
        buttons.getStyleClass().add("question-buttons");
        sheet.getChildren().add(buttons);
        sheet.setMaxSize(560, USE_PREF_SIZE);
        getChildren().setAll(sheet);
        below.setDisable(true);
        Controls.show(this, true);
        cancel.requestFocus();
    }
}
