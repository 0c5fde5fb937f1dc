// SPDX-License-Identifier: GPL-3.0-or-later
/** The new-machine wizard: four steps, each with a default that suits most people. */
package dev.terrarium.wizards;
