// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.terrarium.engine.Engine;
import dev.terrarium.engine.Host;
import dev.terrarium.engine.Progress;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command without a command, which opens the window; and what all commands share: the home folder and its machines. */
@Command(
        name = "terrarium",
        description = "Virtual machines in one application. Without a command it opens the window.",
        mixinStandardHelpOptions = true,
        versionProvider = RootCommand.Version.class,
        scope = ScopeType.INHERIT,
        synopsisSubcommandLabel = "[COMMAND]",
        footer = "Every command is explained in docs/command-line.md.")
final class RootCommand implements Callable<Integer> {
    private final Surroundings surroundings;

    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--home",
            paramLabel = "DIR",
            scope = ScopeType.INHERIT,
            description = "The folder with the machines (default: $TERRARIUM_HOME, else ~/.local/share/terrarium).")
    private @Nullable Path home;

    @Option(
            names = {"-v", "--verbose"},
            scope = ScopeType.INHERIT,
            description = "Log more to standard error; twice for everything.")
    private boolean[] verbosity = {};

    RootCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    /** The version in the module's manifest is Maven's; a build without one says so. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = RootCommand.class.getPackage().getImplementationVersion();
            return new String[] {"Terrarium " + (version == null ? "0.1.0" : version)};
        }
    }

    Surroundings surroundings() {
        return surroundings;
    }

    PrintWriter out() {
        if (spec == null) {
            throw new IllegalStateException("picocli fills this in before a command runs");
        }
        return spec.commandLine().getOut();
    }

    /** A remark for the person, which is no result. */
    void note(String line) {
        surroundings.errors().println("terrarium: " + line);
        surroundings.errors().flush();
    }

    /** A bar on standard error, if there is someone to look at it. */
    Progress progress() {
        boolean terminal = System.console() != null && System.console().isTerminal();
        return terminal ? new ProgressBar(surroundings.errors()) : Progress.NONE;
    }

    void applyVerbosity() {
        if (verbosity.length > 0 && LoggerFactory.getLogger("dev.terrarium") instanceof Logger logger) {
            logger.setLevel(verbosity.length == 1 ? Level.INFO : Level.DEBUG);
        }
    }

    Path home() {
        Path chosen = home;
        String fromEnvironment = surroundings.environment().getOrDefault("TERRARIUM_HOME", "");
        if (chosen != null) {
            return chosen.toAbsolutePath();
        }
        return fromEnvironment.isEmpty()
                ? Engine.defaultHome()
                : Path.of(fromEnvironment).toAbsolutePath();
    }

    Host open() throws TerrariumException {
        return Engine.open(home());
    }

    /** The machine with a name; else an error that lists names like it. */
    VirtualMachine machine(Host host, String name) throws TerrariumException {
        Optional<VirtualMachine> found = host.find(name);
        if (found.isPresent()) {
            return found.get();
        }
        for (Host.DamagedMachine damaged : host.damaged()) {
            if (damaged.name().equals(name)) {
                throw new TerrariumException(damaged.reason());
            }
        }
        List<String> close = CloseNames.of(
                name, host.machines().stream().map(VirtualMachine::name).toList());
        throw new TerrariumException("there is no machine \"" + name + "\": "
                + (close.isEmpty()
                        ? "see terrarium list --all"
                        : "did you mean \"" + String.join("\" or \"", close) + "\"?"));
    }

    int window(Optional<Window.Request> request) throws TerrariumException {
        if (!surroundings.display()) {
            throw new TerrariumException("there is no display for a window (DISPLAY and WAYLAND_DISPLAY are not set):"
                    + " use the commands, all but view work without one: create, list, start NAME --headless,"
                    + " screenshot, send-key, console, see terrarium --help");
        }
        return surroundings.window().open(home(), request);
    }

    @Override
    public Integer call() throws TerrariumException {
        return window(Optional.empty());
    }
}
