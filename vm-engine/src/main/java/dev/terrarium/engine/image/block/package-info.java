// SPDX-License-Identifier: GPL-3.0-or-later
/** What the formats with a table of blocks have in common: where a block stands, when its table entry is written. */
package dev.terrarium.engine.image.block;
