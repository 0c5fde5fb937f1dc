// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The comparison of both engines, row by row: one warm-up each, then rounds in which they take turns. Each guest stays up
 * through all rows and is paused while it is not its turn.
 */
final class Suite implements AutoCloseable {
    private static final String BOOT_TITLE = "kernel boot to init";
    private static final double BOOT_TARGET = 1.5;
    private static final int IDLE_SECONDS = 20;
    private static final double MIB = 1 << 20;

    /**
     * What to run.
     *
     * @param boot also measure booting
     * @param scale of the full amounts
     * @param after also measure memory and the idle guest when all rows are done
     */
    record Plan(List<Row> rows, boolean boot, int rounds, double scale, int cpus, boolean after) {}

    private final Plan plan;
    private final Consumer<String> progress;
    private final Turns turns = new Turns();
    private final Side ours;
    private final Side theirs;
    private final List<Comparison> comparisons = new ArrayList<>();
    private final List<Scaling> scalings = new ArrayList<>();
    private final List<String> facts = new ArrayList<>();
    private boolean broken;

    Suite(Plan plan, GuestImage image, Consumer<String> progress) {
        this(
                plan,
                new Side(() -> new TerrariumMachine(image, List.of())),
                new Side(() -> new QemuMachine(image)),
                progress);
    }

    Suite(Plan plan, Side ours, Side theirs, Consumer<String> progress) {
        this.plan = plan;
        this.ours = ours;
        this.theirs = theirs;
        this.progress = progress;
    }

    /** Runs everything; what breaks is in the report, too. */
    Report run() throws BenchException, IOException, InterruptedException {
        if (plan.boot()) {
            boot();
        }
        if (plan.cpus() > 1) {
            powerOnOurs();
        }
        for (Row row : plan.rows()) {
            if (plan.cpus() == 1) {
                compare(row);
            } else {
                scale(row);
            }
        }
        if (plan.after()) {
            after();
        }
        if (turns.restless() > 0) {
            facts.add("An engine still worked 20 s after it was paused, " + turns.restless()
                    + " times: the figures of the other are too high.");
        }
        return new Report(comparisons, scalings, facts, broken);
    }

    /** Fails the whole run at once if Terrarium does not run such a machine. */
    private void powerOnOurs() throws BenchException, IOException, InterruptedException {
        try {
            turns.give(ours);
            ours.wake();
        } catch (BenchException e) {
            throw new BenchException("Terrarium does not run with " + plan.cpus() + " vCPUs: " + e.getMessage(), e);
        }
    }

    private void boot() throws BenchException, IOException, InterruptedException {
        List<Double> oursSeconds = new ArrayList<>();
        List<Double> theirsSeconds = new ArrayList<>();
        double cold = 0;
        for (int round = 0; round <= plan.rounds(); round++) {
            double our = bootOnce(ours);
            double their = bootOnce(theirs);
            if (round == 0) {
                cold = our;
            } else {
                oursSeconds.add(our);
                theirsSeconds.add(their);
            }
        }
        comparisons.add(Comparison.of(
                BOOT_TITLE, false, Figures.median(oursSeconds), Figures.median(theirsSeconds), BOOT_TARGET));
        facts.add(String.format(
                Locale.ROOT, "Terrarium's first boot (the warm-up), from the start of its JVM: %.2f s to init.", cold));
    }

    private double bootOnce(Side side) throws BenchException, IOException, InterruptedException {
        turns.give(side);
        double seconds = side.powerOn();
        side.powerOff();
        progress.accept(String.format(
                Locale.ROOT, "%-12s %-10s %8.2f s", "boot", side.machine().engine(), seconds));
        return seconds;
    }

    private void compare(Row row) throws BenchException, IOException, InterruptedException {
        boolean cpuBound = row.kind() == Row.Kind.CPU;
        try {
            Set<String> checksums = new HashSet<>();
            List<Double> oursSeconds = new ArrayList<>();
            List<Double> theirsSeconds = new ArrayList<>();
            for (int round = 0; round <= plan.rounds(); round++) {
                double our = measure(ours, row, 1, checksums);
                double their = measure(theirs, row, 1, checksums);
                if (round > 0) {
                    oursSeconds.add(our);
                    theirsSeconds.add(their);
                }
            }
            comparisons.add(Comparison.of(
                    row.title(), cpuBound, Figures.median(oursSeconds), Figures.median(theirsSeconds), row.target()));
        } catch (BenchException e) {
            comparisons.add(Comparison.failed(row.title(), cpuBound, row.target(), broke(row, e)));
        }
    }

    private void scale(Row row) throws BenchException, IOException, InterruptedException {
        try {
            Set<String> checksums = new HashSet<>();
            double our = scaling(ours, row, checksums);
            double their = scaling(theirs, row, checksums);
            scalings.add(new Scaling(row.title(), our, their, ""));
        } catch (BenchException e) {
            scalings.add(new Scaling(row.title(), 0, 0, broke(row, e)));
        }
    }

    private double scaling(Side side, Row row, Set<String> checksums)
            throws BenchException, IOException, InterruptedException {
        List<Double> alone = new ArrayList<>();
        List<Double> together = new ArrayList<>();
        for (int round = 0; round <= plan.rounds(); round++) {
            double one = measure(side, row, 1, checksums);
            double all = measure(side, row, plan.cpus(), checksums);
            if (round > 0) {
                alone.add(one);
                together.add(all);
            }
        }
        return Scaling.of(plan.cpus(), Figures.median(alone), Figures.median(together));
    }

    private double measure(Side side, Row row, int copies, Set<String> checksums)
            throws BenchException, IOException, InterruptedException {
        turns.give(side);
        String engine = side.machine().engine();
        RowRun run;
        try {
            side.wake();
            run = side.machine().run(row, row.amount(plan.scale()), copies);
        } catch (BenchException e) {
            side.discard();
            throw new BenchException(engine + ": " + e.getMessage(), e);
        }
        checksums.addAll(run.checksums());
        if (checksums.size() > 1) {
            throw new BenchException(
                    "CHECKSUMS DIFFER (" + engine + " was the last): " + checksums + ": one engine computes wrongly");
        }
        progress.accept(String.format(
                Locale.ROOT,
                "%-12s %-10s %8.2f s  %s%s",
                row.guestName(),
                engine,
                run.seconds(),
                run.checksums().getFirst(),
                copies > 1 ? "  (" + copies + " at once)" : ""));
        return run.seconds();
    }

    private String broke(Row row, BenchException e) {
        broken = true;
        progress.accept(row.guestName() + " FAILED: " + e.getMessage());
        return String.valueOf(e.getMessage());
    }

    private void after() throws BenchException, IOException, InterruptedException {
        for (Side side : List.of(ours, theirs)) {
            turns.give(side);
            side.wake();
            GuestMachine machine = side.machine();
            long process = machine.process().pid();
            double resident = (ProcessFigures.residentBytes(process)
                            - ProcessFigures.guestRamBytes(process, GuestImage.MEMORY_MIB))
                    / MIB;
            facts.add(String.format(
                    Locale.ROOT,
                    "%s after the set: %.0f MiB resident besides the guest's RAM.",
                    machine.engine(),
                    resident));
            if (machine instanceof TerrariumMachine terrarium) {
                facts.add(memory(terrarium.memory()));
            }
            double before = ProcessFigures.processorSeconds(process, false);
            long from = System.nanoTime();
            Thread.sleep(IDLE_SECONDS * 1000L);
            double share = (ProcessFigures.processorSeconds(process, false) - before)
                    / ((System.nanoTime() - from) / 1e9)
                    * 100;
            String verdict = side == ours ? " (target 2 %: " + Report.verdict(share <= 2) + ")" : "";
            facts.add(String.format(
                    Locale.ROOT,
                    "%s idle at a prompt: %.1f %% of a core over %d s%s.",
                    machine.engine(),
                    share,
                    IDLE_SECONDS,
                    verdict));
        }
    }

    private static String memory(JvmMemory memory) {
        double total = memory.total() / MIB;
        return String.format(
                Locale.ROOT,
                "Terrarium after the set: heap %.0f + metaspace %.0f + code cache %.0f = %.0f MiB committed (target 600: %s).",
                memory.heap() / MIB,
                memory.metaspace() / MIB,
                memory.code() / MIB,
                total,
                Report.verdict(total <= 600));
    }

    @Override
    public void close() throws InterruptedException {
        try {
            ours.close();
        } finally {
            theirs.close();
        }
    }
}
