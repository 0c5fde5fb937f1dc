// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import dev.terrarium.engine.Host;
import dev.terrarium.engine.MachineStatistics;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code top}: the running machines' load, again and again. */
@Command(name = "top", description = "Shows the load of the running machines until Ctrl+C.")
final class TopCommand implements Callable<Integer> {
    private static final String CLEAR = "\u001b[H\u001b[2J";

    private final RootCommand root;
    private final Map<String, Sample> before = new HashMap<>();

    @Option(
            names = {"-n", "--iterations"},
            paramLabel = "COUNT",
            description = "Stop after this many tables; 1 when the output is no terminal.")
    private long iterations;

    @Option(
            names = {"-d", "--delay"},
            paramLabel = "SECONDS",
            defaultValue = "1",
            description = "Time between two tables (default: ${DEFAULT-VALUE}).")
    private double delay;

    TopCommand(RootCommand root) {
        this.root = root;
    }

    private record Sample(long nanos, MachineStatistics statistics) {}

    @Override
    public Integer call() throws TerrariumException, InterruptedException {
        boolean terminal = System.console() != null && System.console().isTerminal();
        long tables = iterations > 0 ? iterations : terminal ? Long.MAX_VALUE : 1;
        long pause = Math.max(100, Math.round(delay * 1000));
        CountDownLatch never = new CountDownLatch(1);
        try (Host host = root.open()) {
            table(host);
            for (long i = 0; i < tables; i++) {
                if (never.await(pause, TimeUnit.MILLISECONDS)) {
                    break;
                }
                Table table = table(host);
                if (terminal) {
                    root.out().print(CLEAR);
                }
                table.print(root.out());
                root.out().flush();
            }
        }
        return 0;
    }

    private Table table(Host host) {
        Table table = new Table("NAME", "STATE", "CPU", "MIPS", "MEMORY", "RESIDENT", "READ", "WRITTEN", "UPTIME");
        for (VirtualMachine machine : host.machines()) {
            if (!machine.state().active()) {
                before.remove(machine.name());
                continue;
            }
            Sample now = new Sample(System.nanoTime(), machine.statistics());
            Sample last = before.put(machine.name(), now);
            MachineStatistics figures = now.statistics;
            table.row(
                    machine.name(),
                    Json.state(figures.state()),
                    last == null ? "-" : percent(last, now),
                    last == null ? "-" : mips(last, now),
                    Units.bytes(figures.memoryBytes()),
                    Units.bytes(figures.residentBytes()),
                    Units.bytes(figures.diskReadBytes()),
                    Units.bytes(figures.diskWrittenBytes()),
                    Units.time(figures.uptimeNanos()));
        }
        return table;
    }

    private static String percent(Sample last, Sample now) {
        double busy = now.statistics.busyNanos() - last.statistics.busyNanos();
        double share = busy / Math.max(1, now.nanos - last.nanos);
        return String.format(Locale.ROOT, "%.0f%%", 100 * Math.max(0, share));
    }

    private static String mips(Sample last, Sample now) {
        double executed = now.statistics.instructions() - last.statistics.instructions();
        return String.format(Locale.ROOT, "%.0f", Math.max(0, executed * 1000 / Math.max(1, now.nanos - last.nanos)));
    }
}
