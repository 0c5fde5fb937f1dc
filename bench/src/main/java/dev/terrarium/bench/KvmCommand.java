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

/** {@code bench/run kvm}: a port access's round trip through KVM, from Java and from C by turns. */
@Command(
        name = "kvm",
        mixinStandardHelpOptions = true,
        description = "Compares the round trip of a port access under KVM with that of a loop in C, by turns.")
final class KvmCommand implements Callable<Integer> {
    private static final Path SOURCE = Path.of("bench/src/main/native/port-exits.c");
    private static final long EXITS = 20_000;

    @Parameters(index = "0", arity = "0..1", paramLabel = "ROUNDS", description = "Rounds after the warm-up (9).")
    private int rounds = 9;

    @Override
    public Integer call() throws BenchException, IOException, InterruptedException {
        System.out.println("KVM here: " + KvmHost.report().verdict());
        Path program = Files.createTempFile("port-exits", "");
        double[] ours = new double[rounds];
        double[] theirs = new double[rounds];
        try (PortGuest guest = new PortGuest()) {
            output("gcc", "-O2", "-o", program.toString(), SOURCE.toString());
            guest.measure(EXITS);
            for (int i = 0; i < rounds; i++) {
                theirs[i] = Double.parseDouble(output(program.toString(), Long.toString(EXITS)));
                ours[i] = guest.measure(EXITS);
                System.out.printf(Locale.ROOT, "round %d: C %.0f ns, Terrarium %.0f ns%n", i + 1, theirs[i], ours[i]);
            }
        } finally {
            Files.delete(program);
        }
        System.out.printf(
                Locale.ROOT,
                "port access, median of %d rounds of %d: C %.0f ns, Terrarium %.0f ns, ratio %.3f; least of each: %.3f%n",
                rounds,
                EXITS,
                median(theirs),
                median(ours),
                median(ours) / median(theirs),
                least(ours) / least(theirs));
        return 0;
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
