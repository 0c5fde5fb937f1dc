// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

/** Counts what chips ask of the machine. */
public final class TestSystem implements SystemControl {
    private int resets;
    private int powerOffs;

    @Override
    public void requestReset() {
        resets++;
    }

    @Override
    public void requestPowerOff() {
        powerOffs++;
    }

    public int resets() {
        return resets;
    }

    public int powerOffs() {
        return powerOffs;
    }
}
