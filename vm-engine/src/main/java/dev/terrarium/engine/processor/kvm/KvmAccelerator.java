// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import dev.terrarium.engine.device.Clock;
import dev.terrarium.engine.memory.MemoryMap;
import dev.terrarium.engine.posix.PosixException;
import dev.terrarium.engine.processor.CpuidSource;
import dev.terrarium.engine.processor.LocalInterruptController;
import dev.terrarium.engine.processor.Ports;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/** KVM for one board: a machine of its own, whose memory slots follow the board's address map, and its vCPUs. */
public final class KvmAccelerator implements AutoCloseable {
    private final KvmMachine machine;
    private final MemoryMap map;
    private final Ports ports;
    private final Clock clock;
    private final ReentrantLock boardLock;
    private final MovePolicy policy;
    private final KvmMemory memory;
    private final CpuidSource supported;

    /**
     * Makes a machine.
     *
     * @throws PosixException if KVM refuses
     */
    public KvmAccelerator(MemoryMap map, Ports ports, Clock clock, ReentrantLock boardLock, MovePolicy policy)
            throws PosixException {
        this.map = map;
        this.ports = ports;
        this.clock = clock;
        this.boardLock = boardLock;
        this.policy = policy;
        machine = KvmMachine.create();
        try {
            supported = machine.supportedCpuid();
            memory = new KvmMemory(machine, map);
        } catch (PosixException e) {
            machine.close();
            throw e;
        }
    }

    /** What CPUID can answer here. */
    public CpuidSource supported() {
        return supported;
    }

    /**
     * Makes a vCPU. It is to be closed before this is.
     *
     * @param index 0 for the bootstrap processor
     * @param moved told why, once, when the vCPU leaves KVM for the software processor; called on the vCPU's thread
     */
    public KvmProcessor createProcessor(
            int index, LocalInterruptController controller, KvmProcessor.StandIn standIn, Consumer<String> moved)
            throws PosixException {
        return new KvmProcessor(
                machine, memory, index, map, ports, controller, clock, boardLock, standIn, policy, moved);
    }

    @Override
    public void close() {
        memory.close();
        machine.close();
    }
}
