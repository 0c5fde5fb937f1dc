// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.MachineEnd;
import dev.terrarium.engine.config.MachineConfig.KernelBoot;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A multiboot kernel started directly: its greeting on the debug console, its check of the memory map, its exit status. */
@Tag("guest-boot")
class MultibootTest {
    @TempDir
    Path home;

    @TempDir
    Path folder;

    @Test
    void greetsAndEndsWithItsStatus() throws Exception {
        Path console = folder.resolve("console");
        KernelBoot kernel = new KernelBoot(TestGuests.helloMultiboot().toString(), null, "");
        try (GuestRun run = GuestRun.fromKernel(home, kernel, 64, console)) {
            assertThat(run.awaitEnd(Duration.ofSeconds(60))).isEqualTo(new MachineEnd.DebugExit(0x10 << 1 | 1));
        }
        assertThat(Files.readString(console)).endsWith("HELLO\nMEMORY MAP OK\n");
    }
}
