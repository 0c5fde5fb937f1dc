// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import dev.terrarium.engine.TerrariumException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** A command that this version does not have. */
@Command(hidden = true)
final class UnavailableCommand implements Callable<Integer> {
    static final List<String> NAMES = List.of("attach", "detach");

    private final String name;

    UnavailableCommand(String name) {
        this.name = name;
    }

    @Override
    public Integer call() throws TerrariumException {
        throw new TerrariumException("this version does not have the command " + name + ": see terrarium --help");
    }
}
