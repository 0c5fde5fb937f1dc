// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.guest;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.terrarium.engine.MachineEnd;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/**
 * A whole boot of Linux to its end in which the interpreter repeats what compiled code does: the first difference ends
 * the machine. See {@code docs/architecture.md}, "lock-step".
 */
@Tag("guest-boot")
@EnabledIfSystemProperty(named = "lockstep", matches = "true", disabledReason = "takes long: -Dlockstep=true")
class LockStepGuestTest {
    private static final String COMPILATION = "terrarium.compilation";
    private static final Pattern SUMMARY =
            Pattern.compile("lock-step: (\\d+) runs of compiled code with (\\d+) instructions .*; (\\d+) not compared");

    @TempDir
    Path home;

    @Test
    void compiledCodeDoesWhatTheInterpreterDoesInAWholeBoot() throws Exception {
        Logger logger = (Logger) LoggerFactory.getLogger("dev.terrarium.engine.processor.software.LockStep");
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        logger.addAppender(log);
        String asked = System.getProperty(COMPILATION);
        System.setProperty(COMPILATION, "lockstep");
        String command = "seq+1+2000+|+sha256sum;seq+1+2000+|+gzip+-9+|+gunzip+|+md5sum";
        try (GuestRun run =
                GuestRun.fromKernel(home, LinuxGuestTest.kernel("console=ttyS0 quiet run=" + command), 512)) {
            run.awaitSerial("GUEST-DONE 0", Duration.ofMinutes(Long.getLong("lockstep.minutes", 10)));
            assertThat(run.awaitEnd(Duration.ofMinutes(1))).isEqualTo(new MachineEnd.PoweredOff());
        } finally {
            if (asked == null) {
                System.clearProperty(COMPILATION);
            } else {
                System.setProperty(COMPILATION, asked);
            }
            logger.detachAppender(log);
        }
        Matcher summary = SUMMARY.matcher(log.list.getLast().getFormattedMessage());
        assertThat(summary.matches()).isTrue();
        System.out.println(summary.group());
        long runs = Long.parseLong(summary.group(1));
        assertThat(Long.parseLong(summary.group(2))).as("instructions compared").isGreaterThan(50_000_000);
        assertThat(Long.parseLong(summary.group(3))).as("runs not compared").isLessThan(runs / 4);
    }
}
