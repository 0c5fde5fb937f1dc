// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.Screenshot;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** memtest86+ finds no error in guest memory over a whole pass. */
@Tag("guest-boot")
class MemtestTest {
    private static final Pattern PASS = Pattern.compile("Pass:\\s*(\\d+)");
    private static final Pattern ERRORS = Pattern.compile("Errors:\\s*(\\d+)");

    @TempDir
    Path home;

    @Test
    void completesAPassWithoutErrors() throws Exception {
        ScreenText reader = new ScreenText();
        try (GuestRun run = GuestRun.fromCd(home, TestGuests.memtest(), 16)) {
            run.awaitScreen("memtest86+", Duration.ofSeconds(90), screen -> reader.read(screen)
                    .contains("Press <F1> to configure"));
            leaveBitFadeOut(run, reader);
            Screenshot screen = run.awaitScreen("a pass", Duration.ofMinutes(20), shot -> {
                Matcher pass = PASS.matcher(reader.read(shot));
                return pass.find() && Integer.parseInt(pass.group(1)) >= 1;
            });
            run.picture("memtest");
            Matcher errors = ERRORS.matcher(reader.read(screen));
            assertThat(errors.find()).as(reader.read(screen)).isTrue();
            assertThat(errors.group(1)).isEqualTo("0");
        }
    }

    /** The bit fade test waits for three minutes and proves nothing of a memory that cannot fade. */
    private static void leaveBitFadeOut(GuestRun run, ScreenText reader) throws Exception {
        press(run, reader, "f1", "Settings:");
        press(run, reader, "f1", "*.*********");
        press(run, reader, "f2", "Enter test #");
        run.machine().type("10");
        press(run, reader, "enter", "*.********.");
        press(run, reader, "f10", "Settings:");
        run.machine().sendKeys("f10");
    }

    private static void press(GuestRun run, ScreenText reader, String key, String shown) throws Exception {
        run.machine().sendKeys(key);
        run.awaitScreen(shown + " after " + key, Duration.ofSeconds(20), screen -> reader.read(screen)
                .contains(shown));
    }
}
