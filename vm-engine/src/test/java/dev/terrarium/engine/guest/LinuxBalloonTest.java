// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.engine.ConsoleStream;
import dev.terrarium.engine.GuestMemory;
import dev.terrarium.engine.TerrariumException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Debian's virtio_balloon: what the guest gives up the host has back, and the guest works on. */
@Tag("guest-boot")
class LinuxBalloonTest {
    private static final Duration BOOT = Duration.ofMinutes(4);
    private static final Duration WORK = Duration.ofMinutes(1);
    private static final long MEBIBYTE = 1 << 20;

    @TempDir
    Path home;

    @Test
    void hostMemoryFollowsTheBalloonAndWhatTheGuestFrees() throws Exception {
        try (GuestRun run = GuestRun.debian(home, LinuxGuestTest.kernel("console=ttyS0 quiet"), List.of(), 1)) {
            run.awaitSerial("# ", BOOT);
            try (ConsoleStream serial = run.machine().openSerial()) {
                type(
                        serial,
                        "mount -t tmpfs -o size=90% none /tmp; dd if=/dev/zero of=/tmp/x bs=1M count=300; echo FILLED-$((1))");
                run.awaitSerial("FILLED-1", WORK);
                assertThat(resident(run)).isGreaterThan(330 * MEBIBYTE);

                // Free page reports of the guest's own accord.
                type(serial, "load virtio_pci; load virtio_balloon; rm /tmp/x; echo FREED-$((2))");
                run.awaitSerial("FREED-2", WORK);
                run.await("freed pages on the host", WORK, () -> resident(run) < 150 * MEBIBYTE);

                type(serial, "dd if=/dev/zero of=/tmp/y bs=1M count=300; rm /tmp/y; echo AGAIN-$((3))");
                run.awaitSerial("AGAIN-3", WORK);
                run.machine().setBalloon(192 * MEBIBYTE);
                run.await("a full balloon", WORK, () -> memory(run).balloonBytes() == 320 * MEBIBYTE);
                assertThat(resident(run)).isLessThan(192 * MEBIBYTE * 11 / 10);
                run.await(
                        "what the guest says",
                        WORK,
                        () -> memory(run).totalBytes() > 0 && memory(run).totalBytes() < 192 * MEBIBYTE);
                assertThat(memory(run).usedBytes()).isBetween(MEBIBYTE, 192 * MEBIBYTE);
                type(serial, "free -m; seq 1 20000 | md5sum; echo SMALL-$((4))");
                run.awaitSerial("SMALL-4", WORK);

                run.machine().setBalloon(512 * MEBIBYTE);
                run.await("an empty balloon", WORK, () -> memory(run).balloonBytes() == 0);
                type(serial, "dd if=/dev/zero of=/tmp/z bs=1M count=300; free -m; echo LARGE-$((5))");
                run.awaitSerial("LARGE-5", WORK);
                assertThatThrownBy(() -> run.machine().setBalloon(513 * MEBIBYTE))
                        .isInstanceOf(TerrariumException.class)
                        .hasMessageContaining("512 MiB");
                assertThat(resident(run)).isGreaterThan(330 * MEBIBYTE);
            }
        }
    }

    private static long resident(GuestRun run) {
        return run.machine().statistics().residentBytes();
    }

    private static GuestMemory memory(GuestRun run) {
        return run.machine().statistics().guestMemory();
    }

    private static void type(ConsoleStream serial, String command) throws Exception {
        serial.output().write((command + "\n").getBytes(StandardCharsets.US_ASCII));
    }
}
