// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.terrarium.engine.Host;
import dev.terrarium.engine.Host.DamagedMachine;
import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code list}: the machines. */
@Command(name = "list", description = "Lists the machines that run; with --all, those that are off too.")
final class ListCommand implements Callable<Integer> {
    private final RootCommand root;

    @Option(names = "--all", description = "Also machines that are off or damaged.")
    private boolean all;

    @Option(names = "--json", description = "As JSON.")
    private boolean json;

    ListCommand(RootCommand root) {
        this.root = root;
    }

    private record Line(VirtualMachine machine, MachineState state) {}

    @Override
    public Integer call() throws TerrariumException {
        try (Host host = root.open()) {
            List<Line> lines = host.machines().stream()
                    .map(machine -> new Line(machine, machine.state()))
                    .filter(line -> all || line.state.active())
                    .toList();
            List<DamagedMachine> damaged = all ? host.damaged() : List.of();
            if (json) {
                printJson(lines, damaged);
            } else {
                printTable(lines, damaged);
            }
        }
        return 0;
    }

    private void printJson(List<Line> lines, List<DamagedMachine> damaged) {
        ArrayNode array = Json.array();
        lines.forEach(line -> array.add(Json.summary(line.machine)));
        damaged.forEach(machine -> array.addObject()
                .put("name", machine.name())
                .put("state", "damaged")
                .put("file", machine.file().toString())
                .put("reason", machine.reason()));
        root.out().println(Json.text(array));
    }

    private void printTable(List<Line> lines, List<DamagedMachine> damaged) {
        Table table = new Table("NAME", "STATE", "VCPUS", "MEMORY", "SYSTEM");
        for (Line line : lines) {
            var config = line.machine.config();
            table.row(
                    config.name(),
                    Json.state(line.state),
                    String.valueOf(config.vcpus()),
                    config.memoryMiB() + " MiB",
                    config.operatingSystem());
        }
        damaged.forEach(machine -> table.row(machine.name(), "damaged", "", "", ""));
        table.print(root.out());
        lines.forEach(line -> line.machine
                .pauseReason()
                .ifPresent(reason -> root.note(line.machine.name() + " stands still: " + reason)));
        damaged.forEach(machine -> root.note(machine.reason()));
    }
}
