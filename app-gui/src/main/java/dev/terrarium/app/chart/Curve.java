// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.chart;

import java.util.ArrayList;
import java.util.List;
import javafx.scene.Group;
import javafx.scene.shape.ClosePath;
import javafx.scene.shape.LineTo;
import javafx.scene.shape.MoveTo;
import javafx.scene.shape.Path;
import javafx.scene.shape.PathElement;

/** A line with the area under it, style classes {@code curve-line} and {@code curve-area}; the newest sample is right. */
final class Curve extends Group {
    private final Path line = new Path();
    private final Path area = new Path();

    Curve() {
        line.getStyleClass().add("curve-line");
        area.getStyleClass().add("curve-area");
        setManaged(false);
        setMouseTransparent(true);
        getChildren().setAll(area, line);
    }

    /** Draws the last {@code shown} samples into a rectangle whose full width stands for all of them. */
    void draw(History history, int shown, double x, double y, double width, double height) {
        int count = Math.min(history.size(), shown);
        if (count < 2 || width <= 0 || height <= 0) {
            line.getElements().clear();
            area.getElements().clear();
            return;
        }
        double step = width / (shown - 1);
        double left = x + width - step * (count - 1);
        double bottom = y + height;
        List<PathElement> stroke = new ArrayList<>(count);
        List<PathElement> fill = new ArrayList<>(count + 3);
        fill.add(new MoveTo(left, bottom));
        for (int i = 0; i < count; i++) {
            double px = left + step * i;
            double py = bottom - height * history.get(history.size() - count + i);
            stroke.add(i == 0 ? new MoveTo(px, py) : new LineTo(px, py));
            fill.add(new LineTo(px, py));
        }
        fill.add(new LineTo(x + width, bottom));
        fill.add(new ClosePath());
        line.getElements().setAll(stroke);
        area.getElements().setAll(fill);
    }
}
