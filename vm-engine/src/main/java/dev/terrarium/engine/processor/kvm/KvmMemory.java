// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import dev.terrarium.engine.memory.AddressRange;
import dev.terrarium.engine.memory.MemoryMap;
import dev.terrarium.engine.posix.PosixException;
import java.io.UncheckedIOException;
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
final class KvmMemory implements AutoCloseable {
    private static final long PAGE_MASK = 4095;

    private final KvmMachine machine;
    private final MemoryMap map;
    private final Map<Region, Integer> slots = new HashMap<>();
    private final TreeSet<Integer> free = new TreeSet<>();
    private int used;
    private boolean closed;

    /** Whole pages that the guest sees. */
    private record Region(long start, long end, long addend, boolean writable) {}

    /** Shows the machine what is mapped now, and from now on. */
    KvmMemory(KvmMachine machine, MemoryMap map) throws PosixException {
        this.machine = machine;
        this.map = map;
        map.onChange(this::changed);
        update();
    }

    /**
     * Makes KVM forget what it derived from memory: where it shadows the guest's page tables it only notices the guest's own
     * writes to them, and not those that were made behind its back.
     */
    synchronized void forgetTranslations() {
        try {
            for (Map.Entry<Region, Integer> each : slots.entrySet()) {
                machine.unmapMemory(each.getValue());
                show(each.getKey(), each.getValue());
            }
        } catch (PosixException e) {
            throw new UncheckedIOException("KVM does not take the machine's memory map", e);
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
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
    }

    private int show(Region region, int slot) throws PosixException {
        long host = region.start + region.addend;
        long size = region.end - region.start;
        if (region.writable) {
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
