// SPDX-License-Identifier: GPL-3.0-or-later
/** The only door to native calls. */
package dev.terrarium.engine.posix;
