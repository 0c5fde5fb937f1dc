// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.wizards;

import dev.terrarium.icons.Icon;
import java.io.File;
import java.util.List;
import java.util.Optional;
import javafx.beans.property.StringProperty;
import javafx.scene.control.Button;
import javafx.scene.control.TextField;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.stage.FileChooser;

/** A path to type, with a button that opens the desktop's file chooser. */
final class FileInput extends HBox {
    private final TextField text = new TextField();

    FileInput(String id, String prompt, StringProperty path) {
        getStyleClass().add("file-input");
        text.setId(id);
        text.setPromptText(prompt);
        text.textProperty().bindBidirectional(path);
        HBox.setHgrow(text, Priority.ALWAYS);
        Button choose = new Button("Choose\u2026", Icon.FOLDER.view());
        choose.setMinWidth(USE_PREF_SIZE);
        choose.setOnAction(event -> choose(path));
        getChildren().setAll(text, choose);
    }

    TextField text() {
        return text;
    }

    private void choose(StringProperty path) {
        FileChooser chooser = new FileChooser();
        chooser.setTitle("Choose a file");
        chooser.getExtensionFilters()
                .setAll(List.of(
                        new FileChooser.ExtensionFilter("All files", "*"),
                        new FileChooser.ExtensionFilter("CD images", "*.iso", "*.ISO"),
                        new FileChooser.ExtensionFilter(
                                "Disk images", "*.img", "*.raw", "*.qcow2", "*.vdi", "*.vmdk", "*.vhd", "*.vhdx")));
        Optional<File> folder = Texts.path(path.get())
                .map(file -> file.toFile().getParentFile())
                .filter(File::isDirectory);
        folder.ifPresent(chooser::setInitialDirectory);
        File chosen = chooser.showOpenDialog(getScene().getWindow());
        if (chosen != null) {
            path.set(chosen.getPath());
        }
    }
}
