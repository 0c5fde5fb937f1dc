// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import dev.terrarium.engine.device.Clock;
import dev.terrarium.engine.device.RegisterWindow;
import dev.terrarium.engine.memory.CodePages;
import dev.terrarium.engine.memory.HostBlock;
import dev.terrarium.engine.memory.HostMemory;
import dev.terrarium.engine.memory.MemoryMap;
import dev.terrarium.engine.processor.LocalInterruptController;
import dev.terrarium.engine.processor.Ports;
import dev.terrarium.engine.processor.kvm.KvmAccelerator;
import dev.terrarium.engine.processor.kvm.KvmProcessor;
import dev.terrarium.engine.processor.kvm.MovePolicy;
import dev.terrarium.engine.processor.software.FeatureSet;
import dev.terrarium.engine.processor.software.ProcessorGroup;
import dev.terrarium.engine.processor.software.SoftwareProcessor;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.concurrent.locks.ReentrantLock;

/** A guest under Terrarium's KVM processor that does nothing but write to a port. */
final class PortGuest implements AutoCloseable, Ports, LocalInterruptController, Clock {
    private static final long RESET_PAGE = 0xFFFF_F000L;

    /** out 0x80, al; jmp to it. */
    private static final long PROGRAM = 0xFCEB_80E6L;

    private final HostBlock page = HostBlock.allocate(4096);
    private final KvmAccelerator accelerator;
    private final KvmProcessor processor;
    private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    private long left;

    PortGuest() throws IOException {
        HostMemory.write(page.address() + 0xFF0, 4, PROGRAM);
        ReentrantLock lock = new ReentrantLock();
        MemoryMap map = new MemoryMap(lock, new CodePages(4096));
        map.mapDirect(RESET_PAGE, 4096, page.address(), page.address());
        accelerator = new KvmAccelerator(map, this, this, lock, MovePolicy.NEVER, KvmAccelerator.Controllers.BOARD);
        processor = accelerator.createProcessor(
                0,
                this,
                (controller, hertz) -> new SoftwareProcessor(
                        0,
                        new ProcessorGroup(1),
                        FeatureSet.X86_64_V1,
                        map,
                        this,
                        controller,
                        this,
                        hertz,
                        lock,
                        () -> {}),
                reason -> {});
    }

    /** The nanoseconds of processor time of one round trip, over so many: the host may be shared. */
    double measure(long count) {
        processor.reset();
        run(count / 10);
        long start = threads.getCurrentThreadCpuTime();
        run(count);
        return (double) (threads.getCurrentThreadCpuTime() - start) / count;
    }

    private void run(long count) {
        left = count;
        processor.run();
    }

    @Override
    public void out(int port, int size, int value) {
        if (--left == 0) {
            processor.kick();
        }
    }

    @Override
    public int in(int port, int size) {
        return -1;
    }

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
        throw new IllegalStateException("the guest has no use for its interrupt controller");
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

    @Override
    public void close() {
        processor.close();
        accelerator.close();
        page.close();
    }
}
