// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

import dev.terrarium.engine.device.ByteRegisters;
import dev.terrarium.engine.device.ByteSink;
import dev.terrarium.engine.device.Device;

/** A port that firmware and kernels write their log to: 0xE9 as in Bochs, 0x402 for SeaBIOS. */
public final class DebugConsole implements Device<DebugConsole.State>, ByteRegisters {
    /** What SeaBIOS and others read to find out whether somebody listens. */
    private static final int PRESENT = 0xE9;

    /** Nothing to remember. */
    public record State() {}

    private final String name;
    private final ByteSink sink;

    public DebugConsole(String name, ByteSink sink) {
        this.name = name;
        this.sink = sink;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public int readByte(int offset) {
        return offset == 0 ? PRESENT : 0xFF;
    }

    @Override
    public void writeByte(int offset, int value) {
        if (offset == 0) {
            sink.write(value);
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
