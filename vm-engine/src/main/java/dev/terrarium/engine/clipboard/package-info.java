// SPDX-License-Identifier: GPL-3.0-or-later
/** The messages of RFB's extended clipboard, the same for the server in the engine and the client in the console. */
package dev.terrarium.engine.clipboard;
