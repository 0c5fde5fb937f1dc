// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device;

/** The 64 Ki I/O ports. Devices with movable ports (PCI BARs) map and unmap themselves through it. */
public interface PortBus {
    /** Lets {@code window} answer ports {@code base} to {@code base + count - 1}, on top of what was there before. */
    Mapping map(int base, int count, RegisterWindow window);

    /** A mapping that can be taken away again. */
    @FunctionalInterface
    interface Mapping {
        void remove();
    }
}
