// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

/** Takes the message-signalled interrupts of devices. Called with the board's lock held. */
@FunctionalInterface
public interface InterruptMessages {
    /** A device writes {@code data} to {@code address}, whatever these are: the guest has chosen both. */
    void send(long address, int data);
}
