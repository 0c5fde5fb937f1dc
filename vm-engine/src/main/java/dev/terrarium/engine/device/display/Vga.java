// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.display;

import dev.terrarium.engine.device.ByteRegisters;
import dev.terrarium.engine.device.Clock;
import dev.terrarium.engine.device.Device;
import dev.terrarium.engine.device.MemoryBus;
import dev.terrarium.engine.device.RegisterWindow;
import dev.terrarium.engine.device.ScreenSource;
import java.util.Optional;

/**
 * The standard VGA: registers, the window at A0000h, Bochs' display registers, and the picture they make.
 *
 * <p>The video memory is a block of host memory that belongs to the board, which saves it as it saves RAM: the state here
 * is the registers'. Where the window at A0000h shows it byte by byte, it is mapped so that the processor writes it
 * without a call.
 */
public final class Vga implements Device<Vga.State>, ScreenSource {
    /** The size of the video memory. */
    public static final int MEMORY_SIZE = 16 << 20;

    /** The monochrome adapter's ports. */
    public static final int MONOCHROME_PORT = 0x3B0;

    public static final int MONOCHROME_PORTS = 12;

    /** The ports from 3C0h on. */
    public static final int COLOR_PORT = 0x3C0;

    public static final int COLOR_PORTS = 32;

    /** Bochs' index port; the data register is the 16-bit port after it. */
    public static final int BOCHS_PORT = 0x1CE;

    public static final int BOCHS_PORTS = 3;

    /** The register window's size, at BAR 2. */
    public static final int MMIO_SIZE = 0x1000;

    private static final long LEGACY_WINDOW = 0xA0000;
    private static final int DIRECT_SIZE = 0x10000;

    private static final int MMIO_PORTS = 0x400;
    private static final int MMIO_BOCHS = 0x500;
    private static final int MMIO_BOCHS_END = 0x516;
    private static final int MMIO_EXTENSION = 0x600;
    private static final int EXTENSION_SIZE = 8;
    private static final int LITTLE_ENDIAN_FRAME_BUFFER = 0x1E1E1E1E;

    /** The registers, Bochs' registers, and the four planes' latches. */
    public record State(VgaRegisters.State registers, BochsDisplay.State bochs, int latch) {}

    private final String name;
    private final Clock clock;
    private final MemoryBus bus;
    private final VideoMemory memory;
    private final VgaRegisters registers;
    private final BochsDisplay bochs;
    private final PlanarMemory window;
    private final Screen screen;
    private final byte[] edid = Edid.block();
    private Optional<MemoryBus.Mapping> direct = Optional.empty();
    private long directOffset = -1;

    /**
     * Makes an adapter and maps its window at A0000h.
     *
     * @param memoryAddress host address of {@link #MEMORY_SIZE} bytes of video memory, zero at first
     */
    public Vga(String name, long memoryAddress, Clock clock, MemoryBus bus) {
        this.name = name;
        this.clock = clock;
        this.bus = bus;
        this.memory = new VideoMemory(memoryAddress, MEMORY_SIZE);
        this.registers = new VgaRegisters(this::invalidate, this::updateWindow);
        this.bochs = new BochsDisplay(memory, this::bochsChanged);
        this.window = new PlanarMemory(memory, registers, bochs);
        this.screen = new Screen(memory, registers, bochs);
        bochs.reset();
        bus.mapWindow(LEGACY_WINDOW, PlanarMemory.WINDOW, window);
    }

    /** The video memory's host address, to be mapped as the linear frame buffer. */
    public long memoryAddress() {
        return memory.base();
    }

    private void invalidate() {
        screen.invalidate();
    }

    private void bochsChanged() {
        screen.invalidate();
        updateWindow();
    }

    private void updateWindow() {
        long offset = window.linearOffset();
        if (offset == directOffset) {
            return;
        }
        direct.ifPresent(MemoryBus.Mapping::remove);
        direct = Optional.empty();
        directOffset = offset;
        if (offset >= 0) {
            long address = memory.base() + offset;
            direct = Optional.of(bus.mapDirect(LEGACY_WINDOW, DIRECT_SIZE, address, address));
        }
    }

    /** The ports from {@link #MONOCHROME_PORT} on. */
    public ByteRegisters monochromePorts() {
        return ports(MONOCHROME_PORT, MONOCHROME_PORTS);
    }

    /** The ports from {@link #COLOR_PORT} on. */
    public ByteRegisters colorPorts() {
        return ports(COLOR_PORT, COLOR_PORTS);
    }

    private ByteRegisters ports(int first, int count) {
        return new ByteRegisters() {
            @Override
            public int readByte(int offset) {
                return offset >= 0 && offset < count ? registers.read(first + offset) : 0xFF;
            }

            @Override
            public void writeByte(int offset, int value) {
                if (offset >= 0 && offset < count) {
                    registers.write(first + offset, value);
                }
            }
        };
    }

    /** Index and data from {@link #BOCHS_PORT} on; the data register also answers at the odd port 1CFh. */
    public RegisterWindow bochsPorts() {
        return new RegisterWindow() {
            @Override
            public long read(long offset, int size) {
                if (size != 2) {
                    return -1L;
                }
                return offset == 0 ? bochs.readIndex() : offset <= 2 ? bochs.readData() : -1L;
            }

            @Override
            public void write(long offset, int size, long value) {
                if (size == 2 && offset == 0) {
                    bochs.writeIndex((int) value & 0xFFFF);
                } else if (size == 2 && offset <= 2) {
                    bochs.writeData((int) value & 0xFFFF);
                }
            }
        };
    }

    /** The register window at BAR 2: EDID, the VGA's ports, Bochs' registers, and the frame buffer's byte order. */
    public RegisterWindow mmio() {
        return new RegisterWindow() {
            @Override
            public long read(long offset, int size) {
                if (offset >= MMIO_BOCHS && offset < MMIO_BOCHS_END) {
                    return readBochs((int) offset - MMIO_BOCHS, size);
                }
                long value = 0;
                for (int i = 0; i < size; i++) {
                    value |= (long) readMmioByte((int) offset + i) << (8 * i);
                }
                return value;
            }

            @Override
            public void write(long offset, int size, long value) {
                if (offset >= MMIO_BOCHS && offset < MMIO_BOCHS_END) {
                    if (size == 2 && offset % 2 == 0) {
                        bochs.write((int) (offset - MMIO_BOCHS) / 2, (int) value & 0xFFFF);
                    }
                    return;
                }
                for (int i = 0; i < size; i++) {
                    int port = (int) offset + i - MMIO_PORTS;
                    if (port >= 0 && port < COLOR_PORTS) {
                        registers.write(COLOR_PORT + port, (int) (value >>> (8 * i)) & 0xFF);
                    }
                }
            }
        };
    }

    private long readBochs(int offset, int size) {
        long value = 0;
        for (int i = 0; i < size; i++) {
            long half = bochs.read((offset + i) / 2);
            value |= (half >> (8 * ((offset + i) % 2)) & 0xFF) << (8 * i);
        }
        return value;
    }

    private int readMmioByte(int offset) {
        if (offset >= 0 && offset < Edid.SIZE) {
            return edid[offset] & 0xFF;
        }
        if (offset >= MMIO_PORTS && offset < MMIO_PORTS + COLOR_PORTS) {
            return registers.read(COLOR_PORT + offset - MMIO_PORTS);
        }
        if (offset >= MMIO_EXTENSION && offset < MMIO_EXTENSION + EXTENSION_SIZE) {
            int word = offset < MMIO_EXTENSION + 4 ? EXTENSION_SIZE : LITTLE_ENDIAN_FRAME_BUFFER;
            return word >> (8 * (offset & 3)) & 0xFF;
        }
        return offset < MMIO_PORTS ? 0 : 0xFF;
    }

    @Override
    public boolean capture(Frame frame) {
        return screen.capture(frame, clock.nanoTime());
    }

    @Override
    public Size size() {
        return screen.size();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public void reset() {
        registers.reset();
        bochs.reset();
        window.setLatch(0);
        bochsChanged();
    }

    @Override
    public State save() {
        return new State(registers.save(), bochs.save(), window.latch());
    }

    /** Requires that this adapter can be in {@code state}, without changing anything. */
    void check(State state) {
        VgaRegisters.validate(state.registers());
        bochs.validate(state.bochs());
    }

    @Override
    public void restore(State state) {
        check(state);
        registers.restore(state.registers());
        bochs.restore(state.bochs());
        window.setLatch(state.latch());
        bochsChanged();
    }
}
