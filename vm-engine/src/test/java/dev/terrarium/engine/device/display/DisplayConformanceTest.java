// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.display;

import dev.terrarium.engine.device.Device;
import dev.terrarium.engine.device.DeviceConformance;
import dev.terrarium.engine.device.ScreenSource.Frame;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** The conformance suite over the VGA. */
class DisplayConformanceTest extends DeviceConformance {
    /** The video memory, which on a board is saved beside the RAM. */
    private static final class Memory implements Device<Memory.State> {
        record State(byte[] bytes) {}

        final MemorySegment bytes = Arena.ofAuto().allocate(Vga.MEMORY_SIZE, 4096);

        @Override
        public String name() {
            return "video memory";
        }

        @Override
        public void reset() {
            bytes.fill((byte) 0);
        }

        @Override
        public State save() {
            return new State(bytes.toArray(ValueLayout.JAVA_BYTE));
        }

        @Override
        public void restore(State state) {
            MemorySegment.copy(MemorySegment.ofArray(state.bytes), 0, bytes, 0, Vga.MEMORY_SIZE);
        }
    }

    @Override
    protected List<Subject> subjects() {
        return List.of(
                subject("registers", rig -> {
                    Memory memory = new Memory();
                    Vga vga = new Vga("vga", memory.bytes.address(), rig.clock, rig.buses.memoryBus);
                    Frame frame = new Frame();
                    rig.companion(memory)
                            .device(vga)
                            .window(vga.colorPorts(), Vga.COLOR_PORTS)
                            .window(vga.monochromePorts(), Vga.MONOCHROME_PORTS)
                            .window(vga.bochsPorts(), Vga.BOCHS_PORTS)
                            .window(vga.mmio(), Vga.MMIO_SIZE)
                            .stimulus(random -> vga.capture(frame));
                }),
                subject("PCI function", rig -> {
                    Memory memory = new Memory();
                    MemorySegment rom = Arena.ofAuto().allocate(PciVga.ROM_SIZE, 4096);
                    PciVga vga = new PciVga(memory.bytes.address(), rom.address(), rig.clock, rig.buses.memoryBus);
                    Frame frame = new Frame();
                    rig.companion(memory).pci(vga).stimulus(random -> {
                        vga.capture(frame);
                        if (rom.byteSize() == 0 || memory.bytes.byteSize() == 0) {
                            throw new AssertionError("the memory must outlive the adapter");
                        }
                    });
                }));
    }
}
