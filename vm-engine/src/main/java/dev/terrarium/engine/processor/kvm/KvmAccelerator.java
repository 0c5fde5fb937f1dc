// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import dev.terrarium.engine.device.Clock;
import dev.terrarium.engine.memory.MemoryMap;
import dev.terrarium.engine.posix.PosixException;
import dev.terrarium.engine.processor.CpuidSource;
import dev.terrarium.engine.processor.KernelInterruptChips;
import dev.terrarium.engine.processor.LocalInterruptController;
import dev.terrarium.engine.processor.Ports;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** KVM for one board: a machine of its own, whose memory slots follow the board's address map, and its vCPUs. */
public final class KvmAccelerator implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(KvmAccelerator.class);

    private final KvmMachine machine;
    private final MemoryMap map;
    private final Ports ports;
    private final Clock clock;
    private final VcpuTime.MachineTime time;
    private final ReentrantLock boardLock;
    private final MovePolicy policy;
    private final KvmMemory memory;
    private final CpuidSource supported;
    private final @Nullable KvmChips chips;
    private volatile @Nullable PostedWrites posted;

    /** Whose interrupt controllers serve the vCPUs. */
    public enum Controllers {
        /** The kernel's; the board's where the kernel has none (Linux without CONFIG_KVM_IOAPIC). */
        KERNEL,
        /** The board's. */
        BOARD
    }

    /**
     * Makes a machine.
     *
     * @throws PosixException if KVM refuses
     */
    public KvmAccelerator(
            MemoryMap map,
            Ports ports,
            Clock clock,
            ReentrantLock boardLock,
            MovePolicy policy,
            Controllers controllers)
            throws PosixException {
        this.map = map;
        this.ports = ports;
        this.clock = clock;
        this.boardLock = boardLock;
        this.policy = policy;
        time = new VcpuTime.MachineTime(clock);
        machine = KvmMachine.create();
        KvmChips made = null;
        try {
            supported = machine.supportedCpuid();
            made = controllers == Controllers.KERNEL ? makeChips() : null;
            chips = made;
            memory = new KvmMemory(machine, map);
        } catch (PosixException e) {
            if (made != null) {
                made.close();
            }
            machine.close();
            throw e;
        }
    }

    private @Nullable KvmChips makeChips() {
        try {
            return machine.createChips();
        } catch (PosixException e) {
            LOG.info("this kernel has no interrupt controllers for vCPUs, the board's own serve them", e);
            return null;
        }
    }

    /** What CPUID can answer here. */
    public CpuidSource supported() {
        return supported;
    }

    /** Carries out the guest's writes that wait for it, such as those to the screen. Any thread. */
    public void deliverPostedWrites() {
        PostedWrites writes = posted;
        if (writes != null) {
            writes.deliver();
        }
    }

    private PostedWrites postedOf(KvmVcpu vcpu) {
        PostedWrites writes = posted;
        if (writes == null) {
            writes = new PostedWrites(vcpu.shared().area(), map, boardLock);
            posted = writes;
        }
        return writes;
    }

    /** The kernel's interrupt controllers, which must have the board's state before the vCPUs run. */
    public Optional<KernelInterruptChips> chips() {
        return Optional.ofNullable(chips);
    }

    /**
     * Makes a vCPU; they are made in the order of their numbers. It is to be closed before this is.
     *
     * @param index 0 for the bootstrap processor
     * @param leave asked, at most once, to have the machine leave KVM ({@link KvmProcessor#leaveKvm}), and told why; on the
     *     vCPU's thread
     */
    public KvmProcessor createProcessor(
            int index, LocalInterruptController controller, KvmProcessor.StandIn standIn, Consumer<String> leave)
            throws PosixException {
        return new KvmProcessor(
                machine,
                memory,
                chips,
                this::postedOf,
                index,
                map,
                ports,
                controller,
                clock,
                time,
                boardLock,
                standIn,
                policy,
                leave);
    }

    @Override
    public void close() {
        memory.close();
        if (chips != null) {
            chips.close();
        }
        machine.close();
    }
}
