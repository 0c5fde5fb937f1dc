// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import dev.terrarium.engine.processor.kvm.KvmHost;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code bench/run kvm}: what leaves a guest and comes back through KVM, from Java and from C by turns; and a machine's memory. */
@Command(
        name = "kvm",
        mixinStandardHelpOptions = true,
        description =
                "Compares the round trips of port accesses, memory accesses and interrupts under KVM with those of a loop in C,"
                        + " by turns; and says what memory a machine takes.")
final class KvmCommand implements Callable<Integer> {
    private static final Path SOURCE = Path.of("bench/src/main/native/kvm-exits.c");
    private static final long ROUND_TRIPS = 20_000;

    @Parameters(index = "0", arity = "0..1", paramLabel = "ROUNDS", description = "Rounds after the warm-up (9).")
    private int rounds = 9;

    @Override
    public Integer call() throws BenchException, IOException, InterruptedException {
        System.out.println("KVM here: " + KvmHost.report().verdict());
        Path program = Files.createTempFile("kvm-exits", "");
        try {
            output("gcc", "-O2", "-o", program.toString(), SOURCE.toString());
            for (ExitGuest.Kind kind : ExitGuest.Kind.values()) {
                compare(program, kind);
            }
        } finally {
            Files.delete(program);
        }
        System.out.printf(
                Locale.ROOT,
                "a machine in its firmware, beyond its RAM: %.1f MiB resident (target 10)%n",
                KvmFootprint.median() / (double) (1 << 20));
        return 0;
    }

    private void compare(Path program, ExitGuest.Kind kind) throws BenchException, IOException, InterruptedException {
        double[] ours = new double[rounds];
        double[] theirs = new double[rounds];
        try (ExitGuest guest = new ExitGuest(kind)) {
            guest.measure(ROUND_TRIPS);
            for (int i = 0; i < rounds; i++) {
                theirs[i] = Double.parseDouble(
                        output(program.toString(), kind.id(), kind.program(), Long.toString(ROUND_TRIPS)));
                ours[i] = guest.measure(ROUND_TRIPS);
            }
        }
        System.out.printf(
                Locale.ROOT,
                "%s, median of %d rounds of %d: C %.0f ns, Terrarium %.0f ns, ratio %.3f; least of each: %.3f (target 1.10)%n",
                kind.id(),
                rounds,
                ROUND_TRIPS,
                median(theirs),
                median(ours),
                median(ours) / median(theirs),
                least(ours) / least(theirs));
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    private static double least(double[] values) {
        return Arrays.stream(values).min().orElseThrow();
    }

    private static String output(String... command) throws IOException, InterruptedException, BenchException {
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        if (process.waitFor() != 0) {
            throw new BenchException(command[0] + " failed with status " + process.exitValue());
        }
        return output;
    }
}
