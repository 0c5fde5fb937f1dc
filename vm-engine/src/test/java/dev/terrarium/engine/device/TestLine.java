// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device;

/** A wire that remembers its level and counts its rises. */
public final class TestLine implements InterruptLine {
    private boolean level;
    private int rises;

    @Override
    public void set(boolean asserted) {
        if (asserted && !level) {
            rises++;
        }
        level = asserted;
    }

    public boolean level() {
        return level;
    }

    /** The rises since this was called last. */
    public int takeRises() {
        int taken = rises;
        rises = 0;
        return taken;
    }
}
