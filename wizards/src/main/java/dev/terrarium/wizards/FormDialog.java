// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.wizards;

import dev.terrarium.icons.ApplicationIcon;
import dev.terrarium.icons.Icon;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javafx.application.Platform;
import javafx.beans.value.ObservableValue;
import javafx.scene.Node;
import javafx.scene.Scene;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.ScrollPane;
import javafx.scene.control.TextInputControl;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;
import javafx.scene.layout.BorderPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import javafx.stage.Stage;
import javafx.stage.Window;

/** A small window with a few fields and two buttons. What it gives is what a person wants done; doing it is not its work. */
final class FormDialog {
    private static final double WIDTH = 540;
    private static final double MOST_HEIGHT = 640;

    private final Stage stage = new Stage();
    private final String title;
    private final Icon icon;
    private final String confirm;

    FormDialog(String title, Icon icon, String confirm) {
        this.title = title;
        this.icon = icon;
        this.confirm = confirm;
    }

    /**
     * Opens it on top of {@code owner}; call it on the window's thread.
     *
     * @param valid whether what was typed can be done
     * @param result what was typed
     * @param wanted given what was typed when a person confirms it, on the window's thread; not called if they go away
     */
    <T> void show(
            Window owner,
            List<Node> fields,
            ObservableValue<Boolean> valid,
            Supplier<T> result,
            Consumer<? super T> wanted) {
        Label heading = new Label(title, icon.view(20));
        heading.getStyleClass().add("form-title");
        VBox form = new VBox();
        form.getStyleClass().add("form");
        form.getChildren().setAll(fields);
        ScrollPane scroll = new ScrollPane(form);
        scroll.setFitToWidth(true);
        scroll.setFocusTraversable(false);
        scroll.getStyleClass().add("step-scroll");

        Button cancel = new Button("Cancel");
        cancel.setId("form-cancel");
        cancel.setCancelButton(true);
        cancel.setOnAction(event -> stage.close());
        Button go = new Button(confirm);
        go.setId("form-confirm");
        go.setDefaultButton(true);
        go.getStyleClass().add("accent");
        valid.subscribe(now -> go.setDisable(!now));
        go.setOnAction(event -> {
            T typed = result.get();
            stage.close();
            wanted.accept(typed);
        });
        for (Button button : List.of(cancel, go)) {
            button.setMinWidth(Region.USE_PREF_SIZE);
        }
        HBox footer = new HBox(cancel, go);
        footer.getStyleClass().add("footer");

        BorderPane root = new BorderPane(scroll, heading, null, footer, null);
        root.getStyleClass().addAll("wizard", "form-window");
        root.setPrefWidth(WIDTH);
        Scene scene = new Scene(root);
        scene.getStylesheets()
                .setAll(
                        Icon.stylesheet(),
                        Objects.requireNonNull(FormDialog.class.getResource("wizard.css"))
                                .toExternalForm());
        scene.addEventFilter(KeyEvent.KEY_PRESSED, event -> {
            if (event.getCode() == KeyCode.ESCAPE) {
                stage.close();
            }
        });
        stage.initOwner(owner);
        stage.setTitle(title);
        stage.getIcons().setAll(ApplicationIcon.images());
        stage.setScene(scene);
        stage.setMinWidth(420);
        // What appears while it is open makes it grow as far as there is room.
        form.heightProperty().subscribe(height -> {
            scroll.setPrefViewportHeight(Math.min(MOST_HEIGHT, height.doubleValue()));
            if (stage.isShowing()) {
                Platform.runLater(stage::sizeToScene);
            }
        });
        stage.show();
        Platform.runLater(() -> form.lookupAll(".text-field").stream()
                .filter(node -> !node.isDisabled())
                .findFirst()
                .ifPresent(node -> {
                    node.requestFocus();
                    if (node instanceof TextInputControl text) {
                        text.selectAll();
                    }
                }));
    }
}
