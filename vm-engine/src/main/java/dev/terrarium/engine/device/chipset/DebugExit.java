// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

import dev.terrarium.engine.device.Device;
import dev.terrarium.engine.device.RegisterWindow;
import java.util.function.IntConsumer;

/** A port with which a test program ends the machine and says how it went. */
public final class DebugExit implements Device<DebugExit.State>, RegisterWindow {
    /** Nothing to remember. */
    public record State() {}

    private final IntConsumer exit;

    /** @param exit takes the exit code of the machine: odd, so never that of success */
    public DebugExit(IntConsumer exit) {
        this.exit = exit;
    }

    @Override
    public String name() {
        return "debug-exit";
    }

    @Override
    public long read(long offset, int size) {
        return 0;
    }

    @Override
    public void write(long offset, int size, long value) {
        if (offset == 0) {
            exit.accept((int) value << 1 | 1);
        }
    }

    @Override
    public void reset() {}

    @Override
    public State save() {
        return new State();
    }

    @Override
    public void restore(State state) {}
}
