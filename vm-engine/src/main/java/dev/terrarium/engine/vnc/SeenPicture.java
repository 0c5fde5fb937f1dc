// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.vnc;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What a client has been shown last, to find what has changed since: bands of 16 rows, cut in columns of 16 pixels. */
final class SeenPicture {
    private static final int TILE = 16;

    private int width;
    private int height;
    private int[] pixels = new int[0];
    private boolean[] unknown = new boolean[0];

    int width() {
        return width;
    }

    int height() {
        return height;
    }

    private int columns() {
        return (width + TILE - 1) / TILE;
    }

    /** The client's picture has another size now, and nothing of it is known. */
    void resize(int newWidth, int newHeight) {
        width = newWidth;
        height = newHeight;
        pixels = new int[width * height];
        unknown = new boolean[columns() * ((height + TILE - 1) / TILE)];
        Arrays.fill(unknown, true);
    }

    /** The client wants this area again even if it did not change. */
    void forget(Area area) {
        Area inside = area.intersect(new Area(0, 0, width, height));
        if (inside.isEmpty()) {
            return;
        }
        for (int row = inside.y() / TILE; row <= (inside.y() + inside.height() - 1) / TILE; row++) {
            int first = row * columns() + inside.x() / TILE;
            int last = row * columns() + (inside.x() + inside.width() - 1) / TILE;
            Arrays.fill(unknown, first, last + 1, true);
        }
    }

    /**
     * What differs from {@code current} within {@code area}, as rectangles that do not overlap; from now on the client
     * counts as having seen it.
     */
    List<Area> update(int[] current, Area area) {
        List<Area> result = new ArrayList<>();
        List<Area> open = new ArrayList<>();
        boolean[] dirty = new boolean[columns()];
        for (int top = area.y() / TILE * TILE; top < area.y() + area.height(); top += TILE) {
            Area band = area.intersect(new Area(0, top, width, TILE));
            markDirty(current, band, top / TILE, dirty);
            List<Area> spans = spans(band, dirty);
            for (Area span : spans) {
                for (int y = span.y(); y < span.y() + span.height(); y++) {
                    int at = y * width + span.x();
                    System.arraycopy(current, at, pixels, at, span.width());
                }
            }
            open = join(open, spans, result);
        }
        result.addAll(open);
        return result;
    }

    private void markDirty(int[] current, Area band, int tileRow, boolean[] dirty) {
        int right = band.x() + band.width();
        for (int column = 0; column < dirty.length; column++) {
            int left = Math.max(column * TILE, band.x());
            int end = Math.min(column * TILE + TILE, right);
            int tile = tileRow * columns() + column;
            dirty[column] = left < end && unknown[tile];
            boolean whole = left == column * TILE
                    && end == Math.min(column * TILE + TILE, width)
                    && band.y() == tileRow * TILE
                    && band.y() + band.height() == Math.min(tileRow * TILE + TILE, height);
            if (dirty[column] && whole) {
                unknown[tile] = false;
            }
        }
        for (int y = band.y(); y < band.y() + band.height(); y++) {
            int row = y * width;
            int x = band.x();
            while (x < right) {
                int at = Arrays.mismatch(current, row + x, row + right, pixels, row + x, row + right);
                if (at < 0) {
                    break;
                }
                int column = (x + at) / TILE;
                dirty[column] = true;
                x = column * TILE + TILE;
            }
        }
    }

    private static List<Area> spans(Area band, boolean[] dirty) {
        List<Area> spans = new ArrayList<>();
        for (int column = 0; column < dirty.length; column++) {
            if (dirty[column]) {
                int first = column;
                while (column + 1 < dirty.length && dirty[column + 1]) {
                    column++;
                }
                Area span = new Area(first * TILE, band.y(), (column + 1 - first) * TILE, band.height());
                spans.add(span.intersect(band));
            }
        }
        return spans;
    }

    /** Lengthens the rectangles that end above these spans and are as wide; the others are done. */
    private static List<Area> join(List<Area> open, List<Area> spans, List<Area> done) {
        List<Area> next = new ArrayList<>();
        int i = 0;
        for (Area span : spans) {
            while (i < open.size() && open.get(i).x() < span.x()) {
                done.add(open.get(i++));
            }
            if (i < open.size() && open.get(i).x() == span.x() && open.get(i).width() == span.width()) {
                Area above = open.get(i++);
                next.add(new Area(above.x(), above.y(), above.width(), above.height() + span.height()));
            } else {
                next.add(span);
            }
        }
        done.addAll(open.subList(i, open.size()));
        return next;
    }
}
