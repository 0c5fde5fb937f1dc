// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import dev.terrarium.engine.Host;
import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code restore}: lets a saved machine go on, as {@code start} does; or throws its state away. */
@Command(
        name = "restore",
        description = {
            "Lets a saved machine go on where it was: in the window, or with --headless in this process.",
            "With --discard its saved state is thrown away instead, as if its power had been cut."
        })
final class RestoreCommand extends StartCommand {
    @Option(names = "--discard", description = "Throw the saved state away; the machine is off then.")
    private boolean discard;

    RestoreCommand(RootCommand root) {
        super(root);
    }

    @Override
    public Integer call() throws TerrariumException, InterruptedException {
        try (Host host = root.open()) {
            VirtualMachine machine = root.machine(host, name);
            if (discard) {
                machine.discardSavedState();
                return 0;
            }
            if (machine.state() != MachineState.SAVED) {
                throw new TerrariumException("\"" + name + "\" is not saved: start it with terrarium start " + name);
            }
        }
        return run();
    }
}
