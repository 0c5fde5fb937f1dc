// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

/**
 * The wires with which a chip asks the board for something that concerns the whole machine. Called with the board's
 * lock held; the board does what was asked after the call has returned.
 */
public interface SystemControl {
    /** Asks for a reset of the machine. */
    void requestReset();

    /** Asks for the power to be switched off. */
    void requestPowerOff();
}
