// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.console;

import javafx.geometry.Point2D;
import javafx.scene.input.MouseEvent;
import javafx.scene.input.ScrollEvent;

/** Turns a node's mouse events into RFB's pointer events (RFC 6143, section 7.5.5). */
final class GuestPointer {
    private static final int LEFT = 1;
    private static final int MIDDLE = 2;
    private static final int RIGHT = 4;
    private static final int WHEEL_UP = 8;
    private static final int WHEEL_DOWN = 16;
    private static final int MAX_NOTCHES = 5;

    /** Where the pointer goes. */
    interface Target {
        void pointer(int x, int y, int mask);
    }

    private final GuestScreen screen;
    private final Target target;
    private int mask;
    private double scrolled;

    private GuestPointer(GuestScreen screen, Target target) {
        this.screen = screen;
        this.target = target;
    }

    /** @param onPress what to do first when a button goes down */
    static void install(GuestScreen screen, Target target, Runnable onPress) {
        GuestPointer pointer = new GuestPointer(screen, target);
        screen.addEventHandler(MouseEvent.MOUSE_PRESSED, event -> onPress.run());
        screen.addEventHandler(MouseEvent.MOUSE_PRESSED, pointer::moved);
        screen.addEventHandler(MouseEvent.MOUSE_RELEASED, pointer::moved);
        screen.addEventHandler(MouseEvent.MOUSE_MOVED, pointer::moved);
        screen.addEventHandler(MouseEvent.MOUSE_DRAGGED, pointer::moved);
        screen.addEventHandler(ScrollEvent.SCROLL, pointer::scrolled);
    }

    private void send(Point2D pixel, int buttons) {
        target.pointer((int) pixel.getX(), (int) pixel.getY(), buttons);
    }

    private void moved(MouseEvent event) {
        mask = (event.isPrimaryButtonDown() ? LEFT : 0)
                | (event.isMiddleButtonDown() ? MIDDLE : 0)
                | (event.isSecondaryButtonDown() ? RIGHT : 0);
        send(screen.guestPixel(event.getX(), event.getY()), mask);
        event.consume();
    }

    private void scrolled(ScrollEvent event) {
        Point2D pixel = screen.guestPixel(event.getX(), event.getY());
        double notch = event.getMultiplierY() > 0 ? event.getMultiplierY() : 40;
        scrolled += event.getDeltaY() / notch;
        int notches = (int) Math.clamp(scrolled, -MAX_NOTCHES, MAX_NOTCHES);
        scrolled -= (int) scrolled;
        for (int i = 0; i < Math.abs(notches); i++) {
            send(pixel, mask | (notches > 0 ? WHEEL_UP : WHEEL_DOWN));
            send(pixel, mask);
        }
        event.consume();
    }
}
