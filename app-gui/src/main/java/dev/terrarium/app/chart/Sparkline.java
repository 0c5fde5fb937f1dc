// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.chart;

import javafx.scene.layout.Region;
import javafx.util.Subscription;

/** A figure's last minute as a small line without axes, style class {@code sparkline}. */
public final class Sparkline extends Region {
    private static final int SHOWN = 60;

    private final Curve curve = new Curve();
    private History history = new History(2);
    private Subscription subscription = Subscription.EMPTY;

    public Sparkline(String styleClass) {
        getStyleClass().addAll("sparkline", styleClass);
        getChildren().setAll(curve);
    }

    /** Shows this history from now on. */
    public void setHistory(History shown) {
        subscription.unsubscribe();
        history = shown;
        subscription = shown.revisionProperty().subscribe(this::requestLayout);
        requestLayout();
    }

    @Override
    protected void layoutChildren() {
        double x = snappedLeftInset();
        double y = snappedTopInset();
        curve.draw(history, SHOWN, x, y, getWidth() - x - snappedRightInset(), getHeight() - y - snappedBottomInset());
    }
}
