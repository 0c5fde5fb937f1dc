// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import dev.terrarium.engine.TerrariumException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Boots the same kernel and initrd on Terrarium and on QEMU's TCG in turn and prints medians and their ratio. Arguments: the
 * folder with vmlinuz and initrd.gz, then the number of rounds (after one round of warm-up each).
 */
public final class BootBenchmark {
    private static final int MEMORY_MIB = 512;

    private BootBenchmark() {}

    public static void main(String[] arguments) throws TerrariumException, IOException, InterruptedException {
        Path folder = Path.of(arguments[0]);
        int rounds = Integer.parseInt(arguments[1]);
        Guest guest = new Guest(folder.resolve("vmlinuz"), folder.resolve("initrd.gz"), "true", MEMORY_MIB);
        List<Measurement> ours = new ArrayList<>();
        List<Measurement> theirs = new ArrayList<>();
        TerrariumRun.measure(guest);
        QemuRun.measure(guest);
        for (int round = 0; round < rounds; round++) {
            ours.add(TerrariumRun.measure(guest));
            theirs.add(QemuRun.measure(guest));
        }
        Measurement terrarium = median(ours);
        Measurement tcg = median(theirs);
        System.out.printf("%-24s %12s %12s %8s%n", "boot (median of " + rounds + ")", "Terrarium", "QEMU TCG", "ratio");
        row("to init, s", terrarium.toInitSeconds(), tcg.toInitSeconds());
        row("to power-off, s", terrarium.totalSeconds(), tcg.totalSeconds());
        System.out.printf(
                "%-24s %12.1f%n", "million instructions/s", terrarium.instructions() / terrarium.totalSeconds() / 1e6);
    }

    private static void row(String name, double ours, double theirs) {
        System.out.printf("%-24s %12.2f %12.2f %8.2f%n", name, ours, theirs, ours / theirs);
    }

    private static Measurement median(List<Measurement> runs) {
        List<Measurement> sorted = new ArrayList<>(runs);
        sorted.sort(Comparator.comparingDouble(Measurement::totalSeconds));
        return sorted.get(sorted.size() / 2);
    }
}
