// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.config.CpuModel;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.Accelerator;
import dev.terrarium.engine.device.chipset.InterruptChips;
import dev.terrarium.engine.device.chipset.LocalApic;
import dev.terrarium.engine.memory.MemoryMap;
import dev.terrarium.engine.posix.PosixException;
import dev.terrarium.engine.processor.LocalInterruptController;
import dev.terrarium.engine.processor.Ports;
import dev.terrarium.engine.processor.Processor;
import dev.terrarium.engine.processor.kvm.KvmAccelerator;
import dev.terrarium.engine.processor.kvm.KvmAccelerator.Controllers;
import dev.terrarium.engine.processor.kvm.KvmHost;
import dev.terrarium.engine.processor.kvm.KvmProcessor;
import dev.terrarium.engine.processor.kvm.KvmReport;
import dev.terrarium.engine.processor.kvm.KvmReport.Grade;
import dev.terrarium.engine.processor.kvm.MovePolicy;
import dev.terrarium.engine.processor.software.FeatureSet;
import dev.terrarium.engine.processor.software.ProcessorGroup;
import dev.terrarium.engine.processor.software.SoftwareProcessor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A board's vCPUs, of the kind that its configuration asks for and the host offers. */
final class Processors implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Processors.class);

    private final List<Processor> processors = new ArrayList<>();
    private final @Nullable KvmAccelerator accelerator;
    private final List<KvmProcessor> underKvm = new ArrayList<>();
    private final Wiring wiring;
    private final AtomicBoolean leaving = new AtomicBoolean();

    /** What vCPUs are wired to. */
    record Wiring(
            MemoryMap memory,
            Ports ports,
            List<LocalApic> apics,
            InterruptChips chips,
            BoardClock clock,
            ReentrantLock lock,
            Runnable floatingPointError) {}

    private Processors(@Nullable KvmAccelerator accelerator, Wiring wiring) {
        this.accelerator = accelerator;
        this.wiring = wiring;
    }

    /**
     * Makes the vCPUs.
     *
     * @param leave asked, once, to have the machine leave KVM ({@link #leaveKvm}), and told why; on a vCPU's thread
     * @throws TerrariumException if the configuration demands KVM and the host has none
     */
    static Processors make(MachineConfig config, Wiring wiring, Consumer<String> leave) throws TerrariumException {
        Accelerator wanted = config.accelerator();
        if (wanted == Accelerator.SOFTWARE) {
            return software(config, wiring);
        }
        KvmReport report = KvmHost.report();
        if (wanted == Accelerator.AUTO && !report.automatic()) {
            return software(config, wiring);
        }
        if (report.grade() == Grade.UNUSABLE) {
            throw new TerrariumException("\"" + config.name() + "\" wants KVM, which is " + report.verdict()
                    + "; or give it the accelerator auto");
        }
        try {
            MovePolicy policy = report.executesKernel() ? MovePolicy.USUAL : MovePolicy.EMULATED;
            return kvm(config, wiring, policy, report.controllers() ? Controllers.KERNEL : Controllers.BOARD, leave);
        } catch (PosixException e) {
            throw new TerrariumException(
                    "KVM does not take \"" + config.name() + "\" (" + e.getMessage()
                            + "): give it the accelerator software",
                    e);
        }
    }

    /** Those of the software processor. */
    static Processors software(MachineConfig config, Wiring wiring) {
        Processors made = new Processors(null, wiring);
        FeatureSet features = features(config.cpu());
        ProcessorGroup group = new ProcessorGroup(config.vcpus());
        for (int i = 0; i < config.vcpus(); i++) {
            made.processors.add(new SoftwareProcessor(
                    i,
                    group,
                    features,
                    wiring.memory,
                    wiring.ports,
                    wiring.apics.get(i),
                    wiring.clock,
                    wiring.lock,
                    wiring.floatingPointError));
        }
        return made;
    }

    /** Those of KVM, which are left by {@code policy}. */
    static Processors kvm(
            MachineConfig config, Wiring wiring, MovePolicy policy, Controllers controllers, Consumer<String> leave)
            throws PosixException {
        KvmAccelerator accelerator =
                new KvmAccelerator(wiring.memory, wiring.ports, wiring.clock, wiring.lock, policy, controllers);
        Processors made = new Processors(accelerator, wiring);
        try {
            FeatureSet asked = features(config.cpu());
            FeatureSet features = asked.alsoOf(accelerator.supported());
            if (!features.equals(asked)) {
                LOG.info(
                        "{}: this host's KVM does not have all of {}",
                        config.name(),
                        config.cpu().id());
            }
            ProcessorGroup group = new ProcessorGroup(config.vcpus());
            for (int i = 0; i < config.vcpus(); i++) {
                int index = i;
                KvmProcessor processor = accelerator.createProcessor(
                        index,
                        wiring.apics.get(index),
                        (controller, hertz) -> standIn(wiring, index, group, features, controller, hertz),
                        reason -> made.askToLeave(leave, reason));
                made.processors.add(processor);
                made.underKvm.add(processor);
            }
            return made;
        } catch (PosixException e) {
            made.close();
            throw e;
        }
    }

    private static SoftwareProcessor standIn(
            Wiring wiring,
            int index,
            ProcessorGroup group,
            FeatureSet features,
            LocalInterruptController controller,
            long timeStampHertz) {
        return new SoftwareProcessor(
                index,
                group,
                features,
                wiring.memory,
                wiring.ports,
                controller,
                wiring.clock,
                timeStampHertz,
                wiring.lock,
                wiring.floatingPointError);
    }

    private static FeatureSet features(CpuModel model) {
        return switch (model) {
            case X86_64_V1 -> FeatureSet.X86_64_V1;
            case X86_64_V2 -> FeatureSet.X86_64_V2;
            case X86_64_V3 -> FeatureSet.X86_64_V3;
            case BEST -> FeatureSet.BEST;
        };
    }

    private void askToLeave(Consumer<String> leave, String reason) {
        if (leaving.compareAndSet(false, true)) {
            leave.accept(reason);
        }
    }

    /** Gives the kernel's interrupt controllers the board's state, if they serve the vCPUs. No vCPU runs yet. */
    void beforeRunning() {
        if (accelerator != null && !underKvm.isEmpty()) {
            withLock(() -> accelerator.chips().ifPresent(wiring.chips::lend));
        }
    }

    /** Carries out writes of the guest that wait for it. Any thread. */
    void deliverPostedWrites() {
        if (accelerator != null) {
            accelerator.deliverPostedWrites();
        }
    }

    /** Takes the interrupt controllers' state back. No vCPU runs any more. */
    void afterRunning() {
        deliverPostedWrites();
        withLock(wiring.chips::takeBack);
    }

    /** Leaves KVM for the software processor, all together. No vCPU runs; false if that was done already. */
    boolean leaveKvm() {
        if (underKvm.isEmpty()) {
            return false;
        }
        underKvm.forEach(KvmProcessor::leaveKvm);
        underKvm.clear();
        return true;
    }

    private void withLock(Runnable action) {
        wiring.lock.lock();
        try {
            action.run();
        } finally {
            wiring.lock.unlock();
        }
    }

    List<Processor> list() {
        return processors;
    }

    @Override
    public void close() {
        processors.forEach(Processor::close);
        if (accelerator != null) {
            accelerator.close();
        }
    }
}
