// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.chart;

import java.util.List;
import javafx.beans.value.ObservableValue;
import javafx.scene.control.Label;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import javafx.scene.shape.Line;
import javafx.util.Subscription;

/** A figure over the last two minutes with a grid, style class {@code time-graph}. */
public final class TimeGraph extends VBox {
    private final Plot plot;

    /**
     * @param top what the upper edge stands for, such as {@code 100 %}
     */
    public TimeGraph(
            String title,
            String styleClass,
            ObservableValue<String> current,
            ObservableValue<String> top,
            History history) {
        getStyleClass().addAll("time-graph", styleClass);
        Label name = new Label(title);
        name.getStyleClass().add("graph-title");
        Label value = new Label();
        value.getStyleClass().add("graph-value");
        value.textProperty().bind(current);
        value.setMinWidth(USE_PREF_SIZE);
        name.setMinWidth(0);
        Region gap = new Region();
        HBox.setHgrow(gap, Priority.ALWAYS);
        HBox head = new HBox(name, gap, value);
        head.getStyleClass().add("graph-head");
        plot = new Plot(history, top);
        VBox.setVgrow(plot, Priority.ALWAYS);
        getChildren().setAll(head, plot);
    }

    /** Stops following the history. */
    public void dispose() {
        plot.subscription.unsubscribe();
    }

    private static final class Plot extends Region {
        private static final double LABEL_GAP = 4;

        private final History history;
        private final Curve curve = new Curve();
        private final List<Line> lines = List.of(gridLine(), gridLine(), gridLine());
        private final Label top = axisLabel();
        private final Label bottom = axisLabel();
        private final Label past = axisLabel();
        private final Label now = axisLabel();
        private final Subscription subscription;

        Plot(History history, ObservableValue<String> topText) {
            this.history = history;
            getStyleClass().add("plot");
            top.textProperty().bind(topText);
            bottom.setText("0");
            past.setText(history.capacity() + " s ago");
            now.setText("now");
            getChildren().addAll(lines);
            getChildren().addAll(List.of(curve, top, bottom, past, now));
            subscription = history.revisionProperty().subscribe(this::requestLayout);
        }

        private static Line gridLine() {
            Line line = new Line();
            line.getStyleClass().add("grid-line");
            line.setManaged(false);
            return line;
        }

        private static Label axisLabel() {
            Label label = new Label();
            label.getStyleClass().add("axis-label");
            label.setManaged(false);
            return label;
        }

        @Override
        protected void layoutChildren() {
            List<Label> labels = List.of(top, bottom, past, now);
            labels.forEach(Label::autosize);
            double lineHeight = top.getHeight();
            double left = Math.max(top.getWidth(), bottom.getWidth()) + 2 * LABEL_GAP;
            double width = getWidth() - left;
            double y = snapPositionY(lineHeight / 2);
            double height = getHeight() - y - lineHeight - LABEL_GAP;
            for (int i = 0; i < lines.size(); i++) {
                double at = snapPositionY(y + height * i / (lines.size() - 1)) + 0.5;
                Line line = lines.get(i);
                line.setStartX(left);
                line.setEndX(left + width);
                line.setStartY(at);
                line.setEndY(at);
            }
            top.relocate(left - 2 * LABEL_GAP - top.getWidth(), y - lineHeight / 2);
            bottom.relocate(left - 2 * LABEL_GAP - bottom.getWidth(), y + height - lineHeight / 2);
            past.relocate(left, y + height + LABEL_GAP);
            now.relocate(left + width - now.getWidth(), y + height + LABEL_GAP);
            curve.draw(history, history.capacity(), left, y, width, height);
        }
    }
}
