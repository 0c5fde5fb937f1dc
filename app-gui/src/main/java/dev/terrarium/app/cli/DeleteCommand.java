// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import dev.terrarium.engine.Host;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code delete}: removes a machine that is off. */
@Command(name = "delete", description = "Removes a machine that is off; its disk images stay unless --disks is given.")
final class DeleteCommand implements Callable<Integer> {
    private final RootCommand root;

    @Parameters(paramLabel = "NAME", description = "The machine.")
    private String name = "";

    @Option(names = "--disks", description = "Also the disk images in the machine's own folder.")
    private boolean disks;

    DeleteCommand(RootCommand root) {
        this.root = root;
    }

    @Override
    public Integer call() throws TerrariumException {
        try (Host host = root.open()) {
            VirtualMachine machine = root.machine(host, name);
            Path kept = machine.folder().resolve("disks");
            host.delete(machine, disks);
            if (Files.exists(kept)) {
                root.note("\"" + name + "\" is removed; its disks stay in " + kept);
            }
        }
        return 0;
    }
}
