// SPDX-License-Identifier: GPL-3.0-or-later
/** Long work: what runs, how far it is, how it ended. */
package dev.terrarium.app.task;
