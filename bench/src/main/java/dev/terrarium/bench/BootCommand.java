// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code bench/run boot}: the suite's boot row alone. */
@Command(
        name = "boot",
        mixinStandardHelpOptions = true,
        description = "Compares power-on to the guest's first program: as suite --only boot.")
final class BootCommand implements Callable<Integer> {
    @Parameters(index = "0", arity = "0..1", paramLabel = "ROUNDS", description = "Rounds after the warm-up (3).")
    private int rounds = 3;

    @Override
    public Integer call() throws BenchException, IOException, InterruptedException {
        Circumstances circumstances = Circumstances.begin();
        Suite.Plan plan = new Suite.Plan(List.of(), true, rounds, 1, 1, false);
        GuestImage image = new GuestImage(Bench.guests(), GuestImage.MEMORY_MIB, 1);
        Report report;
        try (Suite suite = new Suite(plan, image, System.err::println)) {
            report = suite.run();
        }
        System.out.print(report.text(circumstances.end("bench/run boot " + rounds)));
        return 0;
    }
}
