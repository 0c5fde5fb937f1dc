// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SuiteTest {
    private static final String RUN = "kernel noise\r\nBEGIN shell\r\nEND shell\r\nCHECKSUM shell %s\r\n";

    private final List<String> events = new ArrayList<>();

    @Test
    void equalChecksumsMakeARowAndTheEnginesTakeTurns() throws Exception {
        Report report = run(RUN.formatted("aa").repeat(3), RUN.formatted("aa").repeat(3));

        assertThat(report.broken()).isFalse();
        assertThat(report.comparisons().getFirst().broken()).isFalse();
        assertThat(events)
                .containsExactly(
                        "ours on",
                        "ours pauses",
                        "theirs on",
                        "theirs pauses",
                        "ours resumes",
                        "ours pauses",
                        "theirs resumes",
                        "theirs pauses",
                        "ours resumes",
                        "ours pauses",
                        "theirs resumes");
    }

    @Test
    void differentChecksumsBreakTheRowLoudly() throws Exception {
        Report report = run(RUN.formatted("aa").repeat(3), RUN.formatted("ab").repeat(3));

        assertThat(report.broken()).isTrue();
        assertThat(report.comparisons().getFirst().problem()).startsWith("CHECKSUMS DIFFER");
    }

    @Test
    void aChecksumThatChangesOnOneEngineBreaksTheRow() throws Exception {
        Report report = run(
                RUN.formatted("aa") + RUN.formatted("ab") + RUN.formatted("aa"),
                RUN.formatted("aa").repeat(3));

        assertThat(report.broken()).isTrue();
    }

    @Test
    void whatTheGuestReportsAsFailedBreaksTheRow() throws Exception {
        Report report = run("BEGIN shell\nEND shell\nFAILED shell status 139\n", RUN.formatted("aa"));

        assertThat(report.comparisons().getFirst().problem()).contains("ours").contains("FAILED shell status 139");
    }

    @Test
    void aRefusalIsHandedOnAsItIs() {
        SerialLines lines = lines("!refused 2 vCPUs cannot be had\n");

        assertThatThrownBy(() -> lines.await("GUEST-UP", Duration.ofSeconds(5)))
                .isInstanceOf(BenchException.class)
                .hasMessage("2 vCPUs cannot be had");
    }

    @Test
    void aLineThatEndsSaysWhatCameLast() {
        SerialLines lines = lines("Kernel panic - not syncing\n");

        assertThatThrownBy(() -> lines.await("GUEST-UP", Duration.ofSeconds(5)))
                .hasMessageContaining("Kernel panic - not syncing");
    }

    @Test
    void anUnknownRowNamesThoseThereAre() {
        assertThatThrownBy(() -> Row.named("nothing")).hasMessageContaining("shell, core, gzip");
    }

    @Test
    void gzipCannotTakeMoreThanItsText() {
        assertThat(Row.GZIP.amount(3)).isEqualTo(64);
        assertThat(Row.CORE.amount(0.5)).isEqualTo(15_000);
        assertThat(Row.MEMCPY.amount(0.001)).isEqualTo(1);
    }

    private Report run(String ours, String theirs) throws Exception {
        Suite.Plan plan = new Suite.Plan(List.of(Row.SHELL), false, 2, 1, 1, false);
        try (Suite suite = new Suite(
                plan,
                new Side(() -> new ScriptedMachine("ours", ours)),
                new Side(() -> new ScriptedMachine("theirs", theirs)),
                line -> {})) {
            return suite.run();
        }
    }

    private static SerialLines lines(String text) {
        return new SerialLines(
                "test",
                new ByteArrayInputStream(text.getBytes(StandardCharsets.ISO_8859_1)),
                OutputStream.nullOutputStream());
    }

    /** A machine whose guest says what it was told to, beside a process that does nothing. */
    private final class ScriptedMachine extends GuestMachine {
        private final Process process = new ProcessBuilder("cat").start();
        private final SerialLines serial;

        ScriptedMachine(String name, String script) throws IOException {
            super(name);
            serial = lines(script);
        }

        @Override
        double powerOn() {
            events.add(engine() + " on");
            return 1;
        }

        @Override
        void powerOff() {
            events.add(engine() + " off");
        }

        @Override
        void pause() {
            events.add(engine() + " pauses");
        }

        @Override
        void resume() {
            events.add(engine() + " resumes");
        }

        @Override
        Process process() {
            return process;
        }

        @Override
        SerialLines serial() {
            return serial;
        }
    }
}
