// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * The window: machines on the left, the one being looked at on the right. View models hold the state and are told by
 * {@link dev.terrarium.app.window.HostWatcher} what the machines do; views only show them.
 */
package dev.terrarium.app.window;
