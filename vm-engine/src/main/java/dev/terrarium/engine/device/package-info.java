// SPDX-License-Identifier: GPL-3.0-or-later
/** The contract that every device of the board keeps, and what a device may ask of the board. */
package dev.terrarium.engine.device;
