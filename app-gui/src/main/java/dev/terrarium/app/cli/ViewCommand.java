// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import dev.terrarium.engine.Host;
import dev.terrarium.engine.TerrariumException;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code view}: the window, on one machine. */
@Command(name = "view", description = "Opens the window on a machine's console.")
final class ViewCommand implements Callable<Integer> {
    private final RootCommand root;

    @Parameters(paramLabel = "NAME", description = "The machine.")
    private String name = "";

    ViewCommand(RootCommand root) {
        this.root = root;
    }

    @Override
    public Integer call() throws TerrariumException {
        try (Host host = root.open()) {
            root.machine(host, name);
        }
        return root.window(Optional.of(new Window.Request(name, false)));
    }
}
