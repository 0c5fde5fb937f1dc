// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.vnc;

/** A rectangle of the client's picture. */
record Area(int x, int y, int width, int height) {
    static final Area EMPTY = new Area(0, 0, 0, 0);

    boolean isEmpty() {
        return width <= 0 || height <= 0;
    }

    /** The smallest rectangle that holds both. */
    Area union(Area other) {
        if (isEmpty()) {
            return other;
        }
        if (other.isEmpty()) {
            return this;
        }
        int left = Math.min(x, other.x);
        int top = Math.min(y, other.y);
        int right = Math.max(x + width, other.x + other.width);
        int bottom = Math.max(y + height, other.y + other.height);
        return new Area(left, top, right - left, bottom - top);
    }

    Area intersect(Area other) {
        int left = Math.max(x, other.x);
        int top = Math.max(y, other.y);
        int right = Math.min(x + width, other.x + other.width);
        int bottom = Math.min(y + height, other.y + other.height);
        return right <= left || bottom <= top ? EMPTY : new Area(left, top, right - left, bottom - top);
    }
}
