// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

/**
 * What every PCI function has to remember.
 *
 * @param config the 256 bytes of configuration space
 * @param interrupt whether the function asserts its INTx pin, apart from the command register's disable bit
 * @param messages the MSI-X table, four words a vector; empty without MSI-X
 * @param pendingMessages a bit for each vector that waits to be unmasked
 */
public record PciState(byte[] config, boolean interrupt, int[] messages, long[] pendingMessages) {}
