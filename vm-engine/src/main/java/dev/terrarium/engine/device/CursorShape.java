// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device;

import java.util.Arrays;

/**
 * The shape of a pointer that a display adapter lays over its picture. Size and hot spot, the pixel that points, are in
 * pixels; {@code argb[y * width + x]} is 0xAARRGGBB, its colours not multiplied by alpha. Not to be changed once made.
 */
public record CursorShape(int width, int height, int hotX, int hotY, int[] argb) {
    /** The longest side of a shape, in pixels. */
    public static final int MAX_SIDE = 256;

    /** The adapter draws no pointer; if there is one, the guest has drawn it into its picture. */
    public static final CursorShape NONE = new CursorShape(0, 0, 0, 0, new int[0]);

    /** A guest chooses shapes: an adapter must refuse those that this constructor does not take. */
    public CursorShape {
        if (width < 0 || height < 0 || width > MAX_SIDE || height > MAX_SIDE || argb.length != width * height) {
            throw new IllegalArgumentException("a cursor of " + width + " by " + height);
        }
        if (hotX < 0 || hotY < 0 || hotX > width || hotY > height) {
            throw new IllegalArgumentException("a hot spot at " + hotX + ", " + hotY);
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof CursorShape shape
                && width == shape.width
                && height == shape.height
                && hotX == shape.hotX
                && hotY == shape.hotY
                && Arrays.equals(argb, shape.argb);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * width + height) + Arrays.hashCode(argb);
    }

    @Override
    public String toString() {
        return "CursorShape[" + width + " by " + height + ", hot spot " + hotX + ", " + hotY + "]";
    }
}
