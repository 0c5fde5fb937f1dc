// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.processor.Processor.Exit;
import dev.terrarium.engine.processor.kvm.KvmAccelerator.Controllers;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whatever the guest does, a vCPU under KVM stops when it is told to. */
class KvmStopTest {
    private static final int TIMES = Integer.getInteger("terrarium.stops", 60);
    private static final long TENTH_OF_A_SECOND = 100_000_000L;

    @BeforeEach
    void needsKvm() {
        KvmHere.require();
    }

    /** A vCPU's thread. */
    private static final class Runner implements AutoCloseable {
        private final SynchronousQueue<Boolean> orders = new SynchronousQueue<>();
        private final SynchronousQueue<Exit> exits = new SynchronousQueue<>();
        private final SynchronousQueue<HostDelay> delays = new SynchronousQueue<>();
        private final Thread thread;
        private final HostDelay delay;

        Runner(SmallMachine machine) throws InterruptedException {
            thread = Thread.ofPlatform().daemon().start(() -> work(machine));
            delay = delays.take();
        }

        private void work(SmallMachine machine) {
            try {
                delays.put(HostDelay.ofThisThread());
                while (orders.take()) {
                    exits.put(machine.kvm.run());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public void close() throws InterruptedException {
            orders.put(false);
            thread.join();
        }
    }

    @ParameterizedTest(name = "{0}, controllers of the {3}")
    @CsvSource({
        "spins in ring 3, true, EBFE, BOARD",
        "spins in ring 0 with interrupts off, false, EBFE, BOARD",
        "spins in ring 0 with interrupts off, false, EBFE, KERNEL",
        "is halted with interrupts off, false, F4, BOARD",
        "is halted with interrupts off, false, F4, KERNEL",
        "writes to a port, false, E680EBFC, BOARD",
        "reads memory that is not there, false, 48C7C300002000 8B03 EBFC, BOARD",
        "stores a string where nothing answers, false, 48C7C700002000 B900001000 F3AA EBF0, BOARD",
        "needs help all the time, false, 660FEFC0 EBFA, BOARD"
    })
    void stopsWithinATenthOfASecond(String guest, boolean user, String code, Controllers controllers) throws Exception {
        try (SmallMachine machine = new SmallMachine(controllers);
                Runner runner = new Runner(machine)) {
            HostDelay own = HostDelay.ofThisThread();
            machine.kvm.restore(machine.at(code, user, 0, false));
            long longest = 0;
            long longestOwn = 0;
            for (int i = 0; i < TIMES; i++) {
                runner.orders.put(true);
                long later = System.nanoTime() + 5_000_000L * (i % 3);
                while (System.nanoTime() < later) {
                    Thread.onSpinWait();
                }
                long waited = own.nanosSinceMade() + runner.delay.nanosSinceMade();
                long start = System.nanoTime();
                machine.kvm.kick();
                assertThat(runner.exits.poll(5, TimeUnit.SECONDS)).as(guest).isEqualTo(Exit.KICKED);
                long nanos = System.nanoTime() - start;
                longest = Math.max(longest, nanos);
                longestOwn =
                        Math.max(longestOwn, nanos - (own.nanosSinceMade() + runner.delay.nanosSinceMade() - waited));
            }
            System.out.printf(
                    "stop: a guest that %s, controllers of the %s: %.1f ms at most, %.1f without waiting for the host%n",
                    guest, controllers, longest / 1e6, longestOwn / 1e6);
            assertThat(longestOwn).as(guest).isLessThan(TENTH_OF_A_SECOND);
        }
    }

    @Test
    void aTripleFaultEndsTheRunAndAResetBeginsAnother() throws Exception {
        try (SmallMachine machine = new SmallMachine()) {
            for (int i = 0; i < 3; i++) {
                machine.kvm.restore(machine.at("0F0B", true, 0, false));
                assertThat(machine.kvm.run()).isEqualTo(Exit.SHUTDOWN);
                machine.kvm.reset();
                assertThat(machine.kvm.state().instructionPointer()).isEqualTo(0xFFF0);
            }
            machine.kvm.restore(machine.at("E680 0F0B", false, 0, false));
            int before = machine.portAccesses.get();
            assertThat(machine.kvm.run()).isEqualTo(Exit.SHUTDOWN);
            assertThat(machine.portAccesses.get()).isEqualTo(before + 1);
        }
    }
}
