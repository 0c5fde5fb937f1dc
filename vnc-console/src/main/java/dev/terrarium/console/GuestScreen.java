// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.console;

import java.nio.IntBuffer;
import java.util.Optional;
import javafx.geometry.Point2D;
import javafx.geometry.Rectangle2D;
import javafx.scene.Scene;
import javafx.scene.image.ImageView;
import javafx.scene.image.PixelBuffer;
import javafx.scene.image.PixelFormat;
import javafx.scene.image.PixelReader;
import javafx.scene.image.WritableImage;
import javafx.scene.layout.Region;
import javafx.stage.Window;
import org.jspecify.annotations.Nullable;

/** The node that shows the guest's picture, scaled as asked, and knows which guest pixel is where. */
final class GuestScreen extends Region {
    private final ImageView view = new ImageView();
    private @Nullable PixelBuffer<IntBuffer> buffer;
    private ScaleMode mode = ScaleMode.FIT;

    GuestScreen() {
        getStyleClass().add("console-screen");
        setFocusTraversable(true);
        view.setPreserveRatio(false);
        view.setManaged(false);
        getChildren().add(view);
    }

    void setMode(ScaleMode newMode) {
        mode = newMode;
        requestLayout();
    }

    int guestWidth() {
        return buffer == null ? 0 : buffer.getWidth();
    }

    int guestHeight() {
        return buffer == null ? 0 : buffer.getHeight();
    }

    /** Shows what is new. */
    void show(GuestPicture picture) {
        int width = picture.width();
        int height = picture.height();
        if (width == 0 || height == 0) {
            return;
        }
        PixelBuffer<IntBuffer> pixels = buffer;
        if (pixels == null || pixels.getWidth() != width || pixels.getHeight() != height) {
            pixels = new PixelBuffer<>(
                    width, height, IntBuffer.allocate(width * height), PixelFormat.getIntArgbPreInstance());
            buffer = pixels;
            view.setImage(new WritableImage(pixels));
            requestLayout();
        }
        pixels.updateBuffer(target -> {
            GuestPicture.Change change = picture.takeInto(target.getBuffer(), target.getWidth(), target.getHeight());
            return change.width() <= 0
                    ? Rectangle2D.EMPTY
                    : new Rectangle2D(change.x(), change.y(), change.width(), change.height());
        });
    }

    /** Shows nothing. */
    void clear() {
        buffer = null;
        view.setImage(null);
        requestLayout();
    }

    Optional<WritableImage> copy() {
        if (buffer == null) {
            return Optional.empty();
        }
        PixelReader reader = view.getImage().getPixelReader();
        return Optional.of(new WritableImage(reader, buffer.getWidth(), buffer.getHeight()));
    }

    /** The guest pixel at a point of this node, or the nearest one. */
    Point2D guestPixel(double x, double y) {
        double width = Math.max(1, view.getFitWidth());
        double height = Math.max(1, view.getFitHeight());
        double guestX = Math.floor((x - view.getLayoutX()) * guestWidth() / width);
        double guestY = Math.floor((y - view.getLayoutY()) * guestHeight() / height);
        return new Point2D(
                Math.clamp(guestX, 0, Math.max(0, guestWidth() - 1)),
                Math.clamp(guestY, 0, Math.max(0, guestHeight() - 1)));
    }

    private double outputScale() {
        Scene scene = getScene();
        Window window = scene == null ? null : scene.getWindow();
        return window == null ? 1 : window.getOutputScaleX();
    }

    @Override
    protected double computePrefWidth(double height) {
        return guestWidth() / outputScale();
    }

    @Override
    protected double computePrefHeight(double width) {
        return guestHeight() / outputScale();
    }

    @Override
    protected double computeMinWidth(double height) {
        return mode == ScaleMode.ACTUAL ? computePrefWidth(-1) : 0;
    }

    @Override
    protected double computeMinHeight(double width) {
        return mode == ScaleMode.ACTUAL ? computePrefHeight(-1) : 0;
    }

    @Override
    protected void layoutChildren() {
        if (buffer == null) {
            return;
        }
        double natural = 1 / outputScale();
        double scale =
                mode == ScaleMode.ACTUAL ? natural : Math.min(getWidth() / guestWidth(), getHeight() / guestHeight());
        double width = guestWidth() * scale;
        double height = guestHeight() * scale;
        double enlarged = scale / natural;
        view.setSmooth(enlarged != Math.rint(enlarged));
        view.setFitWidth(width);
        view.setFitHeight(height);
        view.relocate(snapPositionX((getWidth() - width) / 2), snapPositionY((getHeight() - height) / 2));
    }
}
