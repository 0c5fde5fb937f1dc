// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.wizards;

import dev.terrarium.engine.MediaInfo;
import dev.terrarium.icons.Icon;
import java.util.Locale;
import javafx.scene.control.ContentDisplay;
import javafx.scene.control.Label;
import javafx.scene.control.TextField;
import javafx.scene.control.ToggleButton;
import javafx.scene.control.ToggleGroup;
import javafx.scene.layout.ColumnConstraints;
import javafx.scene.layout.GridPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.VBox;

/** Step 1: what the machine starts from. */
final class MediaStep extends VBox {
    MediaStep(NewMachineViewModel model) {
        getStyleClass().add("step");
        FileInput file = new FileInput("media-path", "Path of the file, or drop it here", model.mediaPath);
        Field media = new Field("File", file.text(), file).withProblem(model.mediaProblem);
        HBox found = found(model);

        FileInput initrdInput = new FileInput("initrd-path", "Optional", model.initrdPath);
        Field initrd = new Field("Initial RAM disk", initrdInput.text(), initrdInput).withProblem(model.initrdProblem);
        TextField line = new TextField();
        line.setId("command-line");
        line.setPromptText("console=ttyS0 quiet");
        line.textProperty().bindBidirectional(model.commandLine);
        VBox kernel = new VBox(initrd, new Field("Kernel command line", line));
        kernel.getStyleClass().add("step");

        getChildren().setAll(cards(model), media, found, kernel);
        model.choice.subscribe(choice -> {
            show(media, choice != MediaChoice.NOTHING);
            show(kernel, choice == MediaChoice.KERNEL);
        });
    }

    private static GridPane cards(NewMachineViewModel model) {
        GridPane cards = new GridPane();
        cards.getStyleClass().add("cards");
        ToggleGroup group = new ToggleGroup();
        MediaChoice[] choices = MediaChoice.values();
        for (int i = 0; i < 2; i++) {
            ColumnConstraints column = new ColumnConstraints();
            column.setPercentWidth(50);
            cards.getColumnConstraints().add(column);
        }
        for (MediaChoice choice : choices) {
            ToggleButton card = card(choice);
            card.setToggleGroup(group);
            card.setOnAction(event -> {
                card.setSelected(true);
                model.choice.set(choice);
            });
            model.choice.subscribe(chosen -> card.setSelected(chosen == choice));
            cards.add(card, choice.ordinal() % 2, choice.ordinal() / 2);
            GridPane.setHgrow(card, Priority.ALWAYS);
        }
        return cards;
    }

    private static ToggleButton card(MediaChoice choice) {
        Label title = new Label(choice.title());
        title.getStyleClass().add("card-title");
        Label explanation = new Label(choice.explanation());
        explanation.getStyleClass().add("card-text");
        explanation.setWrapText(true);
        VBox words = new VBox(title, explanation);
        words.getStyleClass().add("card-words");
        HBox content = new HBox(choice.icon().view(24), words);
        content.getStyleClass().add("card-content");
        ToggleButton card = new ToggleButton();
        card.setId("choice-" + choice.name().toLowerCase(Locale.ROOT));
        card.setGraphic(content);
        card.setContentDisplay(ContentDisplay.GRAPHIC_ONLY);
        card.getStyleClass().add("card-button");
        card.setMaxWidth(Double.MAX_VALUE);
        card.setAccessibleText(choice.title() + ": " + choice.explanation());
        return card;
    }

    private static HBox found(NewMachineViewModel model) {
        Label title = new Label();
        title.setId("media-title");
        title.setWrapText(true);
        HBox box = new HBox(Icon.DONE.view().styled("success"), title);
        box.getStyleClass().add("found");
        model.media.subscribe(media -> {
            title.setText(media.map(MediaStep::describe).orElse(""));
            show(box, media.isPresent());
        });
        return box;
    }

    private static String describe(MediaInfo media) {
        String boots = media.bootable() ? "" : ", but nothing on it starts by itself";
        return media.title() + ", " + Texts.size(media.bytes()) + boots;
    }

    private static void show(javafx.scene.Node node, boolean shown) {
        node.setVisible(shown);
        node.setManaged(shown);
    }
}
