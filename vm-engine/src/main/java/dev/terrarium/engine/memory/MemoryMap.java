// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.memory;

import dev.terrarium.engine.device.DeviceMemory;
import dev.terrarium.engine.device.MemoryBus;
import dev.terrarium.engine.device.RegisterWindow;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The physical address space: layers of mappings, the later on top of the earlier, flattened into a sorted array that
 * processors search on a TLB miss. Changes are made with the board's lock held; look-ups need no lock.
 */
public final class MemoryMap implements MemoryBus, DeviceMemory {
    /** Address bits that a device can drive: those that a processor can have. */
    private static final long PHYSICAL = (1L << 52) - 1;

    private final ReentrantLock boardLock;
    private final CodePages codePages;
    private final List<Layer> layers = new ArrayList<>();
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private final DirtyPages dirtyPages;
    private volatile AddressRange[] ranges = {nothing(0, Long.MAX_VALUE)};

    public MemoryMap(ReentrantLock boardLock, CodePages codePages) {
        this.boardLock = boardLock;
        this.codePages = codePages;
        dirtyPages = new DirtyPages(codePages.end(), () -> listeners.forEach(Runnable::run));
    }

    private record Layer(
            long base,
            long size,
            long readAddress,
            long writeAddress,
            @Nullable RegisterWindow window) {
        boolean covers(long physical) {
            return physical >= base && physical - base < size;
        }
    }

    /** Calls {@code changed} after every change of the map, on the changing thread. */
    public void onChange(Runnable changed) {
        listeners.add(changed);
    }

    /** Which pages are written. */
    public DirtyPages dirtyPages() {
        return dirtyPages;
    }

    public CodePages codePages() {
        return codePages;
    }

    @Override
    public Mapping mapWindow(long base, long size, RegisterWindow window) {
        return add(new Layer(base, size, NOT_DIRECT, NOT_DIRECT, window));
    }

    @Override
    public Mapping mapDirect(long base, long size, long readAddress, long writeAddress) {
        return add(new Layer(base, size, readAddress, writeAddress, null));
    }

    private Mapping add(Layer layer) {
        layers.add(layer);
        flatten();
        return () -> {
            if (layers.removeIf(each -> each == layer)) {
                flatten();
            }
        };
    }

    private void flatten() {
        TreeSet<Long> edges = new TreeSet<>(List.of(0L, Long.MAX_VALUE));
        for (Layer layer : layers) {
            edges.add(layer.base);
            edges.add(layer.base + layer.size);
        }
        List<AddressRange> flat = new ArrayList<>();
        for (long start : edges) {
            Long end = edges.higher(start);
            if (end != null) {
                flat.add(resolve(start, end));
            }
        }
        ranges = flat.toArray(AddressRange[]::new);
        listeners.forEach(Runnable::run);
    }

    private AddressRange resolve(long start, long end) {
        Layer reader = null;
        Layer writer = null;
        for (int i = layers.size() - 1; i >= 0 && (reader == null || writer == null); i--) {
            Layer layer = layers.get(i);
            if (layer.covers(start)) {
                if (reader == null && (layer.window != null || layer.readAddress != NOT_DIRECT)) {
                    reader = layer;
                }
                if (writer == null) {
                    writer = layer;
                }
            }
        }
        return new AddressRange(
                start,
                end,
                reader == null || reader.window != null ? 0 : reader.readAddress - reader.base,
                writer == null || writer.writeAddress == NOT_DIRECT ? 0 : writer.writeAddress - writer.base,
                reader == null ? null : reader.window,
                reader == null ? 0 : reader.base,
                writer == null ? null : writer.window,
                writer == null ? 0 : writer.base);
    }

    private static AddressRange nothing(long start, long end) {
        return new AddressRange(start, end, 0, 0, null, 0, null, 0);
    }

    /** What answers where, in the order of addresses. */
    public List<AddressRange> ranges() {
        return List.of(ranges);
    }

    /** What answers at {@code physical}, which is not negative. */
    public AddressRange find(long physical) {
        AddressRange[] all = ranges;
        int low = 0;
        int high = all.length - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (all[middle].start() <= physical) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return all[low];
    }

    /** Reads {@code size} (1, 2, 4 or 8) bytes, zero-extended, from whatever is at {@code physical}. */
    public long read(long physical, int size) {
        AddressRange range = find(physical);
        if (physical + size > range.end()) {
            return (read(physical, 1) & 0xFF) | (size == 1 ? 0 : readRest(physical + 1, size - 1) << 8);
        }
        if (range.readsDirectly()) {
            return HostMemory.read(physical + range.readAddend(), size);
        }
        RegisterWindow window = range.readWindow();
        if (window == null) {
            return size == 8 ? -1L : (1L << (8 * size)) - 1;
        }
        boardLock.lock();
        try {
            long value = window.read(physical - range.readWindowBase(), size);
            return size == 8 ? value : value & ((1L << (8 * size)) - 1);
        } finally {
            boardLock.unlock();
        }
    }

    private long readRest(long physical, int bytes) {
        long value = 0;
        for (int i = 0; i < bytes; i++) {
            value |= (read(physical + i, 1) & 0xFF) << (8 * i);
        }
        return value;
    }

    /** Writes the low {@code size} (1, 2, 4 or 8) bytes of {@code value} to whatever is at {@code physical}. */
    public void write(long physical, int size, long value) {
        AddressRange range = find(physical);
        if (physical + size > range.end() || ((physical ^ (physical + size - 1)) & ~4095L) != 0) {
            for (int i = 0; i < size; i++) {
                write(physical + i, 1, (value >>> (8 * i)) & 0xFF);
            }
            return;
        }
        if (range.writesDirectly()) {
            HostMemory.write(physical + range.writeAddend(), size, value);
            dirtyPages.mark(physical);
            if (codePages.isCode(physical)) {
                codePages.written(physical, size);
            }
            return;
        }
        RegisterWindow window = range.writeWindow();
        if (window == null) {
            return;
        }
        boardLock.lock();
        try {
            window.write(
                    physical - range.writeWindowBase(), size, size == 8 ? value : value & ((1L << (8 * size)) - 1));
        } finally {
            boardLock.unlock();
        }
    }

    @Override
    public void read(long physical, byte[] target, int offset, int length) {
        long at = physical & PHYSICAL;
        int done = 0;
        while (done < length) {
            AddressRange range = find(at + done);
            int part = (int) Math.min(length - done, range.end() - (at + done));
            if (range.readsDirectly()) {
                MemorySegment.copy(
                        HostMemory.ALL,
                        ValueLayout.JAVA_BYTE,
                        at + done + range.readAddend(),
                        target,
                        offset + done,
                        part);
            } else {
                java.util.Arrays.fill(target, offset + done, offset + done + part, (byte) 0xFF);
            }
            done += part;
        }
    }

    @Override
    public void write(long physical, byte[] source, int offset, int length) {
        long at = physical & PHYSICAL;
        int done = 0;
        while (done < length) {
            AddressRange range = find(at + done);
            int toPageEnd = (int) (4096 - ((at + done) & 4095));
            int part = (int) Math.min(Math.min(length - done, range.end() - (at + done)), toPageEnd);
            if (range.writesDirectly()) {
                MemorySegment.copy(
                        source,
                        offset + done,
                        HostMemory.ALL,
                        ValueLayout.JAVA_BYTE,
                        at + done + range.writeAddend(),
                        part);
                written(at + done, part);
            }
            done += part;
        }
    }

    @Override
    public int readInt(long physical) {
        return (int) readWord(physical, Integer.BYTES);
    }

    @Override
    public int readShort(long physical) {
        return (int) readWord(physical, Short.BYTES);
    }

    @Override
    public void writeInt(long physical, int value) {
        writeWord(physical, Integer.BYTES, value);
    }

    @Override
    public void writeShort(long physical, int value) {
        writeWord(physical, Short.BYTES, value);
    }

    /** A word of a device's, in one piece if it is aligned; registers do not answer devices. */
    private long readWord(long physical, int size) {
        long at = physical & PHYSICAL;
        AddressRange range = find(at);
        if (range.readsDirectly() && at + size <= range.end()) {
            return HostMemory.read(at + range.readAddend(), size);
        }
        byte[] bytes = new byte[size];
        read(at, bytes, 0, size);
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= (bytes[i] & 0xFFL) << 8 * i;
        }
        return value;
    }

    private void writeWord(long physical, int size, long value) {
        long at = physical & PHYSICAL;
        AddressRange range = find(at);
        if (range.writesDirectly() && at + size <= range.end() && ((at ^ at + size - 1) & ~4095L) == 0) {
            HostMemory.write(at + range.writeAddend(), size, value);
            written(at, size);
            return;
        }
        byte[] bytes = new byte[size];
        for (int i = 0; i < size; i++) {
            bytes[i] = (byte) (value >>> 8 * i);
        }
        write(at, bytes, 0, size);
    }

    /** Somebody has changed the content of RAM at its host address: all pages of {@code length} bytes, by no write through this map. */
    public void changed(long physical, long length) {
        for (long at = physical; at < physical + length; at += DirtyPages.PAGE_BYTES) {
            written(at, (int) Math.min(DirtyPages.PAGE_BYTES, physical + length - at));
        }
    }

    /** After a device's write of bytes in one page. */
    private void written(long physical, int length) {
        dirtyPages.mark(physical);
        VarHandle.fullFence(); // a processor marks a page before it reads it
        if (codePages.isCode(physical)) {
            codePages.written(physical, length);
        }
    }
}
