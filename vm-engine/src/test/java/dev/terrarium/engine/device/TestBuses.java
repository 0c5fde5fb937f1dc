// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device;

import java.util.ArrayList;
import java.util.List;

/** A port bus and a memory bus that let a test see what is mapped and reach it by address. */
public final class TestBuses implements PortBus {
    /** One mapping: of a register window, or of host memory. */
    public record Range(long base, long size, RegisterWindow window, long readAddress, long writeAddress) {
        private boolean holds(long address) {
            return address >= base && address < base + size;
        }
    }

    private static final RegisterWindow NOTHING = new RegisterWindow() {
        @Override
        public long read(long offset, int size) {
            return -1;
        }

        @Override
        public void write(long offset, int size, long value) {}
    };

    private final List<Range> ports = new ArrayList<>();
    private final List<Range> memory = new ArrayList<>();

    /** The memory side. */
    public final MemoryBus memoryBus = new MemoryBus() {
        @Override
        public Mapping mapWindow(long base, long size, RegisterWindow window) {
            return mapped(new Range(base, size, window, 0, 0));
        }

        @Override
        public Mapping mapDirect(long base, long size, long readAddress, long writeAddress) {
            return mapped(new Range(base, size, NOTHING, readAddress, writeAddress));
        }

        private Mapping mapped(Range range) {
            if ((range.base | range.size) % 4096 != 0 || range.base < 0 || range.size <= 0) {
                throw new AssertionError("Not whole pages: " + range);
            }
            memory.add(range);
            return () -> removed(memory, range);
        }
    };

    @Override
    public Mapping map(int base, int count, RegisterWindow window) {
        Range range = new Range(base, count, window, 0, 0);
        if (base < 0 || count <= 0 || base + count > 0x10000) {
            throw new AssertionError("Outside the port space: " + range);
        }
        ports.add(range);
        return () -> removed(ports, range);
    }

    private static void removed(List<Range> ranges, Range range) {
        for (int i = 0; i < ranges.size(); i++) {
            if (ranges.get(i) == range) {
                ranges.remove(i);
                return;
            }
        }
        throw new AssertionError("Removed twice: " + range);
    }

    public List<Range> ports() {
        return List.copyOf(ports);
    }

    public List<Range> memory() {
        return List.copyOf(memory);
    }

    public long in(int port, int size) {
        long value = -1;
        for (Range range : ports) {
            if (range.holds(port)) {
                value = range.window.read(port - range.base, size);
            }
        }
        return size == 8 ? value : value & (1L << 8 * size) - 1;
    }

    public void out(int port, int size, long value) {
        for (Range range : ports.reversed()) {
            if (range.holds(port)) {
                range.window.write(port - range.base, size, value);
                return;
            }
        }
    }
}
