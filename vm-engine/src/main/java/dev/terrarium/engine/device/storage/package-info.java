// SPDX-License-Identifier: GPL-3.0-or-later
/** IDE: two channels of ATA disks and ATAPI CD-ROMs, and the bus master that moves their data. */
package dev.terrarium.engine.device.storage;
