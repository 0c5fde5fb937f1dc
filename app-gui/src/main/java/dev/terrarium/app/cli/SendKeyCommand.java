// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import dev.terrarium.engine.Host;
import dev.terrarium.engine.KeyNames;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code send-key}: presses key combinations on a running machine's keyboard. */
@Command(
        name = "send-key",
        description = "Presses keys on a running machine's keyboard, one combination after the other.")
final class SendKeyCommand implements Callable<Integer> {
    private final RootCommand root;

    @Parameters(index = "0", paramLabel = "NAME", description = "The machine.")
    private String name = "";

    @Parameters(
            index = "1..*",
            arity = "1..*",
            paramLabel = "KEYS",
            description = "Such as ctrl-alt-delete, enter, f2, down, a.")
    private List<String> combinations = List.of();

    SendKeyCommand(RootCommand root) {
        this.root = root;
    }

    @Override
    public Integer call() throws TerrariumException {
        for (String combination : combinations) {
            KeyNames.parse(combination);
        }
        try (Host host = root.open()) {
            VirtualMachine machine = root.machine(host, name);
            for (String combination : combinations) {
                machine.sendKeys(combination);
            }
        }
        return 0;
    }
}
