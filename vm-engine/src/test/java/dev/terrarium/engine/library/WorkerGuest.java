// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terrarium.engine.MachineEnd;
import dev.terrarium.engine.StartOptions;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.Accelerator;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import dev.terrarium.engine.config.MachineConfig.KernelBoot;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;

/** The guest {@code worker.asm}, and what it must come to. */
final class WorkerGuest {
    static final MachineEnd GOOD_END = new MachineEnd.DebugExit(0x10 << 1 | 1);

    private static final int STEPS = 0x8000;
    private static final int TABLE_MASK = 0x3F_FFFF;

    private final StringBuffer serial = new StringBuffer();

    private volatile long last = System.nanoTime();
    private volatile long longestGap;

    /** The longest time that the guest said nothing, in nanoseconds, from now on. */
    void forgetGaps() {
        last = System.nanoTime();
        longestGap = 0;
    }

    long longestGap() {
        return longestGap;
    }

    static boolean isHere() {
        return Files.isExecutable(Path.of("/usr/bin/nasm"));
    }

    static void require() {
        assumeTrue(isHere(), "nasm is not installed");
    }

    /** The kernel, made of its source. */
    static Path kernel(Path folder) throws IOException, InterruptedException {
        Path kernel = folder.resolve("worker");
        int status = new ProcessBuilder(
                        "nasm", "-w-zeroing", "-f", "bin", "-o", kernel.toString(), "src/test/guests/worker.asm")
                .inheritIO()
                .start()
                .waitFor();
        if (status != 0) {
            throw new IOException("worker.asm does not assemble");
        }
        return kernel;
    }

    static MachineConfig config(String name, Path kernel, int rounds, Accelerator accelerator, DriveConfig... drives) {
        return config(name, kernel, 64, 0, rounds, accelerator, drives);
    }

    /** A machine whose guest first fills {@code fillMiB} from 32 MiB on. */
    static MachineConfig config(
            String name,
            Path kernel,
            long memoryMiB,
            int fillMiB,
            int rounds,
            Accelerator accelerator,
            DriveConfig... drives) {
        return new MachineConfig(
                MachineConfig.CURRENT_VERSION,
                UUID.randomUUID(),
                name,
                "other",
                memoryMiB,
                1,
                1,
                accelerator,
                List.of(MachineConfig.BootDevice.DISK),
                List.of(drives),
                new KernelBoot(kernel.toString(), null, "%04d %04d".formatted(fillMiB, rounds)),
                List.of(),
                null,
                0xF4);
    }

    /** The sums that the guest comes to, round by round. */
    static int[] sums(int rounds) {
        int[] sums = new int[rounds];
        int[] table = new int[TABLE_MASK + 1];
        int state = 0;
        int sum = 0;
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < STEPS; i++) {
                state = state * 0x5DEECE6D + 11;
                int at = state >>> 9 & TABLE_MASK;
                table[at] += state;
                sum += table[at];
            }
            sums[round] = sum;
        }
        return sums;
    }

    static String printed(int rounds) {
        return String.format(Locale.ROOT, "%08x", sums(rounds)[rounds - 1]);
    }

    StartOptions options() {
        return new StartOptions(
                new OutputStream() {
                    @Override
                    public void write(int value) {
                        long now = System.nanoTime();
                        longestGap = Math.max(longestGap, now - last);
                        last = now;
                        serial.append((char) (value & 0xFF));
                    }
                },
                null,
                null);
    }

    /** All that the guest said on its serial line so far, whichever machine carried it. */
    String said() {
        return serial.toString();
    }

    int rounds() {
        return (int) serial.chars().filter(each -> each == '.').count();
    }

    /** Waits until the guest has done so many more rounds. */
    void awaitRounds(VirtualMachine machine, int more) {
        int wanted = rounds() + more;
        await(machine, wanted + " rounds", () -> rounds() >= wanted);
    }

    void await(VirtualMachine machine, String what, java.util.function.BooleanSupplier check) {
        long deadline = System.nanoTime() + Duration.ofMinutes(2).toNanos();
        while (!check.getAsBoolean()) {
            if (System.nanoTime() > deadline || !machine.state().active() && !check.getAsBoolean()) {
                throw new AssertionError("no " + what + "; the machine is " + machine.state() + " "
                        + machine.failure().orElse("") + " and said " + serial);
            }
            LockSupport.parkNanos(5_000_000);
        }
    }
}
