// SPDX-License-Identifier: GPL-3.0-or-later
/** What a window or a script calls: hosts, virtual machines, their events and figures. */
package dev.terrarium.engine;
