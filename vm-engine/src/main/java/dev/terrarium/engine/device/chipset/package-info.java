// SPDX-License-Identifier: GPL-3.0-or-later
/** The i440FX/PIIX3 chipset of the PC: PCI, interrupt controllers, timers, clock, power management. */
package dev.terrarium.engine.device.chipset;
