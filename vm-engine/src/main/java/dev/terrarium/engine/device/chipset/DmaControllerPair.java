// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

import dev.terrarium.engine.device.ByteRegisters;
import dev.terrarium.engine.device.Device;
import dev.terrarium.engine.device.RegisterWindow;
import dev.terrarium.engine.device.StateCheck;
import java.util.Arrays;

/** The PC's two 8237A DMA controllers and their page registers, for those who probe them. */
public final class DmaControllerPair implements Device<DmaControllerPair.State> {
    private static final int PAGES = 16;

    /** Both controllers, and the page registers. */
    public record State(DmaController.State first, DmaController.State second, byte[] pages) {}

    private final DmaController first = new DmaController();
    private final DmaController second = new DmaController();
    private final byte[] pages = new byte[PAGES];

    @Override
    public String name() {
        return "dma";
    }

    /** Ports 0x00 to 0x0F. */
    public RegisterWindow firstPorts() {
        return first;
    }

    /** Ports 0xC0 to 0xDF, where the registers are two apart. */
    public RegisterWindow secondPorts() {
        return new ByteRegisters() {
            @Override
            public int readByte(int offset) {
                return (offset & 1) == 0 ? second.readByte(offset >> 1) : 0xFF;
            }

            @Override
            public void writeByte(int offset, int value) {
                if ((offset & 1) == 0) {
                    second.writeByte(offset >> 1, value);
                }
            }
        };
    }

    /** Ports 0x80 to 0x8F; the first is not a page but the place for firmware's progress codes. */
    public RegisterWindow pagePorts() {
        return new ByteRegisters() {
            @Override
            public int readByte(int offset) {
                return offset >= 0 && offset < PAGES ? pages[offset] & 0xFF : 0xFF;
            }

            @Override
            public void writeByte(int offset, int value) {
                if (offset >= 0 && offset < PAGES) {
                    pages[offset] = (byte) value;
                }
            }
        };
    }

    @Override
    public void reset() {
        first.reset();
        second.reset();
        Arrays.fill(pages, (byte) 0);
    }

    @Override
    public State save() {
        return new State(first.save(), second.save(), pages.clone());
    }

    @Override
    public void restore(State state) {
        DmaController.check(state.first);
        DmaController.check(state.second);
        StateCheck.length("pages", state.pages.length, PAGES);
        first.restore(state.first);
        second.restore(state.second);
        System.arraycopy(state.pages, 0, pages, 0, PAGES);
    }
}
