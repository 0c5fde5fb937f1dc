// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code bench/run one}: one row on one engine alone, for a short wait between a change and its figure. */
@Command(
        name = "one",
        mixinStandardHelpOptions = true,
        description = "Boots Terrarium alone, runs one row a few times and prints seconds and checksum of each.")
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

    @Option(names = "--copies", paramLabel = "N", description = "How many of it at the same time (1).")
    private int copies = 1;

    @Option(names = "--cpus", paramLabel = "N", description = "vCPUs (1).")
    private int cpus = 1;

    @Option(names = "--tcg", description = "Run QEMU's TCG instead.")
    private boolean tcg;

    @Override
    public Integer call() throws BenchException, IOException, InterruptedException {
        Row row = Row.named(name);
        int chosen = amount == null ? row.briefAmount() : amount;
        GuestImage image = new GuestImage(Bench.guests(), GuestImage.MEMORY_MIB, cpus);
        try (GuestMachine machine = tcg ? new QemuMachine(image) : new TerrariumMachine(image, List.of())) {
            System.out.printf("%-12s %9.2f s to init%n", "boot", machine.powerOn());
            for (int i = 0; i < times; i++) {
                long before = instructions(machine);
                RowRun run = machine.run(row, chosen, copies);
                double millions = (instructions(machine) - before) / 1e6;
                String speed = millions == 0
                        ? ""
                        : String.format("%.0f million instructions, %.0f a second", millions, millions / run.seconds());
                System.out.printf(
                        "%-12s %9.2f s  %s  %s  (%d %s)%n",
                        name, run.seconds(), String.join(" ", run.checksums()), speed, chosen, row.unit());
            }
        }
        return 0;
    }

    /** Since power-on; 0 where nobody counts. */
    private static long instructions(GuestMachine machine) throws BenchException, IOException, InterruptedException {
        return machine instanceof TerrariumMachine terrarium ? terrarium.instructions() : 0;
    }
}
