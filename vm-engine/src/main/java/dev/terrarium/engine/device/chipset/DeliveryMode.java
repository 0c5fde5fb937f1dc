// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

/** What an interrupt message asks of its receiver, numbered as in a local vector table (Intel SDM 3, figure 11-8). */
enum DeliveryMode {
    FIXED,
    LOWEST_PRIORITY,
    SYSTEM_MANAGEMENT,
    RESERVED,
    NON_MASKABLE,
    INIT,
    STARTUP,
    EXTERNAL;

    private static final DeliveryMode[] BY_NUMBER = values();

    /** The mode in bits 8 to 10 of a register. */
    static DeliveryMode of(int register) {
        return BY_NUMBER[register >> 8 & 7];
    }
}
