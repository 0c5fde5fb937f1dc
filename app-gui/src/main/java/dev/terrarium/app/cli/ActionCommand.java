// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import dev.terrarium.engine.Host;
import dev.terrarium.engine.TerrariumException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code shutdown}, {@code destroy}, {@code reset}, {@code suspend}, {@code resume}. */
@Command
final class ActionCommand implements Callable<Integer> {
    private final RootCommand root;
    private final MachineAction action;

    @Parameters(paramLabel = "NAME", description = "The machine.")
    private String name = "";

    ActionCommand(RootCommand root, MachineAction action) {
        this.root = root;
        this.action = action;
    }

    @Override
    public Integer call() throws TerrariumException {
        try (Host host = root.open()) {
            action.on(root.machine(host, name));
        }
        return 0;
    }
}
