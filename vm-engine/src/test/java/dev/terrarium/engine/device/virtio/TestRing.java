// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.virtio;

/** The driver's side of a split virtqueue, in a test. Descriptors are used in turn and never waited for. */
public final class TestRing {
    /** A buffer of a chain. */
    public record Part(long address, int length, boolean writable) {}

    public final int index;
    public final int size;
    public final long descriptors;
    public final long available;
    public final long used;
    private final TestDriver driver;
    private final boolean eventIndex;
    private int nextDescriptor;
    private int nextAvailable;

    TestRing(TestDriver driver, int index, int size, long base, boolean eventIndex) {
        this.driver = driver;
        this.index = index;
        this.size = size;
        this.eventIndex = eventIndex;
        descriptors = base;
        available = base + 16L * size;
        used = available + 6 + 2L * size + 3 & -4;
        for (long at = base; at < used + 8L * size + 8; at += 4) {
            driver.ram.writeInt(at, 0);
        }
    }

    public static Part out(long address, int length) {
        return new Part(address, length, false);
    }

    public static Part in(long address, int length) {
        return new Part(address, length, true);
    }

    /** Writes a descriptor. */
    public void describe(int at, long address, int length, int flags, int next) {
        write(descriptors + 16L * at, address, length, flags, next);
    }

    private void write(long at, long address, int length, int flags, int next) {
        driver.ram.writeLong(at, address);
        driver.ram.writeInt(at + 8, length);
        driver.ram.writeInt(at + 12, flags | next << 16);
    }

    /** Makes a chain available; returns its first descriptor. */
    public int add(Part... parts) {
        int head = nextDescriptor;
        for (int i = 0; i < parts.length; i++) {
            int at = nextDescriptor;
            nextDescriptor = (nextDescriptor + 1) % size;
            int flags = (parts[i].writable ? 2 : 0) | (i < parts.length - 1 ? 1 : 0);
            describe(at, parts[i].address, parts[i].length, flags, nextDescriptor);
        }
        offer(head);
        return head;
    }

    /** Makes a chain available by a table at {@code table}; returns its first descriptor. */
    public int addIndirect(long table, Part... parts) {
        for (int i = 0; i < parts.length; i++) {
            int flags = (parts[i].writable ? 2 : 0) | (i < parts.length - 1 ? 1 : 0);
            write(table + 16L * i, parts[i].address, parts[i].length, flags, i + 1);
        }
        int head = nextDescriptor;
        nextDescriptor = (nextDescriptor + 1) % size;
        describe(head, table, 16 * parts.length, 4, 0);
        offer(head);
        return head;
    }

    /** Puts a descriptor into the available ring. */
    public void offer(int head) {
        driver.ram.writeShort(available + 4 + 2L * (nextAvailable % size), head);
        nextAvailable++;
        driver.ram.writeShort(available + 2, nextAvailable);
    }

    public void setAvailableIndex(int value) {
        driver.ram.writeShort(available + 2, value);
    }

    public void kick() {
        driver.write(TestDriver.NOTIFY + 4 * index, 2, index);
    }

    public int usedIndex() {
        return driver.ram.readShort(used + 2);
    }

    public int usedHead(int at) {
        return driver.ram.readInt(used + 4 + 8L * (at % size));
    }

    public int usedLength(int at) {
        return driver.ram.readInt(used + 8 + 8L * (at % size));
    }

    /** Sets the flags of the available ring. */
    public void setFlags(int flags) {
        driver.ram.writeShort(available, flags);
    }

    /** At which used index the driver wants an interrupt. */
    public void setUsedEvent(int at) {
        if (!eventIndex) {
            throw new AssertionError("the driver has not accepted event indices");
        }
        driver.ram.writeShort(available + 4 + 2L * size, at);
    }

    /** At which available index the device wants a notification. */
    public int availableEvent() {
        return driver.ram.readShort(used + 4 + 8L * size);
    }
}
