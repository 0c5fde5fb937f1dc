// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import dev.terrarium.engine.Host;
import dev.terrarium.engine.TerrariumException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code type}: types text on a running machine's keyboard. */
@Command(name = "type", description = "Types text on a running machine's keyboard, as on a US layout.")
final class TypeCommand implements Callable<Integer> {
    private final RootCommand root;

    @Parameters(index = "0", paramLabel = "NAME", description = "The machine.")
    private String name = "";

    @Parameters(index = "1", paramLabel = "TEXT", description = "The text; a line end is the Enter key.")
    private String text = "";

    @Option(names = "--enter", description = "Press Enter at the end.")
    private boolean enter;

    TypeCommand(RootCommand root) {
        this.root = root;
    }

    @Override
    public Integer call() throws TerrariumException {
        try (Host host = root.open()) {
            root.machine(host, name).type(enter ? text + "\n" : text);
        }
        return 0;
    }
}
