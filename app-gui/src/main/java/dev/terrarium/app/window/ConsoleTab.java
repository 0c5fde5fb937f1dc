// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.console.ConsoleView;
import dev.terrarium.console.KeyCombinationMenu;
import dev.terrarium.console.ScaleMode;
import dev.terrarium.icons.Icon;
import javafx.beans.value.ObservableValue;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.MenuButton;
import javafx.scene.control.TextInputControl;
import javafx.scene.control.ToggleButton;
import javafx.scene.control.Tooltip;
import javafx.scene.image.WritableImage;
import javafx.scene.input.Clipboard;
import javafx.scene.input.ClipboardContent;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.VBox;

/** The guest's screen, and a line below it that says how to get away. */
final class ConsoleTab extends VBox {
    private final MainViewModel main;
    private final MachineViewModel model;
    private final ConsoleView view = new ConsoleView();

    ConsoleTab(MainViewModel main, MachineViewModel model) {
        this.main = main;
        this.model = model;
        getStyleClass().add("console-tab");
        view.setId("console");
        view.setMinSize(0, 0);
        VBox.setVgrow(view, Priority.ALWAYS);
        getChildren().setAll(view, statusLine());
        view.connect(model.machine());
        view.connectedProperty().subscribe(this::offerKeyboard);
    }

    /** A screen that has just come up gets the keyboard, unless somebody is typing elsewhere or looks elsewhere. */
    private void offerKeyboard(boolean connected) {
        if (!connected || view.getScene() == null || !Controls.visibleOnScreen(view)) {
            return;
        }
        if (!(view.getScene().getFocusOwner() instanceof TextInputControl)) {
            view.grabKeyboard();
        }
    }

    private HBox statusLine() {
        Label status = Controls.label("", "muted-text");
        status.textProperty().bind(view.statusProperty());
        status.setMinWidth(0);
        ToggleButton actual = new ToggleButton("1:1");
        actual.setId("actual-size");
        actual.setAccessibleText("Actual size");
        actual.setMinWidth(USE_PREF_SIZE);
        actual.setTooltip(new Tooltip("One guest pixel is one pixel, instead of fitting the window"));
        actual.getStyleClass().addAll("flat", "small");
        actual.setOnAction(event -> view.setScaleMode(actual.isSelected() ? ScaleMode.ACTUAL : ScaleMode.FIT));
        MenuButton keys = KeyCombinationMenu.button(view);
        keys.setText("Send keys");
        keys.setGraphic(Icon.KEYBOARD.view());
        keys.getStyleClass().addAll("flat", "small");
        keys.setMinWidth(USE_PREF_SIZE);
        keys.disableProperty().bind(view.connectedProperty().not());
        Button copy =
                Controls.iconButton("copy-picture", Icon.CAMERA, "Copy a picture of the screen", this::copyPicture);
        copy.getStyleClass().addAll("flat", "small");
        copy.disableProperty().bind(view.connectedProperty().not());
        HBox line = new HBox(status, Controls.gap(), actual, keys, copy);
        line.getStyleClass().add("console-status");
        return line;
    }

    ObservableValue<Boolean> connected() {
        return view.connectedProperty();
    }

    /** Puts what the guest shows on the clipboard. */
    void copyPicture() {
        view.picture().ifPresent(this::copy);
    }

    private void copy(WritableImage picture) {
        ClipboardContent content = new ClipboardContent();
        content.putImage(picture);
        Clipboard.getSystemClipboard().setContent(content);
        main.tell(new Notice(
                Notice.Kind.DONE, "Copied", "The picture of \u201c" + model.name() + "\u201d is on the clipboard"));
    }

    void dispose() {
        view.disconnect();
    }
}
