// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.ConsoleStream;
import dev.terrarium.engine.MachineEnd;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Debian's stock kernel on a machine with two vCPUs: it starts the second one, both work, again after a reboot, without complaint. */
@Tag("guest-boot")
class LinuxProcessorsTest {
    private static final Duration BOOT = Duration.ofMinutes(6);
    private static final Duration WORK = Duration.ofMinutes(3);

    @TempDir
    Path home;

    @Test
    void twoProcessorsWork() throws Exception {
        try (GuestRun run = GuestRun.fromKernel(home, LinuxGuestTest.kernel("console=ttyS0"), 512, 2)) {
            run.awaitSerial("GUEST-UP", BOOT);
            run.awaitSerial("# ", Duration.ofMinutes(1));
            run.machine().pause();
            run.machine().resume();
            try (ConsoleStream serial = run.machine().openSerial()) {
                type(serial, "echo CPUS-$(nproc)");
                run.awaitSerial("CPUS-2", WORK);
                // Two loops at once, and a pipe between them; then what each processor was used for.
                type(
                        serial,
                        "(seq 1 20000 | sha256sum; echo DONE-$((1))) & (seq 1 20000 | md5sum; echo DONE-$((2))) & wait;"
                                + " echo BOTH-$((3))");
                run.awaitSerial("BOTH-3", WORK);
                assertThat(run.serial()).contains("DONE-1", "DONE-2");
                type(serial, "grep ^cpu /proc/stat; grep -E 'LOC|RES|CAL|TLB' /proc/interrupts; echo TOLD-$((4))");
                run.awaitSerial("TOLD-4", WORK);
                type(serial, "reboot -f");
                run.awaitSerial("GUEST-UP", 2, BOOT);
                run.awaitSerial("# ", 2, Duration.ofMinutes(1));
                type(serial, "echo AGAIN-$(nproc)");
                run.awaitSerial("AGAIN-2", WORK);
                type(serial, "poweroff -f");
                assertThat(run.awaitEnd(Duration.ofMinutes(1))).isEqualTo(new MachineEnd.PoweredOff());
            }
            String said = run.serial();
            assertThat(said).contains("Total of 2 processors activated");
            for (int cpu = 0; cpu < 2; cpu++) {
                assertThat(ticks(said, cpu))
                        .as("time of cpu" + cpu + " in programs")
                        .isPositive();
            }
            assertThat(said.lines()
                            .filter(line -> line.matches(
                                    "(?i).*(hung|unsynchron|unstable|lockup| (?-i:BUG|WARNING):|Call Trace|"
                                            + "rcu.*stall|no .*MADT|failed to (start|boot|wake)).*")))
                    .isEmpty();
        }
    }

    private static void type(ConsoleStream serial, String command) throws Exception {
        OutputStream keys = serial.output();
        keys.write((command + "\n").getBytes(StandardCharsets.US_ASCII));
    }

    /** User and system time of a processor in /proc/stat. */
    private static long ticks(String said, int cpu) {
        List<String> line = List.of(said.lines()
                .filter(each -> each.startsWith("cpu" + cpu + " "))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no cpu" + cpu))
                .strip()
                .split(" +"));
        return Long.parseLong(line.get(1)) + Long.parseLong(line.get(3));
    }
}
