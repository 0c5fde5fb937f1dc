// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import dev.terrarium.engine.posix.Posix;
import dev.terrarium.engine.posix.PosixException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A virtual machine of /dev/kvm: guest memory and vCPUs (Documentation/virt/kvm/api.rst). It has interrupt controllers in the kernel
 * only if they are made.
 */
public final class KvmMachine implements AutoCloseable {
    /** The device that lends the host's processors. */
    public static final String DEVICE = "/dev/kvm";

    private static final int API_VERSION = 12;

    private static final long KVM_GET_API_VERSION = 0xAE00;
    private static final long KVM_CREATE_VM = 0xAE01;
    private static final long KVM_CHECK_EXTENSION = 0xAE03;
    private static final long KVM_GET_VCPU_MMAP_SIZE = 0xAE04;
    private static final long KVM_CREATE_VCPU = 0xAE41;
    private static final long KVM_SET_USER_MEMORY_REGION = 0x4020AE46L;
    private static final long KVM_SET_TSS_ADDR = 0xAE47;

    private static final long KVM_ENABLE_CAP = 0x4068AEA3L;

    /** An instruction that the kernel cannot emulate is an exit, in ring 3 too, and not an invalid opcode for the guest. */
    private static final int KVM_CAP_EXIT_ON_EMULATION_FAILURE = 204;

    private static final int KVM_MEM_LOG_DIRTY_PAGES = 1;
    private static final int KVM_MEM_READONLY = 2;
    private static final int KVM_CAP_COALESCED_MMIO = 15;
    private static final long KVM_GET_DIRTY_LOG = 0x4010AE42L;
    private static final long KVM_REGISTER_COALESCED_MMIO = 0x4010AE67L;
    private static final long KVM_UNREGISTER_COALESCED_MMIO = 0x4010AE68L;

    /** Three pages that VMX may need for itself, out of every guest's way. */
    private static final long TSS_ADDRESS = 0xFFFB_D000L;

    /** What {@link #missing} looks for; numbers of linux/kvm.h. */
    private enum Extension {
        KVM_CAP_USER_MEMORY(3),
        KVM_CAP_VCPU_EVENTS(41),
        KVM_CAP_DEBUGREGS(50),
        KVM_CAP_XSAVE(55),
        KVM_CAP_XCRS(56),
        KVM_CAP_READONLY_MEM(81),
        KVM_CAP_IMMEDIATE_EXIT(136);

        private final int number;

        Extension(int number) {
            this.number = number;
        }
    }

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
        int machine = -1;
        try {
            int version = Posix.ioctl(device, KVM_GET_API_VERSION, 0);
            if (version != API_VERSION) {
                throw new PosixException("KVM_GET_API_VERSION returned " + version + ", which", 0);
            }
            machine = Posix.ioctl(device, KVM_CREATE_VM, 0);
            Posix.ioctl(machine, KVM_SET_TSS_ADDR, TSS_ADDRESS);
            if (Posix.ioctl(device, KVM_CHECK_EXTENSION, KVM_CAP_EXIT_ON_EMULATION_FAILURE) != 0) {
                enable(machine, KVM_CAP_EXIT_ON_EMULATION_FAILURE);
            }
            return new KvmMachine(device, machine);
        } catch (PosixException e) {
            if (machine >= 0) {
                Posix.close(machine);
            }
            Posix.close(device);
            throw e;
        }
    }

    private static void enable(int machine, int extension) throws PosixException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment capability = arena.allocate(104, 8);
            capability.set(ValueLayout.JAVA_INT, 0, extension);
            capability.set(ValueLayout.JAVA_LONG, 8, 1);
            Posix.ioctl(machine, KVM_ENABLE_CAP, capability.address());
        }
    }

    /** The name of an extension that vCPUs cannot do without and this kernel does not have; empty if there is none. */
    public java.util.Optional<String> missing() throws PosixException {
        for (Extension extension : Extension.values()) {
            if (Posix.ioctl(device, KVM_CHECK_EXTENSION, extension.number) == 0) {
                return java.util.Optional.of(extension.name());
            }
        }
        return java.util.Optional.empty();
    }

    /** Shows {@code size} bytes at {@code hostAddress} to the guest at {@code physical}, all whole pages. */
    public void mapMemory(int slot, long physical, long hostAddress, long size) throws PosixException {
        setRegion(slot, 0, physical, hostAddress, size);
    }

    /** The same, and writes are noted ({@link #readDirtyLog}). */
    void mapLogged(int slot, long physical, long hostAddress, long size) throws PosixException {
        setRegion(slot, KVM_MEM_LOG_DIRTY_PAGES, physical, hostAddress, size);
    }

    /** Fetches a bit for each page of a slot that was written since the last call, and forgets it. */
    void readDirtyLog(int slot, MemorySegment bitmap) throws PosixException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = arena.allocate(16, 8);
            request.set(ValueLayout.JAVA_INT, 0, slot);
            request.set(ValueLayout.JAVA_LONG, 8, bitmap.address());
            Posix.ioctl(machine, KVM_GET_DIRTY_LOG, request.address());
        }
    }

    /** Has the guest's writes to physical addresses kept in the ring of {@link PostedWrites}, or (false) be exits again. */
    void postWrites(long physical, int size, boolean on) throws PosixException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment zone = arena.allocate(16, 8);
            zone.set(ValueLayout.JAVA_LONG, 0, physical);
            zone.set(ValueLayout.JAVA_INT, 8, size);
            Posix.ioctl(machine, on ? KVM_REGISTER_COALESCED_MMIO : KVM_UNREGISTER_COALESCED_MMIO, zone.address());
        }
    }

    /** Does this kernel keep writes for {@link PostedWrites}, where we look for them? */
    boolean postsWrites() throws PosixException {
        return Posix.ioctl(machine, KVM_CHECK_EXTENSION, KVM_CAP_COALESCED_MMIO) == PostedWrites.RING_PAGE;
    }

    /** What event descriptors can do here. */
    KvmEventWires eventWires() {
        return new KvmEventWires(machine);
    }

    /** The same, but writes are exits. */
    void mapReadOnly(int slot, long physical, long hostAddress, long size) throws PosixException {
        setRegion(slot, KVM_MEM_READONLY, physical, hostAddress, size);
    }

    /** Takes away what a slot shows. */
    void unmapMemory(int slot) throws PosixException {
        setRegion(slot, 0, 0, 0, 0);
    }

    private void setRegion(int slot, int flags, long physical, long hostAddress, long size) throws PosixException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment region = arena.allocate(32, 8);
            region.set(ValueLayout.JAVA_INT, 0, slot);
            region.set(ValueLayout.JAVA_INT, 4, flags);
            region.set(ValueLayout.JAVA_LONG, 8, physical);
            region.set(ValueLayout.JAVA_LONG, 16, size);
            region.set(ValueLayout.JAVA_LONG, 24, hostAddress);
            Posix.ioctl(machine, KVM_SET_USER_MEMORY_REGION, region.address());
        }
    }

    /** Makes interrupt controllers in the kernel, before the first vCPU; to be closed before this. */
    KvmChips createChips() throws PosixException {
        return new KvmChips(machine);
    }

    /** Makes a vCPU that answers CPUID as told. */
    public KvmVcpu createVcpu(int number, KvmCpuid cpuid) throws PosixException {
        KvmVcpu vcpu = createVcpu(number);
        try {
            vcpu.announce(cpuid);
            return vcpu;
        } catch (PosixException e) {
            vcpu.close();
            throw e;
        }
    }

    /** Makes a vCPU that does not answer CPUID yet. */
    KvmVcpu createVcpu(int number) throws PosixException {
        int mapped = Posix.ioctl(device, KVM_GET_VCPU_MMAP_SIZE, 0);
        int vcpu = Posix.ioctl(machine, KVM_CREATE_VCPU, number);
        try {
            return new KvmVcpu(vcpu, Posix.mapShared(vcpu, mapped), mapped);
        } catch (PosixException e) {
            Posix.close(vcpu);
            throw e;
        }
    }

    /** What CPUID can answer on a vCPU made here. */
    public KvmCpuid supportedCpuid() throws PosixException {
        return KvmCpuid.supported(device);
    }

    @Override
    public void close() {
        Posix.close(machine);
        Posix.close(device);
    }
}
