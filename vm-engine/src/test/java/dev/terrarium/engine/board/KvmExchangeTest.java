// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terrarium.engine.board.ExchangeMachine.Saved;
import dev.terrarium.engine.memory.HostBlock;
import dev.terrarium.engine.memory.HostMemory;
import dev.terrarium.engine.processor.kvm.KvmAccelerator.Controllers;
import dev.terrarium.engine.processor.kvm.KvmHere;
import dev.terrarium.engine.processor.kvm.KvmHost;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Two vCPUs that interrupt each other go from KVM to the software processor and back in the middle of their work. */
class KvmExchangeTest {
    private static final Path PROGRAM = Path.of("src/test/guests/two-processors.asm");
    private static final int ROUNDS = 0x6000;
    private static final int SUM = 0x6004;
    private static final int LAST = 0x6008;
    private static final int TIMER_TICKS = 0x600C;
    private static final int PIT_TICKS = 0x6010;
    private static final int LEVELS = 0x6014;
    private static final int PINGS = 0x6018;
    private static final int BACKWARDS = 0x6024;

    private ExchangeMachine.Shared shared;
    private Thread timers;

    @BeforeEach
    void makeMemoryAndTime() throws Exception {
        KvmHere.require();
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/nasm")), "nasm is not installed");
        ReentrantLock lock = new ReentrantLock();
        BoardClock clock = new BoardClock(lock);
        shared = new ExchangeMachine.Shared(
                lock, clock, HostBlock.allocate(1 << 20), HostBlock.allocate(4096), new CountDownLatch(1));
        timers = Thread.ofPlatform().daemon().name("timers").start(clock);
        byte[] program = assemble();
        for (int i = 0; i < program.length; i++) {
            HostMemory.write(shared.memory().address() + 0x7C00 + i, 1, program[i]);
        }
        // JMP 0:7C00 at the reset vector.
        HostMemory.write(shared.resetPage().address() + 0xFF0, 8, 0x007C_00EAL);
    }

    @AfterEach
    void free() throws Exception {
        shared.lock().lock();
        shared.clock().close();
        shared.lock().unlock();
        timers.join();
        shared.memory().close();
        shared.resetPage().close();
    }

    private static byte[] assemble() throws IOException, InterruptedException {
        Path binary = Files.createTempFile("two-processors", ".bin");
        try {
            int status = new ProcessBuilder("nasm", "-f", "bin", "-o", binary.toString(), PROGRAM.toString())
                    .inheritIO()
                    .start()
                    .waitFor();
            assertThat(status).isZero();
            return Files.readAllBytes(binary);
        } finally {
            Files.delete(binary);
        }
    }

    private int read(int address) {
        return (int) HostMemory.read(shared.memory().address() + address, 4);
    }

    private void setRounds(int rounds) {
        HostMemory.write(shared.memory().address() + ROUNDS, 4, rounds);
    }

    /** Lets a machine run until the guest has answered the wire and its vCPUs have interrupted each other some more; or to its end. */
    private void turn(ExchangeMachine machine, long atLeastMillis) throws InterruptedException {
        machine.go();
        int pings0 = read(PINGS);
        int pings1 = read(PINGS + 4);
        int ticks = read(TIMER_TICKS);
        int pitTicks = read(PIT_TICKS);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        boolean ended = shared.end().await(atLeastMillis, TimeUnit.MILLISECONDS);
        while (read(PINGS) - pings0 < 3
                || read(PINGS + 4) - pings1 < 3
                || read(TIMER_TICKS) == ticks
                || read(PIT_TICKS) == pitTicks
                || machine.levelAsserted()) {
            assertThat(machine.failure.get()).isNull();
            assertThat(System.nanoTime())
                    .as(
                            "%s: pings %d %d, timer %d, PIT %d, wire %s, ended %s",
                            machine.accelerator(),
                            read(PINGS) - pings0,
                            read(PINGS + 4) - pings1,
                            read(TIMER_TICKS) - ticks,
                            read(PIT_TICKS) - pitTicks,
                            machine.levelAsserted(),
                            ended)
                    .isLessThan(deadline);
            ended |= shared.end().await(1, TimeUnit.MILLISECONDS);
        }
        machine.stop();
    }

    private void checkSum(int rounds) {
        int state = 0;
        int sum = 0;
        for (int i = 0; i < rounds; i++) {
            state = state * 0x5DEECE6D + 11;
            sum += state >>> 7;
        }
        assertThat(read(LAST)).isEqualTo(state);
        assertThat(read(SUM)).isEqualTo(sum);
    }

    private void checkLevels(Controllers controllers, int asserted) {
        if (controllers == Controllers.BOARD || KvmHost.report().controllers()) {
            assertThat(read(LEVELS)).as("interrupts of the wire").isEqualTo(asserted);
        } else {
            System.out.println("this KVM's controllers finish interrupts as they deliver them: some come twice");
            assertThat(read(LEVELS)).as("interrupts of the wire").isBetween(asserted, 2 * asserted);
        }
    }

    private boolean ended() {
        return shared.end().getCount() == 0;
    }

    @ParameterizedTest
    @EnumSource
    void savedStatesGoBetweenTheTwo(Controllers controllers) throws Exception {
        int rounds = 400_000;
        setRounds(rounds);
        int turns = 0;
        int asserted = 0;
        try (ExchangeMachine onKvm = new ExchangeMachine(shared, controllers);
                ExchangeMachine inSoftware = new ExchangeMachine(shared, null)) {
            ExchangeMachine now = onKvm;
            now.reset();
            turn(now, 20);
            while (!ended()) {
                // Half of the times the wire is asserted where the state is saved, else where it is restored.
                if (turns % 2 == 0) {
                    now.assertLevel();
                    asserted++;
                }
                Saved saved = now.save();
                boolean wire = now.levelAsserted();
                now.reset();
                now = now == onKvm ? inSoftware : onKvm;
                now.restore(saved, wire);
                if (turns % 2 != 0) {
                    now.assertLevel();
                    asserted++;
                }
                turn(now, now == onKvm ? 30 : 3);
                turns++;
            }
        }
        System.out.printf(
                "exchange, controllers of the %s: %d turns, %d and %d interrupts between vCPUs, %d of the timer, %d of the PIT, board time %d ms, TSC back %d%n",
                controllers,
                turns,
                read(PINGS),
                read(PINGS + 4),
                read(TIMER_TICKS),
                read(PIT_TICKS),
                shared.clock().nanoTime() / 1_000_000,
                read(BACKWARDS));
        assertThat(read(BACKWARDS))
                .as("steps back of the time-stamp counter, the last by %d ticks", -read(BACKWARDS + 12))
                .isZero();
        checkSum(rounds);
        assertThat(turns).isGreaterThan(4);
        checkLevels(controllers, asserted);
        long millis = shared.clock().nanoTime() / 1_000_000;
        assertThat(read(TIMER_TICKS)).as("ticks of the APIC timer").isBetween(turns, (int) millis + 2 * turns);
        assertThat(read(PIT_TICKS)).as("ticks of the PIT").isBetween(turns, (int) millis + 2 * turns);
    }

    @ParameterizedTest
    @EnumSource
    void aMachineLeavesKvmLive(Controllers controllers) throws Exception {
        int rounds = 400_000;
        setRounds(rounds);
        try (ExchangeMachine machine = new ExchangeMachine(shared, controllers)) {
            machine.reset();
            turn(machine, 50);
            machine.assertLevel();
            assertThat(machine.accelerator()).isEqualTo("kvm");
            assertThat(ended()).as("too early to be of use").isFalse();
            assertThat(machine.leaveKvm()).isTrue();
            assertThat(machine.accelerator()).isEqualTo("software");
            turn(machine, 3);
            while (!ended()) {
                turn(machine, 10);
            }
            assertThat(machine.leaveKvm()).isFalse();
        }
        checkSum(rounds);
        checkLevels(controllers, 1);
    }
}
