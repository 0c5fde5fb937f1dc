// SPDX-License-Identifier: GPL-3.0-or-later
/** A machine's snapshots on disk: the tree, what each holds, the images they stand on, and the one step by which a change happens. */
package dev.terrarium.engine.snapshot;
