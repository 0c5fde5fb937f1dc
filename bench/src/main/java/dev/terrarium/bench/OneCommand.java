// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code bench/run one}: one row on Terrarium alone, for a short wait between a change and its figure. */
@Command(
        name = "one",
        mixinStandardHelpOptions = true,
        description = "Boots Terrarium alone, runs one row some times and prints seconds and checksum of each.")
final class OneCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "NAME", description = "The row.")
    private String name = "";

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "AMOUNT",
            description = "How much of it; a brief run without.")
    private @Nullable Integer amount;

    @Option(names = "--times", paramLabel = "N", description = "How often (2).")
    private int times = 2;

    @Override
    public Integer call() throws BenchException, IOException, InterruptedException {
        Row row = Row.named(name);
        int chosen = amount == null ? row.briefAmount() : amount;
        GuestImage image = new GuestImage(Bench.guests(), GuestImage.MEMORY_MIB, 1);
        try (TerrariumMachine machine = new TerrariumMachine(image, List.of())) {
            System.out.printf("%-12s %9.2f s to init, cold JVM%n", "boot", machine.powerOn());
            for (int i = 0; i < times; i++) {
                long before = machine.instructions();
                RowRun run = machine.run(row, chosen, 1);
                double millions = (machine.instructions() - before) / 1e6;
                System.out.printf(
                        "%-12s %9.2f s  %s  %.0f million instructions, %.0f a second  (%d %s)%n",
                        name,
                        run.seconds(),
                        run.checksums().getFirst(),
                        millions,
                        millions / run.seconds(),
                        chosen,
                        row.unit());
            }
        }
        return 0;
    }
}
