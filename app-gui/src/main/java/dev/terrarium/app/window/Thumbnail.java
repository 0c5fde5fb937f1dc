// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.icons.Icon;
import javafx.scene.image.Image;
import javafx.scene.image.ImageView;
import javafx.scene.layout.StackPane;

/** A small picture of a guest's screen, or an icon where there is none. */
final class Thumbnail extends StackPane {
    private final ImageView view = new ImageView();

    Thumbnail(double width, double height) {
        getStyleClass().add("thumbnail");
        setMinSize(width, height);
        setMaxSize(width, height);
        view.setPreserveRatio(true);
        view.setSmooth(true);
        view.setFitWidth(width - 2);
        view.setFitHeight(height - 2);
    }

    void show(Image picture) {
        view.setImage(picture);
        getChildren().setAll(view);
    }

    void show(Icon icon) {
        getChildren().setAll(icon.view(20).styled("muted"));
    }
}
