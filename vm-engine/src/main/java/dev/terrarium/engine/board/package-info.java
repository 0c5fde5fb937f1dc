// SPDX-License-Identifier: GPL-3.0-or-later
/** One PC put together from a machine's configuration: memory map, chipset, devices, processors, power and time. */
package dev.terrarium.engine.board;
