// SPDX-License-Identifier: GPL-3.0-or-later
/** What happens to machines when the process that runs them is told to end. */
package dev.terrarium.app.exit;
