// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.ConsoleStream;
import dev.terrarium.engine.MachineEnd;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** GRUB from a CD: its menu on the text screen, the choice of the second entry by keys, Linux from there. */
@Tag("guest-boot")
class GrubTest {
    @TempDir
    Path home;

    @Test
    void menuStartsLinux() throws Exception {
        ScreenText reader = new ScreenText();
        try (GuestRun run = GuestRun.fromCd(home, TestGuests.grub(), 512)) {
            run.awaitScreen("GRUB's menu", Duration.ofMinutes(2), screen -> {
                String text = reader.read(screen);
                return text.contains("GNU GRUB") && text.contains("*Halt the machine");
            });
            run.picture("grub");
            run.machine().sendKeys("down");
            run.awaitScreen("second entry", Duration.ofSeconds(30), screen -> reader.read(screen)
                    .contains("*Linux on the serial line"));
            run.machine().sendKeys("enter");
            run.awaitSerial("GUEST-UP", Duration.ofMinutes(4));
            run.awaitSerial("# ", Duration.ofMinutes(1));
            try (ConsoleStream serial = run.machine().openSerial()) {
                serial.output().write("poweroff -f\n".getBytes(StandardCharsets.US_ASCII));
                assertThat(run.awaitEnd(Duration.ofMinutes(1))).isEqualTo(new MachineEnd.PoweredOff());
            }
        }
    }
}
