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
import javafx.stage.Window;

/** A path to type, with a button that opens the desktop's file chooser. */
final class FileInput extends HBox {
    private final TextField text = new TextField();

    FileInput(String id, String prompt, StringProperty path) {
        this(id, prompt, path, false);
    }

    private FileInput(String id, String prompt, StringProperty path, boolean created) {
        getStyleClass().add("file-input");
        text.setId(id);
        text.setPromptText(prompt);
        text.textProperty().bindBidirectional(path);
        HBox.setHgrow(text, Priority.ALWAYS);
        Button choose = new Button("Choose\u2026", Icon.FOLDER.view());
        choose.setMinWidth(USE_PREF_SIZE);
        choose.setOnAction(event -> choose(path, created));
        getChildren().setAll(text, choose);
    }

    /** For a file that is to be made. */
    static FileInput forNewFile(String id, StringProperty path) {
        return new FileInput(id, "Path of the file", path, true);
    }

    TextField text() {
        return text;
    }

    private void choose(StringProperty path, boolean created) {
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
        if (created) {
            Texts.path(path.get())
                    .map(file -> String.valueOf(file.getFileName()))
                    .ifPresent(chooser::setInitialFileName);
        }
        Window owner = getScene().getWindow();
        File chosen = created ? chooser.showSaveDialog(owner) : chooser.showOpenDialog(owner);
        if (chosen != null) {
            path.set(chosen.getPath());
        }
    }
}
