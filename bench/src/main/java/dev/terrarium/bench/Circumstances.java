// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Under what circumstances a suite ran: the day, the sources, the host, and who else used it. */
final class Circumstances {
    /** More than this share of the host used by others makes figures provisional. */
    private static final double QUIET = 0.05;

    private final ProcessFigures.HostTime before;
    private final double oursBefore;

    private Circumstances(ProcessFigures.HostTime before, double oursBefore) {
        this.before = before;
        this.oursBefore = oursBefore;
    }

    static Circumstances begin() throws IOException {
        return new Circumstances(ProcessFigures.HostTime.now(), ourSeconds());
    }

    /** To be called when all engines' processes have ended, so that their time counts as ours. */
    List<String> end(String command) throws IOException, InterruptedException {
        List<String> lines = new ArrayList<>();
        lines.add(LocalDate.now(ZoneOffset.UTC) + ", commit " + commit() + ", `" + command + "`");
        lines.add("host: " + processor() + ", " + Runtime.getRuntime().availableProcessors() + " CPUs; Java "
                + Runtime.version() + "; "
                + output("qemu-system-x86_64", "--version").split("\n")[0]);
        ProcessFigures.HostTime after = ProcessFigures.HostTime.now();
        lines.add(disturbance(
                after.busySeconds() - before.busySeconds(),
                after.allSeconds() - before.allSeconds(),
                ourSeconds() - oursBefore));
        return lines;
    }

    static String disturbance(double busySeconds, double allSeconds, double ourSeconds) {
        double others = Math.max(0, busySeconds - ourSeconds) / allSeconds;
        return String.format(
                Locale.ROOT,
                "other processes used %.0f %% of the host meanwhile: %s",
                others * 100,
                others <= QUIET ? "a quiet host" : "a BUSY HOST, the figures are provisional");
    }

    private static double ourSeconds() throws IOException {
        return ProcessFigures.processorSeconds(ProcessHandle.current().pid(), true);
    }

    private static String commit() throws IOException, InterruptedException {
        String changes = output("git", "status", "--porcelain").isEmpty() ? "" : " with changes";
        return output("git", "rev-parse", "--short", "HEAD") + changes;
    }

    private static String processor() throws IOException {
        return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
                .filter(line -> line.startsWith("model name"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElse("unknown processor");
    }

    private static String output(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(Arrays.asList(command))
                .redirectErrorStream(true)
                .start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        return process.waitFor() == 0 ? text : "unknown";
    }
}
