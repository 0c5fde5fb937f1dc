// SPDX-License-Identifier: GPL-3.0-or-later
/** What the window remembers between two runs. */
package dev.terrarium.app.settings;
