// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import dev.terrarium.engine.device.RegisterWindow;
import dev.terrarium.engine.memory.AddressRange;
import dev.terrarium.engine.memory.DirtyPages;
import dev.terrarium.engine.memory.MemoryMap;
import dev.terrarium.engine.posix.PosixException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Keeps the memory slots of a machine as its address map is: what reads and writes directly at one place is a slot, what only
 * reads directly is a read-only one (its writes are exits, which the map answers), and everything else is exits. While the
 * map changes a slot may be missing for a moment; other vCPUs then reach the same memory through the map.
 */
final class KvmMemory implements DirtyPages.Source, AutoCloseable {
    private static final long PAGE_MASK = 4095;
    private static final int PAGES_A_WORD = 64;

    private final KvmMachine machine;
    private final MemoryMap map;
    private final Map<Region, Integer> slots = new HashMap<>();
    private final TreeSet<Integer> free = new TreeSet<>();
    private final Set<Region> posted = new HashSet<>();
    private final boolean postsWrites;
    private int used;
    private boolean logging;
    private boolean closed;

    /** Whole pages that the guest sees. */
    private record Region(long start, long end, long addend, boolean writable) {}

    /** Shows the machine what is mapped now, and from now on. */
    KvmMemory(KvmMachine machine, MemoryMap map) throws PosixException {
        this.machine = machine;
        this.map = map;
        postsWrites = machine.postsWrites();
        map.onChange(this::changed);
        update();
        map.dirtyPages().add(this);
    }

    /**
     * Makes KVM forget what it derived from memory: where it shadows the guest's page tables it only notices the guest's own
     * writes to them, and not those that were made behind its back.
     */
    synchronized void forgetTranslations() {
        try {
            for (Map.Entry<Region, Integer> each : slots.entrySet()) {
                collect(each.getKey(), each.getValue(), map.dirtyPages());
                machine.unmapMemory(each.getValue());
                show(each.getKey(), each.getValue());
            }
        } catch (PosixException e) {
            throw new UncheckedIOException("KVM does not take the machine's memory map", e);
        }
    }

    @Override
    public synchronized void start() {
        relog(true);
    }

    @Override
    public synchronized void stop() {
        relog(false);
    }

    private void relog(boolean on) {
        logging = on;
        try {
            for (Map.Entry<Region, Integer> each : slots.entrySet()) {
                show(each.getKey(), each.getValue());
            }
        } catch (PosixException e) {
            throw new UncheckedIOException("KVM does not note written pages", e);
        }
    }

    @Override
    public synchronized void collect(DirtyPages pages) {
        try {
            for (Map.Entry<Region, Integer> each : slots.entrySet()) {
                collect(each.getKey(), each.getValue(), pages);
            }
        } catch (PosixException e) {
            throw new UncheckedIOException("KVM does not tell written pages", e);
        }
    }

    private void collect(Region region, int slot, DirtyPages pages) throws PosixException {
        if (!logging || !region.writable) {
            return;
        }
        long words = (region.end - region.start) / DirtyPages.PAGE_BYTES + PAGES_A_WORD - 1 >>> 6;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bitmap = arena.allocate(words * Long.BYTES, Long.BYTES);
            machine.readDirtyLog(slot, bitmap);
            for (long word = 0; word < words; word++) {
                long first = region.start + word * PAGES_A_WORD * DirtyPages.PAGE_BYTES;
                pages.mark(first, bitmap.getAtIndex(ValueLayout.JAVA_LONG, word));
            }
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        map.dirtyPages().remove(this);
    }

    private synchronized void changed() {
        if (closed) {
            return;
        }
        try {
            update();
        } catch (PosixException e) {
            throw new UncheckedIOException("KVM does not take the machine's memory map", e);
        }
    }

    private synchronized void update() throws PosixException {
        Set<Region> wanted = new HashSet<>(regions(map.ranges()));
        for (Map.Entry<Region, Integer> each : List.copyOf(slots.entrySet())) {
            if (!wanted.contains(each.getKey())) {
                collect(each.getKey(), each.getValue(), map.dirtyPages());
                slots.remove(each.getKey());
                machine.unmapMemory(each.getValue());
                free.add(each.getValue());
            }
        }
        for (Region region : wanted) {
            if (!slots.containsKey(region)) {
                Integer slot = free.pollFirst();
                slots.put(region, show(region, slot == null ? used++ : slot));
            }
        }
        if (postsWrites) {
            updatePosted();
        }
    }

    private void updatePosted() throws PosixException {
        Set<Region> wanted = new HashSet<>();
        for (AddressRange range : map.ranges()) {
            RegisterWindow window = range.writeWindow();
            if (window != null && window.postsWrites() && range.readWindow() == window) {
                wanted.add(new Region(range.start(), range.end(), 0, true));
            }
        }
        for (Region region : List.copyOf(posted)) {
            if (!wanted.contains(region)) {
                posted.remove(region);
                machine.postWrites(region.start, (int) (region.end - region.start), false);
            }
        }
        for (Region region : wanted) {
            if (posted.add(region)) {
                machine.postWrites(region.start, (int) (region.end - region.start), true);
            }
        }
    }

    private int show(Region region, int slot) throws PosixException {
        long host = region.start + region.addend;
        long size = region.end - region.start;
        if (region.writable && logging) {
            machine.mapLogged(slot, region.start, host, size);
        } else if (region.writable) {
            machine.mapMemory(slot, region.start, host, size);
        } else {
            machine.mapReadOnly(slot, region.start, host, size);
        }
        return slot;
    }

    private static List<Region> regions(List<AddressRange> ranges) {
        List<Region> regions = new ArrayList<>();
        for (AddressRange range : ranges) {
            if (!range.readsDirectly()) {
                continue;
            }
            boolean writable = range.writeAddend() == range.readAddend();
            Region last = regions.isEmpty() ? null : regions.getLast();
            if (last != null
                    && last.end == range.start()
                    && last.addend == range.readAddend()
                    && last.writable == writable) {
                regions.set(regions.size() - 1, new Region(last.start, range.end(), last.addend, writable));
            } else {
                regions.add(new Region(range.start(), range.end(), range.readAddend(), writable));
            }
        }
        return regions.stream()
                .map(each -> new Region(
                        each.start + PAGE_MASK & ~PAGE_MASK, each.end & ~PAGE_MASK, each.addend, each.writable))
                .filter(each -> each.end > each.start && ((each.start + each.addend) & PAGE_MASK) == 0)
                .toList();
    }
}
