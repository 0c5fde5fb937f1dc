// SPDX-License-Identifier: GPL-3.0-or-later
/** The display adapter: a VGA with Bochs' extensions, and how its memory becomes a picture. */
package dev.terrarium.engine.device.display;
