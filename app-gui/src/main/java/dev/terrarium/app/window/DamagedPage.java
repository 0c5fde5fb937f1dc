// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.engine.Host.DamagedMachine;
import dev.terrarium.icons.Icon;
import javafx.scene.control.Button;
import javafx.scene.control.TextField;
import javafx.scene.input.Clipboard;
import javafx.scene.input.ClipboardContent;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.VBox;

/** Why a machine cannot be read, and where its file is. */
final class DamagedPage extends VBox {
    DamagedPage(DamagedMachine machine) {
        getStyleClass().addAll("machine-page", "damaged-page");
        HBox title = new HBox(Icon.WARNING.view(24).styled("warning"), Controls.label(machine.name(), "machine-name"));
        title.getStyleClass().add("inputs");
        TextField path = new TextField(machine.file().toString());
        path.setEditable(false);
        path.setAccessibleText("Path of the file");
        HBox.setHgrow(path, Priority.ALWAYS);
        Button copy = Controls.button("copy-path", Icon.FOLDER, "Copy path", () -> {
            ClipboardContent content = new ClipboardContent();
            content.putString(machine.file().toString());
            Clipboard.getSystemClipboard().setContent(content);
        });
        HBox file = new HBox(path, copy);
        file.getStyleClass().add("inputs");
        getChildren()
                .setAll(
                        title,
                        Controls.wrapped("This machine\u2019s configuration cannot be read.", "section-title"),
                        Controls.wrapped(Words.sentence(machine.reason()), "damaged-reason"),
                        file,
                        Controls.wrapped(
                                "The file and the machine\u2019s disks are left exactly as they are. Once the file is"
                                        + " repaired, the machine appears again by itself.",
                                "muted-text"));
    }
}
