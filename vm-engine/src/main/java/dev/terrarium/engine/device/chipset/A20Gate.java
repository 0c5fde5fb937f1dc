// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

import dev.terrarium.engine.device.Device;

/** The gate of address line 20, that port 0x92 and the keyboard controller both move. */
public final class A20Gate implements Device<A20Gate.State> {
    /** Whether the line is connected. */
    public record State(boolean enabled) {}

    /** Told when the gate moves. */
    @FunctionalInterface
    public interface Listener {
        /** The gate is now open, which is {@code true}, or forces address bit 20 to zero. */
        void a20(boolean enabled);
    }

    private final Listener listener;
    private boolean enabled = true;

    public A20Gate(Listener listener) {
        this.listener = listener;
    }

    @Override
    public String name() {
        return "a20";
    }

    public boolean enabled() {
        return enabled;
    }

    public void set(boolean enable) {
        if (enabled != enable) {
            enabled = enable;
            listener.a20(enable);
        }
    }

    @Override
    public void reset() {
        enabled = true;
        listener.a20(true);
    }

    @Override
    public State save() {
        return new State(enabled);
    }

    @Override
    public void restore(State state) {
        enabled = state.enabled;
        listener.a20(enabled);
    }
}
