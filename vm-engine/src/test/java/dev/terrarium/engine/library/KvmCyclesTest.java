// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.terrarium.engine.Engine;
import dev.terrarium.engine.Host;
import dev.terrarium.engine.MachineListener;
import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.StartOptions;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.processor.kvm.HostDelay;
import dev.terrarium.engine.processor.kvm.KvmHere;
import dev.terrarium.engine.processor.kvm.KvmHost;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A machine under KVM is switched, and gives everything back. */
class KvmCyclesTest {
    private static final int CYCLES = 200;
    private static final int VCPUS = 2;
    private static final long TENTH_OF_A_SECOND = 100_000_000L;

    @TempDir
    Path home;

    @BeforeEach
    void needsKvm() {
        KvmHere.require();
    }

    private static MachineConfig config() {
        MachineConfig other = TestConfigs.named("k");
        return new MachineConfig(
                other.version(),
                other.id(),
                other.name(),
                other.operatingSystem(),
                other.memoryMiB(),
                VCPUS,
                VCPUS,
                MachineConfig.Accelerator.KVM,
                other.bootOrder(),
                List.of(),
                null,
                List.of(),
                null,
                null);
    }

    /** What the process holds of KVM and of machines. */
    private record Holdings(long descriptors, long mappings, long threads) {
        static Holdings now() throws IOException {
            return new Holdings(
                    count(Path.of("/proc/self/fd"), Holdings::isOfMachine),
                    Files.readAllLines(Path.of("/proc/self/maps")).stream()
                            .filter(line -> line.contains("kvm"))
                            .count(),
                    Thread.getAllStackTraces().keySet().stream()
                            .filter(thread -> thread.getName().contains(" of k")
                                    || thread.getName().startsWith("k vCPU"))
                            .count());
        }

        private static long count(Path folder, java.util.function.Predicate<Path> wanted) throws IOException {
            try (Stream<Path> entries = Files.list(folder)) {
                return entries.filter(wanted).count();
            }
        }

        private static boolean isOfMachine(Path descriptor) {
            try {
                String target = Files.readSymbolicLink(descriptor).toString();
                return target.contains("kvm") || target.contains("/machines/k/");
            } catch (IOException closedSince) {
                return false;
            }
        }
    }

    @Test
    void twoHundredRunsLeaveNothingBehind() throws Exception {
        try (Host host = Engine.open(home)) {
            VirtualMachine machine = host.create(config(), List.of());
            Holdings before = Holdings.now();
            long all = 0;
            for (int i = 0; i < CYCLES; i++) {
                machine.start(StartOptions.DEFAULT);
                if (i == 0) {
                    Holdings during = Holdings.now();
                    assertThat(during.descriptors).isGreaterThan(before.descriptors + 3);
                    assertThat(during.mappings).isGreaterThan(before.mappings);
                    assertThat(during.threads).isGreaterThanOrEqualTo(before.threads + VCPUS + 2);
                    all = Holdings.count(Path.of("/proc/self/fd"), each -> true);
                }
                machine.forceOff();
            }
            awaitHoldings(before);
            assertThat(Holdings.count(Path.of("/proc/self/fd"), each -> true)).isLessThanOrEqualTo(all);
        }
    }

    private static void awaitHoldings(Holdings wanted) throws IOException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
        while (!Holdings.now().equals(wanted) && System.nanoTime() < deadline) {
            LockSupport.parkNanos(10_000_000);
        }
        assertThat(Holdings.now()).isEqualTo(wanted);
    }

    /** On a KVM that emulates ring 0 even firmware makes no progress: the machine goes on without it, and says why. */
    @Test
    void aMachineWithoutProgressMovesToTheSoftwareProcessor() throws Exception {
        assumeFalse(KvmHost.report().executesKernel(), "this KVM executes ring 0: firmware gives no cause to move");
        CompletableFuture<String> why = new CompletableFuture<>();
        try (Host host = Engine.open(home)) {
            VirtualMachine machine = host.create(config(), List.of());
            machine.addListener(new MachineListener() {
                @Override
                public void acceleratorChanged(VirtualMachine moved, String reason) {
                    why.complete(reason);
                }
            });
            machine.start(StartOptions.DEFAULT);
            assertThat(why.get(20, TimeUnit.SECONDS)).contains("KVM emulates");
            assertThat(machine.statistics().accelerator()).isEqualTo("software");
            assertThat(machine.state()).isEqualTo(MachineState.RUNNING);
            timed("pause after the move", machine::pause);
            machine.resume();
            long before = machine.statistics().instructions();
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (machine.statistics().instructions() < before + 1_000_000 && System.nanoTime() < deadline) {
                LockSupport.parkNanos(10_000_000);
            }
            assertThat(machine.statistics().instructions()).isGreaterThan(before + 1_000_000);
            machine.reset();
            timed("off after the move", machine::forceOff);
            allWereInTime();
        }
    }

    private interface Switch {
        void move() throws Exception;
    }

    /** How long each kind of switch took, in nanoseconds, and how much of it the threads waited for the host. */
    private final Map<String, List<long[]>> times = new TreeMap<>();

    private void timed(String what, Switch action) throws Exception {
        HostDelay waiting = HostDelay.ofThisThreadAnd("k vCPU", "control of k");
        long start = System.nanoTime();
        action.move();
        long nanos = System.nanoTime() - start;
        times.computeIfAbsent(what, unused -> new ArrayList<>()).add(new long[] {nanos, waiting.nanosSinceMade()});
    }

    private void allWereInTime() {
        times.forEach((what, each) -> {
            long longest = each.stream().mapToLong(one -> one[0]).max().orElseThrow();
            long longestOwn =
                    each.stream().mapToLong(one -> one[0] - one[1]).max().orElseThrow();
            System.out.printf(
                    "switch: %s: %.1f ms at most, %.1f without waiting for the host%n",
                    what, longest / 1e6, longestOwn / 1e6);
            assertThat(longestOwn).as(what).isLessThan(TENTH_OF_A_SECOND);
        });
    }

    @Test
    void pauseResumeResetAndOffTakeNoTime() throws Exception {
        try (Host host = Engine.open(home)) {
            VirtualMachine machine = host.create(config(), List.of());
            machine.start(StartOptions.DEFAULT);
            assertThat(machine.statistics().accelerator()).isEqualTo("kvm");
            for (int i = 0; i < 20; i++) {
                timed("pause", machine::pause);
                long time = machine.statistics().uptimeNanos();
                assertThat(machine.state()).isEqualTo(MachineState.PAUSED);
                timed("reset while paused", machine::reset);
                assertThat(machine.statistics().uptimeNanos()).isEqualTo(time);
                timed("resume", machine::resume);
                timed("reset", machine::reset);
            }
            timed("off", machine::forceOff);
            allWereInTime();
        }
    }
}
