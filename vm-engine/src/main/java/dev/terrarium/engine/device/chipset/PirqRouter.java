// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

/** Where the bus's four interrupt wires, PIRQA to PIRQD, end. */
@FunctionalInterface
public interface PirqRouter {
    /** Wire {@code pirq}, 0 to 3, changed its level. */
    void pirq(int pirq, boolean asserted);
}
