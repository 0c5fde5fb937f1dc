// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.device.Clock;
import dev.terrarium.engine.device.ManualClock;
import dev.terrarium.engine.device.RegisterWindow;
import dev.terrarium.engine.memory.CodePages;
import dev.terrarium.engine.memory.HostBlock;
import dev.terrarium.engine.memory.HostMemory;
import dev.terrarium.engine.memory.MemoryMap;
import dev.terrarium.engine.processor.LocalInterruptController;
import dev.terrarium.engine.processor.Ports;
import dev.terrarium.engine.processor.Processor;
import dev.terrarium.engine.processor.Processor.Exit;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A whole processor, the software one unless told otherwise, with some RAM, and ports by which a program written with {@code privileged/kit.inc} tells of
 * exceptions, reports values, raises interrupts and ends.
 */
final class PrivilegedMachine implements AutoCloseable, Ports, LocalInterruptController {
    private static final int MEMORY = 16 << 20;
    private static final long RESET_PAGE = 0xFFFF_F000L;
    private static final int PROGRAM = 0x7C00;
    private static final int PARAMETERS = 0x600;
    private static final int PORT_VECTOR = 0xE0;
    private static final int PORT_ERROR = 0xE1;
    private static final int PORT_CR2 = 0xE2;
    private static final int PORT_REPORT = 0xE9;
    private static final int PORT_RAISE = 0xF0;
    private static final int PORT_RAISE_NMI = 0xF1;
    private static final int PORT_A20 = 0xF2;
    private static final int PORT_RAISE_LATER = 0xF3;
    private static final int PORT_END = 0xF4;
    private static final int PORT_PATCH_LATER = 0xF5;
    private static final Path KIT = Path.of("src/test/guests/privileged/kit.inc");

    /** What the program told: {@code #14(2)@1000} for an exception, hexadecimal numbers for its reports. */
    final List<String> log = new ArrayList<>();

    final Processor processor;
    private final HostBlock memory;
    private final HostBlock resetPage;
    private final Deque<Integer> pending = new ConcurrentLinkedDeque<>();
    private CompletableFuture<Void> later = CompletableFuture.completedFuture(null);
    private volatile boolean interrupt;
    private boolean nonMaskable;
    private Runnable wake = () -> {};

    private final MemoryMap map;

    private PrivilegedMachine(FeatureSet features, Compilation compilation) throws IOException {
        memory = HostBlock.allocate(MEMORY);
        resetPage = HostBlock.allocate(4096);
        ReentrantLock lock = new ReentrantLock();
        map = new MemoryMap(lock, new CodePages(MEMORY));
        map.mapDirect(0, MEMORY, memory.address(), memory.address());
        map.mapDirect(RESET_PAGE, 4096, resetPage.address(), resetPage.address());
        Clock clock = new ManualClock();
        processor = maker.make(features, compilation, map, this, this, clock, lock);
    }

    /** Makes the processor of a machine. */
    @FunctionalInterface
    interface Maker {
        /** A processor with these extensions, on this memory, these ports and this interrupt controller. */
        Processor make(
                FeatureSet features,
                Compilation compilation,
                MemoryMap map,
                Ports ports,
                LocalInterruptController controller,
                Clock clock,
                ReentrantLock lock)
                throws IOException;
    }

    /** Makes the software processor under test. */
    static final Maker SOFTWARE = (features, compilation, map, ports, controller, clock, lock) -> new SoftwareProcessor(
            0, new ProcessorGroup(1), features, map, ports, controller, clock, lock, () -> {}, compilation);

    private static Maker maker = SOFTWARE;

    /** Has the programs run on other processors from now on. */
    static void runOn(Maker other) {
        maker = other;
    }

    /** Assembles and runs a program; returns what it told, last of all {@code shutdown} if that is how it ended. */
    static List<String> run(String program) {
        return run(FeatureSet.BEST, program);
    }

    /** The same on a processor with these extensions. */
    static List<String> run(FeatureSet features, String program) {
        return run(features, Compilation.asked(), assemble(program)).log;
    }

    /** The same, compiling 64-bit code as told. */
    static List<String> run(Compilation compilation, String program) {
        return run(FeatureSet.BEST, compilation, assemble(program)).log;
    }

    /**
     * What became of a program.
     *
     * @param log what it told
     * @param compiledInstructions how many guest instructions compiled code executed
     */
    record Outcome(List<String> log, long compiledInstructions) {}

    /** Runs an assembled program, which finds the parameters at 0x600, each of 8 bytes. */
    static Outcome run(FeatureSet features, Compilation compilation, byte[] image, long... parameters) {
        try (PrivilegedMachine machine = new PrivilegedMachine(features, compilation)) {
            for (int i = 0; i < image.length; i++) {
                HostMemory.write(machine.memory.address() + PROGRAM + i, 1, image[i]);
            }
            for (int i = 0; i < parameters.length; i++) {
                HostMemory.write(machine.memory.address() + PARAMETERS + 8 * i, 8, parameters[i]);
            }
            // JMP 0:7C00 at the reset vector.
            HostMemory.write(machine.resetPage.address() + 0xFF0, 8, 0x007C_00EAL);
            if (machine.runToEnd() == Exit.SHUTDOWN) {
                machine.log.add("shutdown");
            }
            return new Outcome(List.copyOf(machine.log), machine.compiledInstructions());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private long compiledInstructions() {
        return processor instanceof SoftwareProcessor software ? software.compiledInstructions() : 0;
    }

    private Exit runToEnd() {
        Thread watchdog = Thread.ofVirtual().start(() -> {
            try {
                Thread.sleep(5000);
                log.add("did not end");
                processor.kick();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        try {
            return processor.run();
        } finally {
            watchdog.interrupt();
        }
    }

    static byte[] assemble(String program) {
        return assemble(KIT, program);
    }

    /** Assembles a program that begins with what {@code kit} holds. */
    static byte[] assemble(Path kit, String program) {
        try {
            Path source = Files.createTempFile("program", ".asm");
            Path binary = Files.createTempFile("program", ".bin");
            try {
                return assemble(kit, program, source, binary);
            } finally {
                Files.deleteIfExists(source);
                Files.deleteIfExists(binary);
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static byte[] assemble(Path kit, String program, Path source, Path binary) throws IOException {
        try {
            Files.writeString(source, "%include \"" + kit.toAbsolutePath() + "\"\n" + program);
            Process nasm = new ProcessBuilder("nasm", "-w-all", "-f", "bin", "-o", binary.toString(), source.toString())
                    .redirectErrorStream(true)
                    .start();
            String output = new String(nasm.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (nasm.waitFor() != 0) {
                throw new AssertionError(output);
            }
            return Files.readAllBytes(binary);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    @Override
    public int in(int port, int size) {
        return port == PORT_REPORT ? 0x5A : -1;
    }

    @Override
    public void out(int port, int size, int value) {
        switch (port) {
            case PORT_VECTOR -> log.add("#" + value);
            case PORT_ERROR -> append(value == -1 ? "" : "(" + Integer.toHexString(value) + ")");
            case PORT_CR2 -> append("@" + Integer.toHexString(value));
            case PORT_REPORT -> log.add(Integer.toHexString(value));
            case PORT_RAISE -> raise(value & 0xFF);
            case PORT_RAISE_LATER ->
                later = CompletableFuture.runAsync(
                        () -> raise(value & 0xFF), CompletableFuture.delayedExecutor(50, TimeUnit.MILLISECONDS));
            case PORT_PATCH_LATER ->
                later = CompletableFuture.runAsync(
                        () -> map.write(value & 0xFFFF_FFFFL, new byte[] {1}, 0, 1),
                        CompletableFuture.delayedExecutor(50, TimeUnit.MILLISECONDS));
            case PORT_RAISE_NMI -> {
                nonMaskable = true;
                wake.run();
            }
            case PORT_A20 -> processor.setA20((value & 1) != 0);
            case PORT_END -> processor.kick();
            default -> log.add("port " + Integer.toHexString(port));
        }
    }

    private void raise(int vector) {
        pending.add(vector);
        interrupt = true;
        wake.run();
    }

    private void append(String text) {
        log.set(log.size() - 1, log.getLast() + text);
    }

    @Override
    public boolean interruptPending() {
        return interrupt;
    }

    @Override
    public int acknowledge() {
        int vector = pending.remove();
        interrupt = !pending.isEmpty();
        return vector;
    }

    @Override
    public Signal takeSignal() {
        boolean raised = nonMaskable;
        nonMaskable = false;
        return raised ? Signal.NON_MASKABLE : Signal.NONE;
    }

    @Override
    public int startupVector() {
        return 0;
    }

    @Override
    public RegisterWindow registers() {
        return new RegisterWindow() {
            @Override
            public long read(long offset, int size) {
                return 0xA91C_0000L | offset;
            }

            @Override
            public void write(long offset, int size, long value) {
                log.add("apic " + Long.toHexString(offset) + "=" + Long.toHexString(value));
            }
        };
    }

    @Override
    public long baseAddress() {
        return 0xFEE0_0900L;
    }

    @Override
    public void setBaseAddress(long value) {
        log.add("apic base " + Long.toHexString(value));
    }

    @Override
    public int taskPriorityClass() {
        return 3;
    }

    @Override
    public void setTaskPriorityClass(int value) {
        log.add("cr8=" + value);
    }

    @Override
    public void onRequest(Runnable action) {
        wake = action;
    }

    @Override
    public void close() {
        processor.close();
        later.join();
        memory.close();
        resetPage.close();
    }
}
