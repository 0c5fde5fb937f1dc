// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.Screenshot;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Debian installer's CD: isolinux's menu, Linux on bochs-drm, the installer's first dialog; keys work in each. */
@Tag("guest-boot")
class DebianInstallerTest {
    private static final int NEWT_BLUE = 0x0000AA;

    @TempDir
    Path home;

    private static double share(Screenshot screen, int color) {
        int size = screen.width() * screen.height();
        return Arrays.stream(screen.pixels(), 0, size)
                        .filter(pixel -> near(pixel, color))
                        .count()
                / (double) size;
    }

    private static boolean near(int pixel, int color) {
        for (int shift = 0; shift < 24; shift += 8) {
            if (Math.abs((pixel >> shift & 0xFF) - (color >> shift & 0xFF)) > 12) {
                return false;
            }
        }
        return true;
    }

    private static long colors(Screenshot screen) {
        return Arrays.stream(screen.pixels(), 0, screen.width() * screen.height())
                .distinct()
                .count();
    }

    private static boolean same(Screenshot a, Screenshot b) {
        return a.width() == b.width()
                && a.height() == b.height()
                && Arrays.equals(a.pixels(), 0, a.width() * a.height(), b.pixels(), 0, b.width() * b.height());
    }

    @Test
    void bootsToTheLanguageList() throws Exception {
        try (GuestRun run = GuestRun.fromCd(home, TestGuests.debianInstaller(), 1024)) {
            run.awaitScreen(
                    "graphical boot menu",
                    Duration.ofSeconds(90),
                    screen -> screen.width() == 640 && screen.height() == 480 && colors(screen) > 8);
            Screenshot menu = settled(run);
            run.picture("installer-menu");

            run.machine().sendKeys("down");
            Screenshot lower =
                    run.awaitScreen("moved selection", Duration.ofSeconds(15), screen -> !same(screen, menu));
            assertThat(same(lower, menu)).isFalse();
            run.machine().sendKeys("up");
            run.awaitScreen("selection moved back", Duration.ofSeconds(15), screen -> same(screen, menu));

            run.machine().sendKeys("enter");
            run.awaitScreen(
                    "1280x800 by bochs-drm",
                    Duration.ofMinutes(6),
                    screen -> screen.width() == 1280 && screen.height() == 800);
            run.awaitScreen("language list", Duration.ofMinutes(8), screen -> share(screen, NEWT_BLUE) > 0.05);
            Screenshot list = settled(run);
            run.picture("installer-languages");
            assertThat(list.width()).isEqualTo(1280);

            run.machine().sendKeys("down");
            run.awaitScreen("moved language", Duration.ofSeconds(60), screen -> !same(screen, list));
            run.picture("installer-languages-moved");

            run.machine().pause();
            assertThat(run.machine().state()).isEqualTo(MachineState.PAUSED);
            long before = run.machine().statistics().instructions();
            long uptime = run.machine().statistics().uptimeNanos();
            java.util.concurrent.locks.LockSupport.parkNanos(300_000_000);
            assertThat(run.machine().statistics().instructions()).isEqualTo(before);
            assertThat(run.machine().statistics().uptimeNanos()).isEqualTo(uptime);
            run.machine().resume();
            Screenshot moved = settled(run);
            run.machine().sendKeys("down");
            run.awaitScreen("another language", Duration.ofSeconds(60), screen -> !same(screen, moved));

            run.machine().reset();
            run.awaitScreen(
                    "boot menu after reset",
                    Duration.ofSeconds(90),
                    screen -> screen.width() == 640 && screen.height() == 480 && colors(screen) > 8);
            run.machine().forceOff();
            assertThat(run.machine().state()).isEqualTo(MachineState.OFF);
        }
    }

    /** The screen once it has stayed the same for a second. */
    private static Screenshot settled(GuestRun run) throws Exception {
        Screenshot last = run.machine().screenshot();
        int equal = 0;
        for (int i = 0; i < 300 && equal < 10; i++) {
            java.util.concurrent.locks.LockSupport.parkNanos(100_000_000);
            Screenshot next = run.machine().screenshot();
            equal = same(last, next) ? equal + 1 : 0;
            last = next;
        }
        return last;
    }
}
