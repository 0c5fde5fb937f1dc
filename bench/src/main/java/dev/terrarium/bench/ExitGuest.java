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
import java.util.HexFormat;
import java.util.Locale;
import java.util.concurrent.locks.ReentrantLock;

/** A guest under Terrarium's KVM processor that does nothing but one thing, over and over. */
final class ExitGuest implements AutoCloseable, Ports, LocalInterruptController, RegisterWindow, Clock {
    /** What it does. The programs start at 0000:0600. */
    enum Kind {
        /** Writes to port 0x80. */
        PORT("E680EBFC"),
        /** Writes a byte to 0x8000, where a device answers. */
        MEMORY("A20080EBFB"),
        /** Writes to port 0x80, takes interrupt 0x20, whose handler writes to port 0x81, and so on. */
        INTERRUPT("BC000FFBE680EBFC");

        private final String program;

        Kind(String program) {
            this.program = program;
        }

        String program() {
            return program;
        }

        String id() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private static final long RESET_PAGE = 0xFFFF_F000L;
    private static final int PAGE = 4096;
    private static final int PROGRAM = 0x600;
    private static final int HANDLER = 0x700;
    private static final int HANDLER_PORT = 0x81;
    private static final int VECTOR = 0x20;
    private static final long DEVICE = 0x8000;

    private final Kind kind;
    private final HostBlock low = HostBlock.allocate(PAGE);
    private final HostBlock reset = HostBlock.allocate(PAGE);
    private final KvmAccelerator accelerator;
    private final KvmProcessor processor;
    private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    private long left;
    private boolean interrupt;

    ExitGuest(Kind kind) throws IOException {
        this.kind = kind;
        byte[] program = HexFormat.of().parseHex(kind.program);
        for (int i = 0; i < program.length; i++) {
            HostMemory.write(low.address() + PROGRAM + i, 1, program[i]);
        }
        // out 0x81, al; iret
        HostMemory.write(low.address() + HANDLER, 4, 0xCF_81E6);
        HostMemory.write(low.address() + 4 * VECTOR, 4, HANDLER);
        // jmp 0:0600
        HostMemory.write(reset.address() + 0xFF0, 8, 0x00_0006_00EAL);
        ReentrantLock lock = new ReentrantLock();
        MemoryMap map = new MemoryMap(lock, new CodePages(PAGE));
        map.mapDirect(0, PAGE, low.address(), low.address());
        map.mapDirect(RESET_PAGE, PAGE, reset.address(), reset.address());
        map.mapWindow(DEVICE, PAGE, this);
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

    /** The nanoseconds of processor time of one round, over so many: the host may be shared. */
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

    private void round() {
        if (--left == 0) {
            processor.kick();
        }
    }

    @Override
    public void out(int port, int size, int value) {
        if (kind == Kind.INTERRUPT && port != HANDLER_PORT) {
            interrupt = true;
        } else {
            round();
        }
    }

    @Override
    public int in(int port, int size) {
        return -1;
    }

    @Override
    public long read(long offset, int size) {
        return -1;
    }

    @Override
    public void write(long offset, int size, long value) {
        round();
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
        return interrupt;
    }

    @Override
    public int acknowledge() {
        interrupt = false;
        return VECTOR;
    }

    @Override
    public boolean signalPending() {
        return false;
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
        low.close();
        reset.close();
    }
}
