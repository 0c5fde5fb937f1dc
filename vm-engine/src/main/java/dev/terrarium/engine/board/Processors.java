// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.config.CpuModel;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.Accelerator;
import dev.terrarium.engine.device.chipset.LocalApic;
import dev.terrarium.engine.memory.MemoryMap;
import dev.terrarium.engine.posix.PosixException;
import dev.terrarium.engine.processor.LocalInterruptController;
import dev.terrarium.engine.processor.Ports;
import dev.terrarium.engine.processor.Processor;
import dev.terrarium.engine.processor.kvm.KvmAccelerator;
import dev.terrarium.engine.processor.kvm.KvmHost;
import dev.terrarium.engine.processor.kvm.KvmReport;
import dev.terrarium.engine.processor.kvm.KvmReport.Grade;
import dev.terrarium.engine.processor.kvm.MovePolicy;
import dev.terrarium.engine.processor.software.FeatureSet;
import dev.terrarium.engine.processor.software.ProcessorGroup;
import dev.terrarium.engine.processor.software.SoftwareProcessor;
import java.util.ArrayList;
import java.util.List;
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

    /** What vCPUs are wired to. */
    record Wiring(
            MemoryMap memory,
            Ports ports,
            List<LocalApic> apics,
            BoardClock clock,
            ReentrantLock lock,
            Runnable floatingPointError) {}

    private Processors(@Nullable KvmAccelerator accelerator) {
        this.accelerator = accelerator;
    }

    /**
     * Makes the vCPUs.
     *
     * @param moved told why when the machine leaves KVM; called on a vCPU's thread
     * @throws TerrariumException if the configuration demands KVM and the host has none
     */
    static Processors make(MachineConfig config, Wiring wiring, Consumer<String> moved) throws TerrariumException {
        Accelerator wanted = config.accelerator();
        if (wanted == Accelerator.SOFTWARE) {
            return software(config, wiring);
        }
        KvmReport report = KvmHost.report();
        if (wanted == Accelerator.AUTO && (config.vcpus() > 1 || !report.automatic())) {
            return software(config, wiring);
        }
        if (report.grade() == Grade.UNUSABLE) {
            throw new TerrariumException("\"" + config.name() + "\" wants KVM, which is " + report.verdict()
                    + "; or give it the accelerator auto");
        }
        try {
            return kvm(config, wiring, report, moved);
        } catch (PosixException e) {
            throw new TerrariumException(
                    "KVM does not take \"" + config.name() + "\" (" + e.getMessage()
                            + "): give it the accelerator software",
                    e);
        }
    }

    private static Processors software(MachineConfig config, Wiring wiring) {
        Processors made = new Processors(null);
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

    private static Processors kvm(MachineConfig config, Wiring wiring, KvmReport report, Consumer<String> moved)
            throws PosixException {
        MovePolicy policy = report.executesKernel() ? MovePolicy.USUAL : MovePolicy.EMULATED;
        KvmAccelerator accelerator = new KvmAccelerator(wiring.memory, wiring.ports, wiring.clock, wiring.lock, policy);
        Processors made = new Processors(accelerator);
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
                made.processors.add(accelerator.createProcessor(
                        index,
                        wiring.apics.get(index),
                        (controller, hertz) -> standIn(wiring, index, group, features, controller, hertz),
                        moved));
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
