// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.display;

import dev.terrarium.engine.device.Clock;
import dev.terrarium.engine.device.MemoryBus;
import dev.terrarium.engine.device.ScreenSource;
import dev.terrarium.engine.device.chipset.PciFunction;
import dev.terrarium.engine.device.chipset.PciIdentity;
import dev.terrarium.engine.device.chipset.PciState;

/**
 * The standard VGA as a PCI function: its frame buffer at BAR 0, its registers at BAR 2, the VGA BIOS as expansion ROM.
 * It maps the VGA's legacy ports by itself when it is attached to the bus.
 */
public final class PciVga extends PciFunction<PciVga.State> implements ScreenSource {
    /** Host memory that the expansion ROM takes: the VGA BIOS, padded. */
    public static final int ROM_SIZE = 0x10000;

    private static final PciIdentity IDENTITY = new PciIdentity(0x1234, 0x1111, 0x02, 0x030000, 0x1AF4, 0x1100);
    private static final int FRAME_BUFFER_BAR = 0;
    private static final int REGISTER_BAR = 2;

    /** The configuration space and the adapter's registers. */
    public record State(PciState pci, Vga.State vga) {}

    private final Vga vga;

    /**
     * Makes the adapter.
     *
     * @param memoryAddress host address of {@link Vga#MEMORY_SIZE} bytes
     * @param romAddress host address of {@link #ROM_SIZE} bytes that begin with the VGA BIOS
     */
    public PciVga(long memoryAddress, long romAddress, Clock clock, MemoryBus bus) {
        super("vga", IDENTITY);
        vga = new Vga("vga-registers", memoryAddress, clock, bus);
        directBar(FRAME_BUFFER_BAR, Vga.MEMORY_SIZE, memoryAddress);
        memoryBar(REGISTER_BAR, Vga.MMIO_SIZE, vga.mmio());
        romBar(ROM_SIZE, romAddress);
        ioDecoder(Vga.MONOCHROME_PORTS, vga.monochromePorts(), () -> Vga.MONOCHROME_PORT);
        ioDecoder(Vga.COLOR_PORTS, vga.colorPorts(), () -> Vga.COLOR_PORT);
        ioDecoder(Vga.BOCHS_PORTS, vga.bochsPorts(), () -> Vga.BOCHS_PORT);
    }

    @Override
    public boolean capture(Frame frame) {
        return vga.capture(frame);
    }

    @Override
    public Size size() {
        return vga.size();
    }

    @Override
    public void reset() {
        resetPci();
        vga.reset();
    }

    @Override
    public State save() {
        return new State(savePci(), vga.save());
    }

    @Override
    public void restore(State state) {
        checkPci(state.pci);
        vga.check(state.vga);
        restorePci(state.pci);
        vga.restore(state.vga);
    }
}
