// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import dev.terrarium.engine.Host;
import dev.terrarium.engine.TerrariumException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code start}, and what {@code restore} shares with it: switches a machine on, in the window or in this process. */
@Command(
        name = "start",
        description = {
            "Switches a machine on: in the window, or with --headless in this process. A saved machine goes on where it was.",
            "With --headless the exit status is 0 when the guest powered off, 3 when it crashed, 4 when the time was up,"
                    + " and the guest's own on a debug exit."
        })
class StartCommand implements Callable<Integer> {
    final RootCommand root;

    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(paramLabel = "NAME", description = "The machine.")
    String name = "";

    @Option(names = "--headless", description = "Run it here, without a window, until it is off.")
    private boolean headless;

    @Option(
            names = "--serial",
            paramLabel = "stdio|FILE",
            description = "Its serial line: this terminal (Ctrl+] cuts the power), or a file.")
    private @Nullable String serial;

    @Option(names = "--vnc", paramLabel = "ADDR:PORT", description = "Also serve its screen to VNC viewers.")
    private @Nullable String vnc;

    @Option(
            names = "--vnc-password-file",
            paramLabel = "FILE",
            description = "The first line of this file is the password for --vnc.")
    private @Nullable Path vncPasswordFile;

    @Option(names = "--timeout", paramLabel = "SECONDS", description = "Cut the power after this time.")
    private @Nullable Double timeout;

    @Option(
            names = "--disposable",
            description = "Throw away what the guest writes when the machine is off; needs --headless.")
    private boolean disposable;

    StartCommand(RootCommand root) {
        this.root = root;
    }

    @Override
    public Integer call() throws TerrariumException, InterruptedException {
        return run();
    }

    final int run() throws TerrariumException, InterruptedException {
        if (!headless) {
            if (serial != null || vnc != null || timeout != null || vncPasswordFile != null || disposable) {
                throw wrongUse("--serial, --vnc, --timeout and --disposable need --headless");
            }
            try (Host host = root.open()) {
                if (root.machine(host, name).state().active()) {
                    throw new TerrariumException("\"" + name + "\" runs already: see it with terrarium view " + name);
                }
            }
            return root.window(Optional.of(new Window.Request(name, true)));
        }
        if (vncPasswordFile != null && vnc == null) {
            throw wrongUse("--vnc-password-file needs --vnc");
        }
        if (timeout != null && !(timeout > 0)) {
            throw wrongUse("--timeout needs a number of seconds above 0");
        }
        Optional<Duration> limit =
                Optional.ofNullable(timeout).map(seconds -> Duration.ofMillis(Math.round(seconds * 1000)));
        return new HeadlessRun(
                        root,
                        name,
                        Optional.ofNullable(serial),
                        Optional.ofNullable(vnc),
                        password(),
                        limit,
                        disposable)
                .run();
    }

    private Optional<String> password() throws TerrariumException {
        if (vncPasswordFile == null) {
            return Optional.empty();
        }
        try {
            Optional<String> line = Files.readAllLines(vncPasswordFile).stream().findFirst();
            if (line.isEmpty() || line.get().isBlank()) {
                throw new TerrariumException(vncPasswordFile + " is empty: write the password in its first line");
            }
            return line;
        } catch (IOException e) {
            throw new TerrariumException(vncPasswordFile + " cannot be read (" + e + "): check its permissions", e);
        }
    }

    private ParameterException wrongUse(String what) {
        if (spec == null) {
            throw new IllegalStateException("picocli fills this in before a command runs");
        }
        return new ParameterException(spec.commandLine(), what);
    }
}
