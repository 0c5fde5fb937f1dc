// SPDX-License-Identifier: GPL-3.0-or-later
/** What network cables lead to: the user-mode network (NAT), and what watches and limits frames. No device is known here. */
package dev.terrarium.engine.net;
