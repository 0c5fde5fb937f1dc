// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.virtio;

import dev.terrarium.engine.device.RegisterWindow;
import dev.terrarium.engine.device.TestBuses;
import dev.terrarium.engine.device.chipset.PciBus;
import java.util.ArrayList;
import java.util.List;

/** A driver for a test: the function in a PCI slot, its registers, and rings in a guest's memory. */
public final class TestDriver {
    /** Offsets of struct virtio_pci_common_cfg. */
    public static final int DEVICE_FEATURE_SELECT = 0x00;

    public static final int DEVICE_FEATURE = 0x04;
    public static final int DRIVER_FEATURE_SELECT = 0x08;
    public static final int DRIVER_FEATURE = 0x0C;
    public static final int CONFIG_VECTOR = 0x10;
    public static final int NUM_QUEUES = 0x12;
    public static final int STATUS = 0x14;
    public static final int GENERATION = 0x15;
    public static final int QUEUE_SELECT = 0x16;
    public static final int QUEUE_SIZE = 0x18;
    public static final int QUEUE_VECTOR = 0x1A;
    public static final int QUEUE_ENABLE = 0x1C;
    public static final int QUEUE_DESC = 0x20;
    public static final int QUEUE_RESET = 0x3A;
    public static final int ISR = 0x1000;
    public static final int CONFIG = 0x2000;
    public static final int NOTIFY = 0x3000;

    private static final int REGISTERS_BASE = 0xE001_0000;
    private static final int TABLE_BASE = 0xE000_0000;
    private static final int RING_BYTES = 0x4000;

    public final TestBuses buses = new TestBuses();
    public final List<String> messages = new ArrayList<>();
    public final GuestRam ram;
    public boolean pin;
    private final PciBus bus = new PciBus(buses, buses.memoryBus);
    private final RegisterWindow ports = bus.configPorts();
    private final VirtioFunction<?> function;

    public TestDriver(GuestRam ram, VirtioFunction<?> function) {
        this.ram = ram;
        this.function = function;
        bus.connect((pirq, asserted) -> pin = asserted);
        bus.connectMessages((address, data) -> messages.add(Long.toHexString(address) + ":" + data));
        bus.attach(2, 0, function);
        function.reset();
        plugIn();
    }

    /** Places the base address registers and switches bus mastering on, as firmware does. */
    public void plugIn() {
        writePci(0x14, 4, TABLE_BASE);
        writePci(0x20, 4, REGISTERS_BASE);
        writePci(0x04, 2, 6);
    }

    public long readPci(int offset, int size) {
        ports.write(0, 4, 0x8000_1000L | offset & 0xFC);
        return ports.read(4 + (offset & 3), size) & (1L << 8 * size) - 1;
    }

    public void writePci(int offset, int size, long value) {
        ports.write(0, 4, 0x8000_1000L | offset & 0xFC);
        ports.write(4 + (offset & 3), size, value & (1L << 8 * size) - 1);
    }

    private RegisterWindow window(int base) {
        return buses.memory().stream()
                .filter(range -> range.base() == Integer.toUnsignedLong(base))
                .findFirst()
                .orElseThrow()
                .window();
    }

    /** The MSI-X table and its pending bits. */
    public RegisterWindow table() {
        return window(TABLE_BASE);
    }

    public long read(int offset, int size) {
        return window(REGISTERS_BASE).read(offset, size) & (size == 8 ? -1L : (1L << 8 * size) - 1);
    }

    public void write(int offset, int size, long value) {
        window(REGISTERS_BASE).write(offset, size, value);
    }

    public int status() {
        return (int) read(STATUS, 1);
    }

    public long offered() {
        write(DEVICE_FEATURE_SELECT, 4, 0);
        long low = read(DEVICE_FEATURE, 4);
        write(DEVICE_FEATURE_SELECT, 4, 1);
        return low | read(DEVICE_FEATURE, 4) << 32;
    }

    public void accept(long features) {
        write(DRIVER_FEATURE_SELECT, 4, 0);
        write(DRIVER_FEATURE, 4, features & 0xFFFF_FFFFL);
        write(DRIVER_FEATURE_SELECT, 4, 1);
        write(DRIVER_FEATURE, 4, features >>> 32);
    }

    /** Section 3.1.1 up to FEATURES_OK; returns whether the device has taken the features. */
    public boolean negotiate(long features) {
        write(STATUS, 1, 0);
        write(STATUS, 1, 1);
        write(STATUS, 1, 3);
        accept(features);
        write(STATUS, 1, 11);
        return (status() & 8) != 0;
    }

    /** All of section 3.1.1, with every queue of {@code size} descriptors at most. */
    public List<TestRing> start(long features, int size) {
        if (!negotiate(features)) {
            throw new AssertionError("features are not taken: " + Long.toHexString(features));
        }
        List<TestRing> rings = new ArrayList<>();
        int count = (int) read(NUM_QUEUES, 2);
        for (int i = 0; i < count; i++) {
            rings.add(enable(i, size, (features & Features.EVENT_INDEX) != 0));
        }
        write(STATUS, 1, 15);
        return rings;
    }

    /** Gives queue {@code index} its rings, each in 16 KiB of its own from 64 KiB on, and enables it. */
    public TestRing enable(int index, int size, boolean eventIndex) {
        write(QUEUE_SELECT, 2, index);
        int chosen = Math.min(size, (int) read(QUEUE_SIZE, 2));
        write(QUEUE_SIZE, 2, chosen);
        TestRing ring = new TestRing(this, index, chosen, 0x1_0000 + index * RING_BYTES, eventIndex);
        write(QUEUE_DESC, 8, ring.descriptors);
        write(QUEUE_DESC + 8, 8, ring.available);
        write(QUEUE_DESC + 16, 8, ring.used);
        write(QUEUE_ENABLE, 2, 1);
        return ring;
    }

    /** Enables MSI-X with vector n sending n to 0xFEE00000, unmasked, and gives the vectors 1, 2, ... to the queues. */
    public void useMessages(int queues) {
        for (int vector = 0; vector <= queues; vector++) {
            table().write(16L * vector, 4, 0xFEE0_0000L);
            table().write(16L * vector + 8, 4, vector);
            table().write(16L * vector + 12, 4, 0);
        }
        writePci(0x42, 2, 0x8000);
        write(CONFIG_VECTOR, 2, 0);
        for (int i = 0; i < queues; i++) {
            write(QUEUE_SELECT, 2, i);
            write(QUEUE_VECTOR, 2, i + 1);
        }
    }

    public VirtioFunction<?> function() {
        return function;
    }
}
