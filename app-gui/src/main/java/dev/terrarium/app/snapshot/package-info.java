// SPDX-License-Identifier: GPL-3.0-or-later
/** A machine's snapshots as rows with the lines of a tree. */
package dev.terrarium.app.snapshot;
