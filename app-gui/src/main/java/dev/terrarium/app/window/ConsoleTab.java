// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.console.ConsoleView;
import dev.terrarium.console.KeyCombinationMenu;
import dev.terrarium.console.ScaleMode;
import dev.terrarium.icons.Icon;
import java.io.File;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import javafx.geometry.Side;
import javafx.scene.control.CheckMenuItem;
import javafx.scene.control.ContentDisplay;
import javafx.scene.control.Label;
import javafx.scene.control.MenuButton;
import javafx.scene.control.MenuItem;
import javafx.scene.control.SeparatorMenuItem;
import javafx.scene.control.TextInputControl;
import javafx.scene.control.ToggleButton;
import javafx.scene.control.Tooltip;
import javafx.scene.image.WritableImage;
import javafx.scene.input.Clipboard;
import javafx.scene.input.ClipboardContent;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.VBox;
import javafx.stage.FileChooser;

/** The guest's screen, and a line below it that says how to get away. */
final class ConsoleTab extends VBox {
    /** In pixels; where the line is narrower, the words on buttons give way to how to release the keyboard. */
    private static final double NARROW = 800;

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
        actual.disableProperty().bind(view.connectedProperty().not());
        actual.setOnAction(event -> view.setScaleMode(actual.isSelected() ? ScaleMode.ACTUAL : ScaleMode.FIT));
        MenuButton keys = KeyCombinationMenu.button(view);
        keys.setText("Send keys");
        keys.setGraphic(Icon.KEYBOARD.view());
        keys.getStyleClass().addAll("flat", "small");
        keys.setMinWidth(USE_PREF_SIZE);
        keys.disableProperty().bind(view.connectedProperty().not());
        keys.setPopupSide(Side.TOP);
        keys.setTooltip(new Tooltip("Send keys"));
        keys.getItems().addAll(0, List.of(typeItem(), shareItem(), new SeparatorMenuItem()));
        MenuButton picture = new MenuButton("Screenshot", Icon.CAMERA.view());
        picture.setId("picture");
        picture.getStyleClass().addAll("flat", "small");
        picture.setMinWidth(USE_PREF_SIZE);
        picture.setPopupSide(Side.TOP);
        picture.setTooltip(new Tooltip("Screenshot"));
        picture.getItems().setAll(pictureItems());
        picture.disableProperty().bind(view.connectedProperty().not());
        KeyboardLamps lamps = new KeyboardLamps(view.lightsProperty());
        view.connectedProperty().subscribe(connected -> Controls.show(lamps, connected));
        HBox line = new HBox(status, Controls.gap(), lamps, actual, keys, picture);
        line.getStyleClass().add("console-status");
        line.widthProperty().map(width -> width.doubleValue() < NARROW).subscribe(narrow -> {
            ContentDisplay display = narrow ? ContentDisplay.GRAPHIC_ONLY : ContentDisplay.LEFT;
            keys.setContentDisplay(display);
            picture.setContentDisplay(display);
            lamps.setOnlyLit(narrow);
        });
        return line;
    }

    /** Fresh items that take a picture of the screen. */
    List<MenuItem> pictureItems() {
        MenuItem copy = new MenuItem("Copy screenshot");
        copy.setOnAction(event -> copyPicture());
        MenuItem save = new MenuItem("Save screenshot as PNG\u2026");
        save.setOnAction(event -> savePicture());
        List<MenuItem> items = List.of(copy, save);
        items.forEach(
                item -> item.disableProperty().bind(view.connectedProperty().not()));
        return items;
    }

    private MenuItem typeItem() {
        MenuItem type = new MenuItem("Type the clipboard\u2019s text");
        type.setId("type-clipboard");
        type.setOnAction(event -> model.type(String.valueOf(
                Objects.requireNonNullElse(Clipboard.getSystemClipboard().getString(), ""))));
        return type;
    }

    private CheckMenuItem shareItem() {
        CheckMenuItem share = new CheckMenuItem("Share the clipboard with other viewers");
        share.setId("share-clipboard");
        share.selectedProperty().bindBidirectional(view.clipboardSharedProperty());
        return share;
    }

    /** Takes a picture now, then asks where to. */
    private void savePicture() {
        model.takePicture(picture -> chooseFile().ifPresent(file -> model.savePicture(picture, file)));
    }

    private Optional<Path> chooseFile() {
        FileChooser chooser = new FileChooser();
        chooser.setTitle("Save the screenshot");
        chooser.getExtensionFilters().setAll(new FileChooser.ExtensionFilter("PNG pictures", "*.png"));
        chooser.setInitialFileName(PictureFile.name(model.name(), LocalDateTime.now(ZoneId.systemDefault())));
        chooser.setInitialDirectory(
                PictureFile.folder(Path.of(System.getProperty("user.home"))).toFile());
        return Optional.ofNullable(chooser.showSaveDialog(getScene().getWindow()))
                .map(File::toPath);
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
