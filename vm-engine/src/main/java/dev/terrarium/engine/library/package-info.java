// SPDX-License-Identifier: GPL-3.0-or-later
/** Machines on disk: one folder a machine, atomic writes, locks; and the host that holds them. */
package dev.terrarium.engine.library;
