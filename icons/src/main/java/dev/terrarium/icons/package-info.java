// SPDX-License-Identifier: GPL-3.0-or-later
/** SVG icons as JavaFX nodes, and the application's own icon. */
package dev.terrarium.icons;
