// SPDX-License-Identifier: GPL-3.0-or-later
/** The command line: one class a command, results on standard output, everything else on standard error. */
package dev.terrarium.app.cli;
