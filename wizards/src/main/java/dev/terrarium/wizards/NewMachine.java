// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.wizards;

import dev.terrarium.engine.VirtualMachine;

/**
 * What the new-machine wizard leaves behind.
 *
 * @param machine the machine it made
 * @param start does the person want it switched on now?
 */
public record NewMachine(VirtualMachine machine, boolean start) {}
