// SPDX-License-Identifier: GPL-3.0-or-later
/** The console: an RFB client (RFC 6143) that draws into a JavaFX node. */
package dev.terrarium.console;
