// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import dev.terrarium.engine.Host;
import dev.terrarium.engine.TerrariumException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code dump}: a machine's configuration, as {@code define} takes it. */
@Command(name = "dump", description = "Prints a machine's configuration, as define takes it.")
final class DumpCommand implements Callable<Integer> {
    private final RootCommand root;

    @Parameters(paramLabel = "NAME", description = "The machine.")
    private String name = "";

    @Option(names = "--format", defaultValue = "json", paramLabel = "json", description = "Only json in this version.")
    private String format = "json";

    DumpCommand(RootCommand root) {
        this.root = root;
    }

    @Override
    public Integer call() throws TerrariumException {
        if (!format.equals("json")) {
            throw new TerrariumException("this version cannot write " + format + ": use --format json");
        }
        try (Host host = root.open()) {
            root.out()
                    .println(Json.text(
                            Json.MAPPER.valueToTree(root.machine(host, name).config())));
        }
        return 0;
    }
}
