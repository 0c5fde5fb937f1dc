// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import java.util.List;
import java.util.Locale;

/**
 * What the suite found.
 *
 * @param facts further findings, a sentence each
 * @param broken did a row fail or compute wrongly?
 */
record Report(List<Comparison> comparisons, List<Scaling> scalings, List<String> facts, boolean broken) {
    private static final double MEAN_TARGET = 0.5;

    static String verdict(boolean passes) {
        return passes ? "pass" : "FAIL";
    }

    /** For a terminal. */
    String text(List<String> circumstances) {
        return print(circumstances, false);
    }

    /** For {@code docs/performance.md}. */
    String markdown(List<String> circumstances) {
        return print(circumstances, true);
    }

    private String print(List<String> circumstances, boolean markdown) {
        String bullet = markdown ? "- " : "";
        StringBuilder text = new StringBuilder();
        circumstances.forEach(line -> text.append(bullet).append(line).append('\n'));
        for (Table table : List.of(comparisonTable(), scalingTable())) {
            if (!table.isEmpty()) {
                text.append('\n').append(markdown ? table.markdown() : table.text());
            }
        }
        text.append('\n');
        comparisons.stream().filter(Comparison::broken).forEach(row -> text.append(bullet)
                .append(row.title() + ": " + row.problem() + "\n"));
        scalings.stream().filter(Scaling::broken).forEach(row -> text.append(bullet)
                .append(row.title() + ": " + row.problem() + "\n"));
        facts.forEach(fact -> text.append(bullet).append(fact).append('\n'));
        return text.toString();
    }

    private Table comparisonTable() {
        Table table = new Table("row", "Terrarium, s", "QEMU TCG, s", "ratio", "target", "verdict");
        for (Comparison row : comparisons) {
            String target = number(row.target());
            if (row.broken()) {
                table.add(row.title(), "-", "-", "-", target, "BROKEN");
            } else {
                table.add(
                        row.title(),
                        number(row.oursSeconds()),
                        number(row.theirsSeconds()),
                        number(row.ratio()),
                        target,
                        verdict(row.passes()));
            }
        }
        List<Comparison> cpuBound =
                comparisons.stream().filter(Comparison::cpuBound).toList();
        List<Double> ratios = cpuBound.stream()
                .filter(row -> !row.broken())
                .map(Comparison::ratio)
                .toList();
        if (!ratios.isEmpty()) {
            double mean = Figures.geometricMean(ratios);
            String which = "geometric mean, " + ratios.size() + " CPU-bound rows";
            boolean complete = ratios.size() == cpuBound.size();
            table.add(
                    which,
                    "",
                    "",
                    number(mean),
                    number(MEAN_TARGET),
                    complete ? verdict(mean <= MEAN_TARGET) : "BROKEN");
        }
        return table;
    }

    private Table scalingTable() {
        Table table = new Table("throughput of all vCPUs / of one", "Terrarium", "QEMU TCG", "target", "verdict");
        for (Scaling row : scalings) {
            String target = number(Scaling.TARGET);
            if (row.broken()) {
                table.add(row.title(), "-", "-", target, "BROKEN");
            } else {
                table.add(row.title(), number(row.ours()), number(row.theirs()), target, verdict(row.passes()));
            }
        }
        List<Scaling> sound = scalings.stream().filter(row -> !row.broken()).toList();
        if (!sound.isEmpty()) {
            double our = Figures.geometricMean(sound.stream().map(Scaling::ours).toList());
            double their =
                    Figures.geometricMean(sound.stream().map(Scaling::theirs).toList());
            boolean complete = sound.size() == scalings.size();
            table.add(
                    "geometric mean",
                    number(our),
                    number(their),
                    number(Scaling.TARGET),
                    complete ? verdict(our >= Scaling.TARGET) : "BROKEN");
        }
        return table;
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.2f", value);
    }
}
