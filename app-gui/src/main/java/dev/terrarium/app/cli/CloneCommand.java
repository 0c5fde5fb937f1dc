// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.terrarium.engine.CloneRequest;
import dev.terrarium.engine.Host;
import dev.terrarium.engine.Progress;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code clone}: copies a machine. */
@Command(
        name = "clone",
        description = "Copies a machine, its disks included; the copy has an id of its own, and is off.")
final class CloneCommand implements Callable<Integer> {
    private final RootCommand root;

    @Parameters(index = "0", paramLabel = "NAME", description = "The machine.")
    private String name = "";

    @Parameters(index = "1", paramLabel = "NEW", description = "The copy's name.")
    private String copyName = "";

    @Option(names = "--linked", description = "The copy's disks hold only what changes, and stand on the snapshot's.")
    private boolean linked;

    @Option(names = "--snapshot", paramLabel = "SNAPSHOT", description = "Copy the machine as it was then.")
    private @Nullable String snapshot;

    @Option(names = "--dry-run", description = "Only say what would be made.")
    private boolean dryRun;

    @Option(names = "--json", description = "As JSON.")
    private boolean json;

    CloneCommand(RootCommand root) {
        this.root = root;
    }

    @Override
    public Integer call() throws TerrariumException {
        CloneRequest request = new CloneRequest(
                copyName, linked ? CloneRequest.Kind.LINKED : CloneRequest.Kind.FULL, Optional.ofNullable(snapshot));
        try (Host host = root.open()) {
            VirtualMachine machine = root.machine(host, name);
            if (dryRun) {
                print(host.clonePlan(machine, request));
                return 0;
            }
            boolean terminal = System.console() != null && System.console().isTerminal();
            Progress progress = terminal ? new ProgressBar(root.surroundings().errors()) : Progress.NONE;
            VirtualMachine copy = host.clone(machine, request, progress);
            if (json) {
                root.out().println(Json.text(Json.info(copy)));
            } else {
                root.note("\"" + copyName + "\" is made in " + copy.folder());
            }
        }
        return 0;
    }

    private void print(CloneRequest.Plan plan) {
        if (json) {
            ObjectNode tree = Json.MAPPER.createObjectNode();
            ArrayNode disks = tree.putArray("disks");
            for (CloneRequest.Disk disk : plan.disks()) {
                disks.addObject()
                        .put("source", disk.source().toString())
                        .put("target", disk.target().toString())
                        .put("shared", disk.source().equals(disk.target()))
                        .put("bytes", disk.bytes());
            }
            tree.put("bytes", plan.bytes()).put("freeBytes", plan.freeBytes());
            root.out().println(Json.text(tree));
            return;
        }
        Table table = new Table("SOURCE", "COPY", "SIZE");
        for (CloneRequest.Disk disk : plan.disks()) {
            boolean shared = disk.source().equals(disk.target());
            table.row(
                    disk.source().toString(),
                    shared ? "the same file" : disk.target().toString(),
                    shared ? "" : Units.bytes(disk.bytes()));
        }
        table.row("", Units.bytes(plan.freeBytes()) + " free", Units.bytes(plan.bytes()));
        table.print(root.out());
    }
}
