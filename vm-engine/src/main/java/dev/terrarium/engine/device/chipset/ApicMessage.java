// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

/**
 * An interrupt on its way to local APICs.
 *
 * @param destination an APIC ID, or with {@code logical} a set of processors (Intel SDM volume 3, section 11.6.2)
 * @param level whether its end must be reported to the I/O APIC
 */
record ApicMessage(int destination, boolean logical, DeliveryMode mode, int vector, boolean level) {}
