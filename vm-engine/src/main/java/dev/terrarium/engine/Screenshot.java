// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine;

/**
 * A machine's picture.
 *
 * @param pixels {@code pixels[y * width + x]} is 0x00RRGGBB
 */
public record Screenshot(int width, int height, int[] pixels) {}
