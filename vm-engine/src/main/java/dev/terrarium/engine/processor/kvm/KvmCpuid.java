// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import dev.terrarium.engine.posix.Posix;
import dev.terrarium.engine.posix.PosixException;
import dev.terrarium.engine.processor.CpuidSource;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** The answers to CPUID of a vCPU, leaf by leaf (struct kvm_cpuid2). */
public final class KvmCpuid implements CpuidSource {
    private static final long KVM_GET_SUPPORTED_CPUID = 0xC008AE05L;
    private static final long KVM_SET_CPUID2 = 0x4008AE90L;
    private static final int SIGNIFICANT_INDEX = 1;
    private static final int MAXIMUM_ENTRIES = 256;
    private static final int ENTRY_BYTES = 40;

    private static final int XSAVE_AND_AVX = 1 << 26 | 1 << 28;

    /** Bits of leaf 1 ECX that say what the machine is, not what it can do. */
    private static final int HYPERVISOR_PRESENT = 1 << 31;

    private static final int HYPERTHREADING = 1 << 28;

    private record Entry(int leaf, int subleaf, boolean indexed, int[] values) {}

    private final List<Entry> entries;

    private KvmCpuid(List<Entry> entries) {
        this.entries = entries;
    }

    static KvmCpuid supported(int device) throws PosixException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment table = arena.allocate(8 + MAXIMUM_ENTRIES * ENTRY_BYTES, 8);
            table.set(ValueLayout.JAVA_INT, 0, MAXIMUM_ENTRIES);
            Posix.ioctl(device, KVM_GET_SUPPORTED_CPUID, table.address());
            List<Entry> entries = new ArrayList<>();
            for (int n = 0; n < table.get(ValueLayout.JAVA_INT, 0); n++) {
                MemorySegment entry = table.asSlice(8 + (long) n * ENTRY_BYTES, ENTRY_BYTES);
                entries.add(new Entry(
                        entry.get(ValueLayout.JAVA_INT, 0),
                        entry.get(ValueLayout.JAVA_INT, 4),
                        (entry.get(ValueLayout.JAVA_INT, 8) & SIGNIFICANT_INDEX) != 0,
                        entry.asSlice(12, 16).toArray(ValueLayout.JAVA_INT)));
            }
            return new KvmCpuid(entries);
        }
    }

    /** These answers, with XSAVE and AVX where leaf 0D has AVX's registers: some nested KVMs have them and do not say so. */
    public KvmCpuid announcingExtendedState() {
        if ((leaf(0xD, 0)[0] & 4) == 0) {
            return this;
        }
        return new KvmCpuid(entries.stream()
                .map(entry -> {
                    int[] values = entry.values.clone();
                    values[2] |= entry.leaf == 1 ? XSAVE_AND_AVX : 0;
                    return new Entry(entry.leaf, entry.subleaf, entry.indexed, values);
                })
                .toList());
    }

    /**
     * The answers of another processor, without the features that this KVM does not support.
     *
     * @param model the processor that the machine is to have
     */
    KvmCpuid limit(CpuidSource model) {
        List<Entry> limited = new ArrayList<>();
        limited.add(new Entry(0, 0, false, model.leaf(0, 0)));
        limited.add(new Entry(1, 0, false, features(model, 1, 0, 0b1100)));
        limited.add(new Entry(7, 0, true, features(model, 7, 0, 0b1110)));
        for (int subleaf = 0; subleaf < 3; subleaf++) {
            limited.add(new Entry(0xD, subleaf, true, features(model, 0xD, subleaf, subleaf == 0 ? 1 : 0)));
        }
        limited.add(new Entry(0x4000_0000, 0, false, model.leaf(0x4000_0000, 0)));
        limited.add(new Entry(0x8000_0000, 0, false, model.leaf(0x8000_0000, 0)));
        limited.add(new Entry(0x8000_0001, 0, false, features(model, 0x8000_0001, 0, 0b1100)));
        for (int leaf = 0x8000_0002; leaf <= 0x8000_0006; leaf++) {
            limited.add(new Entry(leaf, 0, false, model.leaf(leaf, 0)));
        }
        limited.add(new Entry(0x8000_0007, 0, false, features(model, 0x8000_0007, 0, 0b1000)));
        int[] sizes = model.leaf(0x8000_0008, 0).clone();
        int[] own = leaf(0x8000_0008, 0);
        if (own[0] != 0) {
            sizes[0] = Math.min(sizes[0] & 0xFF, own[0] & 0xFF) | sizes[0] & 0xFF00;
        }
        limited.add(new Entry(0x8000_0008, 0, false, sizes));
        return new KvmCpuid(limited);
    }

    /** The model's leaf; the registers of {@code mask}, bit 0 for EAX, hold features. */
    private int[] features(CpuidSource model, int leaf, int subleaf, int mask) {
        int[] values = model.leaf(leaf, subleaf).clone();
        int[] own = leaf(leaf, subleaf).clone();
        if (leaf == 1) {
            own[2] |= HYPERVISOR_PRESENT;
            own[3] |= HYPERTHREADING;
        }
        for (int register = 0; register < 4; register++) {
            if ((mask & 1 << register) != 0) {
                values[register] &= own[register];
            }
        }
        return values;
    }

    @Override
    public int[] leaf(int leaf, int subleaf) {
        for (Entry entry : entries) {
            if (entry.leaf == leaf && (!entry.indexed || entry.subleaf == subleaf)) {
                return entry.values;
            }
        }
        return new int[4];
    }

    void giveTo(int vcpu) throws PosixException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment table = arena.allocate(8 + (long) entries.size() * ENTRY_BYTES, 8);
            table.set(ValueLayout.JAVA_INT, 0, entries.size());
            for (int n = 0; n < entries.size(); n++) {
                Entry entry = entries.get(n);
                MemorySegment at = table.asSlice(8 + (long) n * ENTRY_BYTES, ENTRY_BYTES);
                at.set(ValueLayout.JAVA_INT, 0, entry.leaf);
                at.set(ValueLayout.JAVA_INT, 4, entry.subleaf);
                at.set(ValueLayout.JAVA_INT, 8, entry.indexed ? SIGNIFICANT_INDEX : 0);
                MemorySegment.copy(entry.values, 0, at, ValueLayout.JAVA_INT, 12, 4);
            }
            Posix.ioctl(vcpu, KVM_SET_CPUID2, table.address());
        }
    }
}
