// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import dev.terrarium.engine.Engine;
import dev.terrarium.engine.Host;
import dev.terrarium.engine.MachineStatistics;
import dev.terrarium.engine.StartOptions;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.engine.config.MachineConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/** What host memory a machine under KVM takes in a process that has run some, beyond the guest's RAM. */
final class KvmFootprint {
    private static final int WARM_UP = 5;
    private static final int SAMPLES = 7;
    private static final long FIRMWARE_NANOS = 100_000_000L;

    private KvmFootprint() {}

    /** Bytes, the median of some; the machine is in its firmware. */
    static long median() throws BenchException, IOException {
        Path home = Files.createTempDirectory("kvm-footprint");
        try (Host host = Engine.open(home)) {
            VirtualMachine machine = host.create(config(), List.of());
            long[] samples = new long[SAMPLES];
            for (int i = -WARM_UP; i < SAMPLES; i++) {
                long sample = sample(machine);
                if (i >= 0) {
                    samples[i] = sample;
                }
            }
            Arrays.sort(samples);
            return samples[SAMPLES / 2];
        } catch (TerrariumException e) {
            throw new BenchException(e.getMessage());
        } finally {
            delete(home);
        }
    }

    private static long sample(VirtualMachine machine) throws TerrariumException, BenchException, IOException {
        long before = residentAfterCollection();
        machine.start(StartOptions.DEFAULT);
        LockSupport.parkNanos(FIRMWARE_NANOS);
        machine.pause();
        MachineStatistics figures = machine.statistics();
        long after = residentAfterCollection();
        machine.forceOff();
        if (!figures.accelerator().equals("kvm")) {
            throw new BenchException("the machine left KVM while it was measured: run it on a host that is less busy");
        }
        return after - before - figures.residentBytes();
    }

    private static long residentAfterCollection() throws BenchException, IOException {
        System.gc();
        return ProcessFigures.residentBytes(ProcessHandle.current().pid());
    }

    private static MachineConfig config() {
        return new MachineConfig(
                MachineConfig.CURRENT_VERSION,
                UUID.randomUUID(),
                "footprint",
                "other",
                256,
                1,
                1,
                MachineConfig.Accelerator.KVM,
                List.of(MachineConfig.BootDevice.DISK),
                List.of(),
                null,
                List.of(),
                null,
                null);
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(each);
            }
        }
    }
}
