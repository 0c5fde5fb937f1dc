// SPDX-License-Identifier: GPL-3.0-or-later
/** What every kind of processor promises to the board, and what it asks of the board. */
package dev.terrarium.engine.processor;
