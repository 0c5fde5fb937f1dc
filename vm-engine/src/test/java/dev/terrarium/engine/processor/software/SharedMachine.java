// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.device.ManualClock;
import dev.terrarium.engine.device.chipset.ApicBus;
import dev.terrarium.engine.device.chipset.LocalApic;
import dev.terrarium.engine.memory.CodePages;
import dev.terrarium.engine.memory.HostBlock;
import dev.terrarium.engine.memory.HostMemory;
import dev.terrarium.engine.memory.MemoryMap;
import dev.terrarium.engine.processor.Ports;
import dev.terrarium.engine.processor.Processor;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Several software vCPUs with their local APICs on some RAM, each on a thread of its own, for programs written with {@code
 * privileged/several.inc}.
 */
final class SharedMachine implements AutoCloseable, Ports {
    private static final int MEMORY = 16 << 20;
    private static final long RESET_PAGE = 0xFFFF_F000L;
    private static final int PROGRAM = 0x7C00;
    private static final int PORT_REPORT = 0xE9;
    private static final int PORT_END = 0xF4;
    private static final Path KIT = Path.of("src/test/guests/privileged/several.inc");

    /** What the program reported, in hexadecimal; at last {@code shutdown} or what a thread died of. */
    final List<String> log = Collections.synchronizedList(new ArrayList<>());

    final List<SoftwareProcessor> processors = new ArrayList<>();
    private final HostBlock memory;
    private final HostBlock resetPage;
    private final ReentrantLock lock = new ReentrantLock();
    private volatile boolean ended;

    SharedMachine(int count, Compilation compilation) throws IOException {
        memory = HostBlock.allocate(MEMORY);
        resetPage = HostBlock.allocate(4096);
        MemoryMap map = new MemoryMap(lock, new CodePages(MEMORY));
        map.mapDirect(0, MEMORY, memory.address(), memory.address());
        map.mapDirect(RESET_PAGE, 4096, resetPage.address(), resetPage.address());
        ManualClock clock = new ManualClock();
        ApicBus bus = new ApicBus();
        ProcessorGroup group = new ProcessorGroup(count);
        for (int i = 0; i < count; i++) {
            LocalApic apic = new LocalApic(i, clock, bus, () -> -1);
            processors.add(new SoftwareProcessor(
                    i, group, FeatureSet.BEST, map, this, apic, clock, lock, () -> {}, compilation));
        }
    }

    /** Assembles and runs a program on so many vCPUs; returns what it reported. */
    static List<String> run(int count, Compilation compilation, Duration limit, String program) {
        byte[] image = PrivilegedMachine.assemble(KIT, program);
        try (SharedMachine machine = new SharedMachine(count, compilation)) {
            for (int i = 0; i < image.length; i++) {
                HostMemory.write(machine.memory.address() + PROGRAM + i, 1, image[i]);
            }
            // JMP 0:7C00 at the reset vector.
            HostMemory.write(machine.resetPage.address() + 0xFF0, 8, 0x007C_00EAL);
            machine.run(limit);
            return List.copyOf(machine.log);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private void run(Duration limit) {
        List<Thread> threads = new ArrayList<>();
        for (SoftwareProcessor processor : processors) {
            threads.add(Thread.ofPlatform().name("test vCPU").start(() -> loop(processor)));
        }
        try {
            long deadline = System.nanoTime() + limit.toNanos();
            for (Thread thread : threads) {
                thread.join(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())));
            }
            if (!ended) {
                log.add("did not end");
                end();
            }
            for (Thread thread : threads) {
                thread.join();
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private void loop(SoftwareProcessor processor) {
        try {
            while (!ended) {
                if (processor.run() == Processor.Exit.SHUTDOWN) {
                    log.add("shutdown");
                    end();
                }
            }
        } catch (RuntimeException | Error death) {
            log.add(death.toString());
            end();
            throw death;
        }
    }

    private void end() {
        ended = true;
        processors.forEach(Processor::kick);
    }

    @Override
    public int in(int port, int size) {
        return -1;
    }

    @Override
    public void out(int port, int size, int value) {
        switch (port) {
            case PORT_REPORT -> log.add(Integer.toHexString(value));
            case PORT_END -> end();
            default -> log.add("port " + Integer.toHexString(port));
        }
    }

    @Override
    public void close() {
        processors.forEach(Processor::close);
        memory.close();
        resetPage.close();
    }
}
