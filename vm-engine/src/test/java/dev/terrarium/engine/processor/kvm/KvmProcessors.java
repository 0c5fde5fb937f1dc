// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import dev.terrarium.engine.EngineStatistics;
import dev.terrarium.engine.device.Clock;
import dev.terrarium.engine.memory.MemoryMap;
import dev.terrarium.engine.posix.PosixException;
import dev.terrarium.engine.processor.LocalInterruptController;
import dev.terrarium.engine.processor.Ports;
import dev.terrarium.engine.processor.Processor;
import dev.terrarium.engine.processor.ProcessorState;
import java.util.concurrent.locks.ReentrantLock;

/** KVM processors for tests. */
public final class KvmProcessors {
    private KvmProcessors() {}

    /** A processor in a machine of its own, which is closed with it and does not leave KVM. */
    public static Processor alone(
            MemoryMap map,
            Ports ports,
            LocalInterruptController controller,
            Clock clock,
            ReentrantLock lock,
            KvmProcessor.StandIn standIn)
            throws PosixException {
        return new Alone(
                new KvmAccelerator(map, ports, clock, lock, MovePolicy.NEVER, KvmAccelerator.Controllers.BOARD),
                controller,
                standIn);
    }

    private static final class Alone implements Processor {
        private final KvmAccelerator accelerator;
        private final KvmProcessor processor;

        private Alone(KvmAccelerator accelerator, LocalInterruptController controller, KvmProcessor.StandIn standIn)
                throws PosixException {
            this.accelerator = accelerator;
            processor = accelerator.createProcessor(0, controller, standIn, reason -> {});
        }

        @Override
        public Exit run() {
            return processor.run();
        }

        @Override
        public void kick() {
            processor.kick();
        }

        @Override
        public void reset() {
            processor.reset();
        }

        @Override
        public ProcessorState state() {
            return processor.state();
        }

        @Override
        public void restore(ProcessorState state) {
            processor.restore(state);
        }

        @Override
        public void setA20(boolean enabled) {
            processor.setA20(enabled);
        }

        @Override
        public String accelerator() {
            return processor.accelerator();
        }

        @Override
        public long instructions() {
            return processor.instructions();
        }

        @Override
        public EngineStatistics statistics() {
            return processor.statistics();
        }

        @Override
        public long busyNanos() {
            return processor.busyNanos();
        }

        @Override
        public void close() {
            processor.close();
            accelerator.close();
        }
    }
}
