// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.firmware;

import dev.terrarium.engine.device.Device;
import dev.terrarium.engine.device.DeviceMemory;
import dev.terrarium.engine.device.InvalidStateException;
import dev.terrarium.engine.device.RegisterWindow;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The firmware configuration device: numbered items and named files that firmware and boot ROMs read through a selector
 * and data port or by DMA (QEMU's docs/specs/fw_cfg).
 *
 * <p>The contents are the board's configuration, added before the machine starts; the device's state is only where the
 * guest is reading.
 */
public final class FirmwareConfig implements Device<FirmwareConfig.State> {
    /** The first of the ports. */
    public static final int PORT = 0x510;

    /** How many ports there are. */
    public static final int PORTS = 12;

    private static final int SELECTOR = 0;
    private static final int DATA = 1;
    private static final int DMA_HIGH = 4;
    private static final int DMA_LOW = 8;

    private static final long DMA_SIGNATURE = 0x51454D5520434647L;
    private static final int DMA_ERROR = 0x01;
    private static final int DMA_READ = 0x02;
    private static final int DMA_SKIP = 0x04;
    private static final int DMA_SELECT = 0x08;
    private static final int DMA_WRITE = 0x10;
    private static final int DMA_STRUCTURE = 16;

    private static final int FIRST_FILE = 0x20;
    private static final int MAX_FILES = 256;
    private static final int NAME_LENGTH = 56;
    private static final int NO_ITEM = 0xFFFF;
    private static final int ZEROS = 1 << 16;

    /** An item with a fixed number. */
    public enum Item {
        SIGNATURE(0x00),
        ID(0x01),
        UUID(0x02),
        RAM_SIZE(0x03),
        NO_GRAPHIC(0x04),
        CPU_COUNT(0x05),
        BOOT_MENU(0x0E),
        MAX_CPUS(0x0F),
        FILE_DIRECTORY(0x19),
        IRQ0_OVERRIDE(0x8002);

        private final int key;

        Item(int key) {
            this.key = key;
        }
    }

    /**
     * Where the guest is reading.
     *
     * @param key the selected item
     * @param offset the next byte in it
     * @param dmaHigh the upper half of the DMA structure's address, as written
     */
    public record State(int key, long offset, int dmaHigh) {}

    private record FileEntry(String name, int key, int size) {}

    private final String name;
    private final DeviceMemory memory;
    private final long memorySize;
    private final Map<Integer, byte[]> items = new HashMap<>();
    private final List<FileEntry> files = new ArrayList<>();
    private int key;
    private byte[] current = new byte[0];
    private long offset;
    private int dmaHigh;

    /** Makes a device with signature and id. {@code memorySize} bounds what one DMA request may fill with zeros. */
    public FirmwareConfig(String name, DeviceMemory memory, long memorySize) {
        this.name = name;
        this.memory = memory;
        this.memorySize = memorySize;
        set(Item.SIGNATURE, "QEMU".getBytes(StandardCharsets.US_ASCII));
        setInt(Item.ID, 3);
        rebuildDirectory();
    }

    /** Sets an item's contents. */
    public void set(Item item, byte[] content) {
        items.put(item.key, content);
    }

    /** Sets an item to a 16-bit number. */
    public void setShort(Item item, int value) {
        set(item, new byte[] {(byte) value, (byte) (value >> 8)});
    }

    /** Sets an item to a 32-bit number. */
    public void setInt(Item item, int value) {
        set(item, LittleEndian.of(4).u32(value).toByteArray());
    }

    /** Sets an item to a 64-bit number. */
    public void setLong(Item item, long value) {
        set(item, LittleEndian.of(8).u64(value).toByteArray());
    }

    /** Adds a named file, or replaces its contents. The array is not copied. */
    public void addFile(String fileName, byte[] content) {
        if (fileName.length() >= NAME_LENGTH) {
            throw new IllegalArgumentException("name too long: " + fileName);
        }
        int at = files.size();
        for (int i = 0; i < files.size(); i++) {
            if (files.get(i).name().equals(fileName)) {
                at = i;
            }
        }
        if (at == MAX_FILES) {
            throw new IllegalStateException("more than " + MAX_FILES + " files");
        }
        FileEntry entry = new FileEntry(fileName, FIRST_FILE + at, content.length);
        if (at == files.size()) {
            files.add(entry);
        } else {
            files.set(at, entry);
        }
        items.put(entry.key(), content);
        rebuildDirectory();
    }

    private void rebuildDirectory() {
        ByteBuffer directory = ByteBuffer.allocate(4 + 64 * files.size());
        directory.putInt(files.size());
        for (FileEntry file : files) {
            directory.putInt(file.size()).putShort((short) file.key()).putShort((short) 0);
            byte[] fileName = new byte[NAME_LENGTH];
            byte[] ascii = file.name().getBytes(StandardCharsets.US_ASCII);
            System.arraycopy(ascii, 0, fileName, 0, ascii.length);
            directory.put(fileName);
        }
        items.put(Item.FILE_DIRECTORY.key, directory.array());
    }

    /** The ports from {@link #PORT} on. */
    public RegisterWindow ports() {
        return new RegisterWindow() {
            @Override
            public long read(long at, int size) {
                if (at == DATA && size == 1) {
                    return readData();
                }
                return at >= DMA_HIGH && at + size <= DMA_HIGH + 8 ? dmaSignature((int) at - DMA_HIGH, size) : -1L;
            }

            @Override
            public void write(long at, int size, long value) {
                if (at == SELECTOR && size == 2) {
                    select((int) value & 0xFFFF);
                } else if (at == DMA_HIGH && size == 4) {
                    dmaHigh = Integer.reverseBytes((int) value);
                } else if (at == DMA_LOW && size == 4) {
                    long address = (long) dmaHigh << 32 | Integer.toUnsignedLong(Integer.reverseBytes((int) value));
                    dmaHigh = 0;
                    transfer(address);
                } else if (at == DMA_HIGH && size == 8) {
                    transfer(Long.reverseBytes(value));
                }
            }
        };
    }

    private static long dmaSignature(int at, int size) {
        long littleEndian = Long.reverseBytes(DMA_SIGNATURE) >>> (8 * at);
        return size == 8 ? littleEndian : littleEndian & (1L << (8 * size)) - 1;
    }

    private void select(int newKey) {
        key = newKey & ~0x4000;
        offset = 0;
        current = items.getOrDefault(key, new byte[0]);
    }

    private int readData() {
        return offset < current.length ? current[(int) offset++] & 0xFF : 0;
    }

    private void transfer(long structure) {
        byte[] raw = new byte[DMA_STRUCTURE];
        memory.read(structure, raw, 0, DMA_STRUCTURE);
        ByteBuffer request = ByteBuffer.wrap(raw);
        int control = request.getInt();
        long length = Integer.toUnsignedLong(request.getInt());
        long address = request.getLong();
        if ((control & DMA_SELECT) != 0) {
            select(control >>> 16);
        }
        boolean failed = false;
        if ((control & DMA_READ) != 0) {
            copyOut(address, length);
        } else if ((control & DMA_WRITE) != 0) {
            failed = true;
        } else if ((control & DMA_SKIP) != 0) {
            offset += length;
        }
        // The whole word is written, big-endian: zero, or the error bit.
        memory.writeInt(structure, failed ? Integer.reverseBytes(DMA_ERROR) : 0);
    }

    private void copyOut(long address, long length) {
        int available = (int) Math.min(length, Math.max(0, current.length - offset));
        if (available > 0) {
            memory.write(address, current, (int) offset, available);
        }
        long zeros = Math.min(length - available, memorySize);
        byte[] block = new byte[(int) Math.min(zeros, ZEROS)];
        for (long at = 0; at < zeros; at += ZEROS) {
            memory.write(address + available + at, block, 0, (int) Math.min(ZEROS, zeros - at));
        }
        offset += length;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public void reset() {
        key = NO_ITEM;
        current = new byte[0];
        offset = 0;
        dmaHigh = 0;
    }

    @Override
    public State save() {
        return new State(key, offset, dmaHigh);
    }

    @Override
    public void restore(State state) {
        InvalidStateException.require(
                (state.key() & ~0xFFFF) == 0 && state.offset() >= 0 && state.offset() < 1L << 48,
                "fw_cfg selector or offset");
        select(state.key());
        key = state.key();
        offset = state.offset();
        dmaHigh = state.dmaHigh();
    }
}
