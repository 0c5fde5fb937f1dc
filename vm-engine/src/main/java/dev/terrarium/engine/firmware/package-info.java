// SPDX-License-Identifier: GPL-3.0-or-later
/** What the machine starts from: the BIOS images, the tables that describe the machine, kernels loaded without a disk. */
package dev.terrarium.engine.firmware;
