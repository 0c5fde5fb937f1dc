// SPDX-License-Identifier: GPL-3.0-or-later
/** The RFB server (RFC 6143) that shows a machine's screen. */
package dev.terrarium.engine.vnc;
