// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import dev.terrarium.engine.device.Clock;
import dev.terrarium.engine.device.RegisterWindow;
import dev.terrarium.engine.memory.CodePages;
import dev.terrarium.engine.memory.HostBlock;
import dev.terrarium.engine.memory.HostMemory;
import dev.terrarium.engine.memory.MemoryMap;
import dev.terrarium.engine.processor.LocalInterruptController;
import dev.terrarium.engine.processor.Ports;
import dev.terrarium.engine.processor.ProcessorState;
import dev.terrarium.engine.processor.ProcessorState.Activity;
import dev.terrarium.engine.processor.ProcessorState.Segment;
import dev.terrarium.engine.processor.ProcessorState.Table;
import dev.terrarium.engine.processor.software.FeatureSet;
import dev.terrarium.engine.processor.software.ProcessorGroup;
import dev.terrarium.engine.processor.software.SoftwareProcessor;
import java.io.IOException;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Two MiB of memory mapped to themselves, two more where nothing answers, and a program for processors of either kind: they
 * share the memory and may run it by turns. There is no interrupt table: any exception is a triple fault.
 */
final class SmallMachine implements AutoCloseable {
    static final long DATA = 0x10000;
    private static final long MEMORY = 0x20_0000;
    private static final long TABLES = 0x4000;
    private static final long CODE = 0x9000;
    private static final int EFER = 0xC000_0080;

    /** Called at each write to a port, before it is counted. */
    Runnable onPortWrite = () -> {};

    final AtomicInteger portAccesses = new AtomicInteger();
    private final HostBlock memory = HostBlock.allocate(MEMORY);
    final ReentrantLock lock = new ReentrantLock();
    final MemoryMap map = new MemoryMap(lock, new CodePages(MEMORY));
    private final RunningClock clock = new RunningClock();
    private final Ports ports = new CountingPorts();
    private final KvmAccelerator accelerator;
    final KvmProcessor kvm;
    final SoftwareProcessor software;

    SmallMachine() throws IOException {
        this(KvmAccelerator.Controllers.BOARD);
    }

    /** @param controllers whose interrupt controllers serve the vCPU under KVM; nothing ever interrupts it */
    SmallMachine(KvmAccelerator.Controllers controllers) throws IOException {
        map.mapDirect(0, MEMORY, memory.address(), memory.address());
        accelerator = new KvmAccelerator(map, ports, clock, lock, MovePolicy.NEVER, controllers);
        FeatureSet features = FeatureSet.BEST.alsoOf(accelerator.supported());
        long[] frequency = new long[1];
        kvm = accelerator.createProcessor(
                0,
                new QuietController(),
                (controller, hertz) -> {
                    frequency[0] = hertz;
                    return processor(features, controller, hertz);
                },
                reason -> {});
        software = processor(features, new QuietController(), frequency[0]);
        write(TABLES, TABLES + 0x1000 | 7);
        write(TABLES + 0x1000, TABLES + 0x2000 | 7);
        write(TABLES + 0x2000, 0x87);
        write(TABLES + 0x2008, MEMORY | 0x87);
    }

    private SoftwareProcessor processor(FeatureSet features, LocalInterruptController controller, long hertz) {
        return new SoftwareProcessor(
                0, new ProcessorGroup(1), features, map, ports, controller, clock, hertz, lock, () -> {});
    }

    void write(long address, long value) {
        HostMemory.write(memory.address() + address, 8, value);
    }

    /** The host's address of the memory. */
    long address() {
        return memory.address();
    }

    void deliverPostedWrites() {
        accelerator.deliverPostedWrites();
    }

    long read(long address) {
        return HostMemory.read(memory.address() + address, 8);
    }

    /** A state about to run {@code code}, hexadecimal, in 64-bit mode with RCX as given and RBX at {@link #DATA}. */
    ProcessorState at(String code, boolean user, long rcx, boolean interrupts) {
        byte[] bytes = HexFormat.of().parseHex(code.replace(" ", ""));
        for (int i = 0; i < bytes.length; i++) {
            HostMemory.write(memory.address() + CODE + i, 1, bytes[i]);
        }
        ProcessorState reset = software.state();
        long[] registers = new long[16];
        registers[1] = rcx;
        registers[3] = DATA;
        registers[4] = 0xF000;
        int level = user ? 0x6000 : 0;
        Segment data = new Segment(user ? 0x1B : 0x10, 0, 0xFFFF_FFFFL, 0xC0_9300 | level);
        Segment text = new Segment(user ? 0x23 : 8, 0, 0xFFFF_FFFFL, 0xA0_9B00 | level);
        Segment task = new Segment(0x28, 0, 0x67, 0x8B00);
        Segment none = new Segment(0, 0, 0, 0);
        Map<Integer, Long> modelSpecific = new java.util.HashMap<>(reset.modelSpecificRegisters());
        modelSpecific.put(EFER, 0x500L);
        return new ProcessorState(
                registers,
                CODE,
                interrupts ? 0x202 : 2,
                new Segment[] {data, text, data, data, data, data, none, task},
                new Table(0, 0),
                new Table(0, 0),
                new long[] {0x8000_0033L, 0, TABLES, 0x620, 0},
                reset.debugRegisters(),
                modelSpecific,
                1,
                reset.extendedState(),
                Activity.RUNNING,
                false,
                false);
    }

    @Override
    public void close() {
        kvm.close();
        software.close();
        accelerator.close();
        memory.close();
    }

    private final class CountingPorts implements Ports {
        @Override
        public int in(int port, int size) {
            return portAccesses.incrementAndGet();
        }

        @Override
        public void out(int port, int size, int value) {
            onPortWrite.run();
            portAccesses.incrementAndGet();
        }
    }

    /** The host's time; no timers. */
    private static final class RunningClock implements Clock {
        @Override
        public long nanoTime() {
            return System.nanoTime();
        }

        @Override
        public long wallTimeMillis() {
            return System.currentTimeMillis();
        }

        @Override
        public Timer timer(Runnable action) {
            return new Timer() {
                @Override
                public void schedule(long deadlineNanos) {}

                @Override
                public void cancel() {}
            };
        }
    }

    /** Never has an interrupt. */
    private static final class QuietController implements LocalInterruptController {
        @Override
        public boolean interruptPending() {
            return false;
        }

        @Override
        public int acknowledge() {
            return -1;
        }

        @Override
        public Signal takeSignal() {
            return Signal.NONE;
        }

        @Override
        public int startupVector() {
            return 0;
        }

        @Override
        public RegisterWindow registers() {
            throw new AssertionError("nobody asks");
        }

        @Override
        public long baseAddress() {
            return 0xFEE0_0900L;
        }

        @Override
        public void setBaseAddress(long value) {}

        @Override
        public int taskPriorityClass() {
            return 0;
        }

        @Override
        public void setTaskPriorityClass(int value) {}

        @Override
        public void onRequest(Runnable wake) {}
    }
}
