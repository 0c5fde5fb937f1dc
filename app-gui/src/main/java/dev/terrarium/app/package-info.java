// SPDX-License-Identifier: GPL-3.0-or-later
/** Where the application begins. */
package dev.terrarium.app;
