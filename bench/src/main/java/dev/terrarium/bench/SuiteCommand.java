// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code bench/run suite}: Terrarium against QEMU's TCG, the targets of issue 3. */
@Command(
        name = "suite",
        mixinStandardHelpOptions = true,
        description =
                "Compares Terrarium with QEMU's TCG on the same guest; exit status 1 if a row fails or the engines' results differ.")
final class SuiteCommand implements Callable<Integer> {
    private static final String BOOT = "boot";
    private static final double QUICK = 0.2;

    @Option(names = "--rounds", paramLabel = "N", description = "Rounds after the warm-up; medians are of them (5).")
    private int rounds = 5;

    @Option(names = "--only", split = ",", paramLabel = "ROW", description = "These rows; boot is one, too.")
    private List<String> only = new ArrayList<>();

    @Option(names = "--quick", description = "A fifth of the work: for a look, not for publication.")
    private boolean quick;

    @Option(names = "--scale", paramLabel = "FACTOR", description = "So many times the full amount of work (1).")
    private double scale = 1;

    @Option(names = "--cpus", paramLabel = "N", description = "vCPUs; with 2, the CPU-bound rows on both at once (1).")
    private int cpus = 1;

    @Option(
            names = "--markdown",
            paramLabel = "FILE",
            description = "Also write the result there (bench/target/suite.md).")
    private @Nullable Path markdown;

    @Override
    public Integer call() throws BenchException, IOException, InterruptedException {
        if (rounds < 1 || scale <= 0 || cpus < 1) {
            throw new BenchException("rounds, scale and cpus are positive numbers: give such");
        }
        Circumstances circumstances = Circumstances.begin();
        Report report;
        GuestImage image = new GuestImage(Bench.guests(), GuestImage.MEMORY_MIB, cpus);
        try (Suite suite = new Suite(plan(), image, System.err::println)) {
            report = suite.run();
        }
        List<String> lines = circumstances.end(command());
        System.out.print(report.text(lines));
        Path file = markdown == null ? Bench.guests().resolveSibling("suite.md") : markdown;
        Files.writeString(file, report.markdown(lines));
        return report.broken() ? 1 : 0;
    }

    private Suite.Plan plan() throws BenchException {
        List<String> names = new ArrayList<>(only);
        boolean boot = names.remove(BOOT) || only.isEmpty();
        List<Row> rows = only.isEmpty() ? List.of(Row.values()) : Row.named(names);
        if (cpus > 1) {
            boot = false;
            rows = rows.stream().filter(row -> row.kind() == Row.Kind.CPU).toList();
        }
        return new Suite.Plan(rows, boot, rounds, quick ? scale * QUICK : scale, cpus, only.isEmpty());
    }

    private String command() {
        List<String> words = new ArrayList<>(Arrays.asList("bench/run suite", "--rounds", String.valueOf(rounds)));
        if (!only.isEmpty()) {
            words.addAll(List.of("--only", String.join(",", only)));
        }
        if (quick) {
            words.add("--quick");
        }
        if (scale != 1) {
            words.addAll(List.of("--scale", String.valueOf(scale)));
        }
        if (cpus != 1) {
            words.addAll(List.of("--cpus", String.valueOf(cpus)));
        }
        return String.join(" ", words);
    }
}
