// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.vnc;

/**
 * The absolute positions of RFB's pointer events as the motion of a mouse. A guest may move its pointer faster or
 * slower than its mouse; so at an edge of the screen motion goes on a little, which brings both there together.
 */
final class RelativePointer {
    private static final int EDGE_MOTION = 100;
    private static final int WHEEL_UP = 8;
    private static final int WHEEL_DOWN = 16;

    private final Screen screen;
    private boolean known;
    private int lastX;
    private int lastY;
    private int lastMask;

    RelativePointer(Screen screen) {
        this.screen = screen;
    }

    /** RFC 6143, section 7.5.5, on a screen of this size. */
    synchronized void event(int mask, int x, int y, int width, int height) {
        int dx = known ? motion(lastX, x, width) : 0;
        int dy = known ? motion(lastY, y, height) : 0;
        int wheel = 0;
        if ((mask & WHEEL_UP) != 0 && (lastMask & WHEEL_UP) == 0) {
            wheel++;
        }
        if ((mask & WHEEL_DOWN) != 0 && (lastMask & WHEEL_DOWN) == 0) {
            wheel--;
        }
        boolean buttonsChanged = (mask & 7) != (lastMask & 7);
        known = true;
        lastX = x;
        lastY = y;
        lastMask = mask;
        if (dx != 0 || dy != 0 || wheel != 0 || buttonsChanged) {
            screen.movePointer(dx, dy, wheel, mask & 7);
        }
    }

    private static int motion(int from, int to, int size) {
        if (from == to) {
            return 0;
        }
        if (to == 0) {
            return to - from - EDGE_MOTION;
        }
        return to >= size - 1 ? to - from + EDGE_MOTION : to - from;
    }

    /** Lets go of the buttons, for a client that has left. */
    synchronized void release() {
        if ((lastMask & 7) != 0) {
            screen.movePointer(0, 0, 0, 0);
        }
        lastMask = 0;
    }
}
