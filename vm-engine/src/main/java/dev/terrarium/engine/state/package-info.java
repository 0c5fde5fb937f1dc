// SPDX-License-Identifier: GPL-3.0-or-later
/** Device states as bytes, for saved machines, snapshots and migration. */
package dev.terrarium.engine.state;
