// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import dev.terrarium.engine.posix.Posix;
import dev.terrarium.engine.posix.PosixException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A virtual machine of /dev/kvm: guest memory and processors, no interrupt controller. */
public final class KvmMachine implements AutoCloseable {
    private static final String DEVICE = "/dev/kvm";
    private static final int API_VERSION = 12;

    private static final long KVM_GET_API_VERSION = 0xAE00;
    private static final long KVM_CREATE_VM = 0xAE01;
    private static final long KVM_GET_VCPU_MMAP_SIZE = 0xAE04;
    private static final long KVM_GET_SUPPORTED_CPUID = 0xC008AE05L;
    private static final long KVM_CREATE_VCPU = 0xAE41;
    private static final long KVM_SET_USER_MEMORY_REGION = 0x4020AE46L;
    private static final long KVM_SET_TSS_ADDR = 0xAE47;
    private static final long KVM_SET_CPUID2 = 0x4008AE90L;

    private static final int XSAVE_AND_AVX = 1 << 26 | 1 << 28;
    private static final int CPUID_ENTRIES = 256;
    private static final int CPUID_ENTRY_BYTES = 40;

    /** Three pages that VMX may need for itself, out of every guest's way. */
    private static final long TSS_ADDRESS = 0xFFFB_D000L;

    private final int device;
    private final int machine;

    private KvmMachine(int device, int machine) {
        this.device = device;
        this.machine = machine;
    }

    /**
     * Makes a machine.
     *
     * @throws PosixException if there is no /dev/kvm, or it may not be used, or it refuses
     */
    public static KvmMachine create() throws PosixException {
        int device = Posix.open(DEVICE, Posix.O_RDWR | Posix.O_CLOEXEC);
        try {
            int version = Posix.ioctl(device, KVM_GET_API_VERSION, 0);
            if (version != API_VERSION) {
                throw new PosixException("KVM_GET_API_VERSION returned " + version + ", which", 0);
            }
            int machine = Posix.ioctl(device, KVM_CREATE_VM, 0);
            KvmMachine created = new KvmMachine(device, machine);
            Posix.ioctl(machine, KVM_SET_TSS_ADDR, TSS_ADDRESS);
            return created;
        } catch (PosixException e) {
            Posix.close(device);
            throw e;
        }
    }

    /** Shows {@code size} bytes at {@code hostAddress} to the guest at {@code physical}. */
    public void mapMemory(int slot, long physical, long hostAddress, long size) throws PosixException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment region = arena.allocate(32, 8);
            region.set(ValueLayout.JAVA_INT, 0, slot);
            region.set(ValueLayout.JAVA_LONG, 8, physical);
            region.set(ValueLayout.JAVA_LONG, 16, size);
            region.set(ValueLayout.JAVA_LONG, 24, hostAddress);
            Posix.ioctl(machine, KVM_SET_USER_MEMORY_REGION, region.address());
        }
    }

    /** Makes a processor that has everything the host's have. */
    public KvmProcessor createProcessor(int number) throws PosixException {
        int mapped = Posix.ioctl(device, KVM_GET_VCPU_MMAP_SIZE, 0);
        int processor = Posix.ioctl(machine, KVM_CREATE_VCPU, number);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment cpuid = arena.allocate(8 + CPUID_ENTRIES * CPUID_ENTRY_BYTES, 8);
            cpuid.set(ValueLayout.JAVA_INT, 0, CPUID_ENTRIES);
            Posix.ioctl(device, KVM_GET_SUPPORTED_CPUID, cpuid.address());
            announceExtendedState(cpuid);
            Posix.ioctl(processor, KVM_SET_CPUID2, cpuid.address());
            return new KvmProcessor(processor, Posix.mapShared(processor, mapped), mapped);
        } catch (PosixException e) {
            Posix.close(processor);
            throw e;
        }
    }

    /** XSAVE and AVX where leaf 0D has AVX's registers: some nested KVMs have them and do not say so in leaf 1. */
    private static void announceExtendedState(MemorySegment cpuid) {
        int entries = cpuid.get(ValueLayout.JAVA_INT, 0);
        long leaf1 = -1;
        boolean vectors = false;
        for (int n = 0; n < entries; n++) {
            long at = 8 + (long) n * CPUID_ENTRY_BYTES;
            int leaf = cpuid.get(ValueLayout.JAVA_INT, at);
            if (leaf == 1) {
                leaf1 = at;
            } else if (leaf == 0xD && cpuid.get(ValueLayout.JAVA_INT, at + 4) == 0) {
                vectors = (cpuid.get(ValueLayout.JAVA_INT, at + 12) & 4) != 0;
            }
        }
        if (vectors && leaf1 >= 0) {
            int features = cpuid.get(ValueLayout.JAVA_INT, leaf1 + 20);
            cpuid.set(ValueLayout.JAVA_INT, leaf1 + 20, features | XSAVE_AND_AVX);
        }
    }

    /**
     * What CPUID answers on a processor made here.
     *
     * @return EAX, EBX, ECX, EDX; zeros for a leaf that the host does not have
     */
    public int[] cpuid(int leaf, int subleaf) throws PosixException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment cpuid = arena.allocate(8 + CPUID_ENTRIES * CPUID_ENTRY_BYTES, 8);
            cpuid.set(ValueLayout.JAVA_INT, 0, CPUID_ENTRIES);
            Posix.ioctl(device, KVM_GET_SUPPORTED_CPUID, cpuid.address());
            int entries = cpuid.get(ValueLayout.JAVA_INT, 0);
            for (int n = 0; n < entries; n++) {
                long at = 8 + (long) n * CPUID_ENTRY_BYTES;
                boolean indexed = (cpuid.get(ValueLayout.JAVA_INT, at + 8) & 1) != 0;
                if (cpuid.get(ValueLayout.JAVA_INT, at) == leaf
                        && (!indexed || cpuid.get(ValueLayout.JAVA_INT, at + 4) == subleaf)) {
                    return cpuid.asSlice(at + 12, 16).toArray(ValueLayout.JAVA_INT);
                }
            }
            return new int[4];
        }
    }

    @Override
    public void close() {
        Posix.close(machine);
        Posix.close(device);
    }
}
