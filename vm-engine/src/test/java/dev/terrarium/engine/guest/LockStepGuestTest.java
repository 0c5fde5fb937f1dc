// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.guest;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.terrarium.engine.ConsoleStream;
import dev.terrarium.engine.EngineStatistics;
import dev.terrarium.engine.MachineEnd;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/**
 * Linux boots while the interpreter repeats what compiled code does: the first difference ends the machine, and the test fails with
 * both states. See {@code docs/architecture.md}, "LockStep".
 */
@Tag("guest-boot")
class LockStepGuestTest {
    private static final String COMPILATION = "terrarium.compilation";
    private static final Pattern SUMMARY =
            Pattern.compile("lock-step: (\\d+) runs of compiled code with (\\d+) instructions .*; (\\d+) not compared");
    private static final Logger LOGGER =
            (Logger) LoggerFactory.getLogger("dev.terrarium.engine.processor.software.LockStep");

    /** Of compiled code; {@code -Dlockstep.instructions=N} for another budget. */
    private static final long BUDGET = Long.getLong("lockstep.instructions", 350_000_000);

    /** Integers, floating point, processes, pipes. */
    private static final String WORK = "seq 1 2000 | sha256sum; seq 1 2000 | gzip -9 | gunzip | md5sum;"
            + " awk 'BEGIN { for (i = 1; i < 5000; i++) s += sqrt(i) * sin(i) / (i + 0.5); print s }';"
            + " seq 1 2000 | sort -r | tail -n 1; echo done-$((6*7))\n";

    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private String asked;

    @TempDir
    Path home;

    @BeforeEach
    void chooseLockStep() {
        asked = System.getProperty(COMPILATION);
        System.setProperty(COMPILATION, "lockstep");
        log.start();
        LOGGER.addAppender(log);
    }

    @AfterEach
    void chooseAsBefore() {
        LOGGER.detachAppender(log);
        if (asked == null) {
            System.clearProperty(COMPILATION);
        } else {
            System.setProperty(COMPILATION, asked);
        }
    }

    /** The start of a boot, until compiled code has executed {@link #BUDGET} instructions. */
    @Test
    void compiledCodeDoesWhatTheInterpreterDoesWhileTheKernelStarts() throws Exception {
        try (GuestRun run = GuestRun.fromKernel(home, LinuxGuestTest.kernel("console=ttyS0 quiet"), 256)) {
            run.await(
                    BUDGET + " instructions of compiled code",
                    Duration.ofMinutes(5),
                    () -> run.machine().statistics().engine().compiledInstructions() >= BUDGET);
        }
        assertThat(compared().instructions).isGreaterThan(BUDGET / 10 * 9);
    }

    /** A whole boot, some work in the shell, and the end; {@code -Dlockstep=true}. */
    @Test
    @EnabledIfSystemProperty(named = "lockstep", matches = "true", disabledReason = "takes long: -Dlockstep=true")
    void compiledCodeDoesWhatTheInterpreterDoesInAWholeBoot() throws Exception {
        Duration limit = Duration.ofMinutes(Long.getLong("lockstep.minutes", 60));
        EngineStatistics statistics;
        try (GuestRun run = GuestRun.fromKernel(home, LinuxGuestTest.kernel("console=ttyS0 quiet"), 512)) {
            run.awaitSerial("GUEST-UP", limit);
            run.awaitSerial("# ", limit);
            try (ConsoleStream serial = run.machine().openSerial()) {
                serial.output().write(WORK.getBytes(StandardCharsets.US_ASCII));
                run.awaitSerial("done-42", limit);
                statistics = run.machine().statistics().engine();
                serial.output().write("poweroff -f\n".getBytes(StandardCharsets.US_ASCII));
                assertThat(run.awaitEnd(limit)).isEqualTo(new MachineEnd.PoweredOff());
            }
        }
        System.out.println(statistics);
        assertThat(compared().instructions).isGreaterThan(500_000_000);
    }

    private record Figures(long runs, long instructions, long notCompared) {}

    private Figures compared() {
        Matcher summary = SUMMARY.matcher(log.list.getLast().getFormattedMessage());
        assertThat(summary.matches()).isTrue();
        System.out.println(summary.group());
        Figures figures = new Figures(
                Long.parseLong(summary.group(1)), Long.parseLong(summary.group(2)), Long.parseLong(summary.group(3)));
        assertThat(figures.notCompared).as("runs not compared").isLessThan(figures.runs / 20);
        return figures;
    }
}
