// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.icons;

import javafx.scene.AccessibleRole;
import javafx.scene.layout.Region;
import javafx.scene.shape.SVGPath;
import javafx.scene.transform.Scale;

/** A node that shows one {@link Icon}: style classes {@code icon} (this) and {@code icon-path} (its line). */
public final class IconView extends Region {
    private static final double GRID = 24;

    private final SVGPath path = new SVGPath();

    IconView(Icon icon, double size) {
        getStyleClass().add("icon");
        path.getStyleClass().add("icon-path");
        path.setManaged(false);
        path.getTransforms().setAll(new Scale(size / GRID, size / GRID));
        setIcon(icon);
        getChildren().setAll(path);
        setMinSize(size, size);
        setPrefSize(size, size);
        setMaxSize(size, size);
        setMouseTransparent(true);
        setAccessibleRole(AccessibleRole.IMAGE_VIEW);
    }

    /** Shows another icon in the same size. */
    public void setIcon(Icon icon) {
        path.setContent(icon.outline());
    }

    /** Adds a style class, such as one that gives the icon a colour. */
    public IconView styled(String styleClass) {
        getStyleClass().add(styleClass);
        return this;
    }
}
