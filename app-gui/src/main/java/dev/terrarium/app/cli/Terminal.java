// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The terminal on standard input while it hands every key through unchanged; closing gives it back as it was. */
final class Terminal implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Terminal.class);

    private final String settings;
    private final Thread hook = new Thread(this::restore, "terminal settings");
    private boolean restored;

    private Terminal(String settings) {
        this.settings = settings;
    }

    /** Makes the terminal raw; empty if standard input is none. */
    static Optional<Terminal> raw() {
        Optional<String> settings = stty("-g");
        if (settings.isEmpty()) {
            return Optional.empty();
        }
        Terminal terminal = new Terminal(settings.get().strip());
        Runtime.getRuntime().addShutdownHook(terminal.hook);
        stty("raw", "-echo");
        return Optional.of(terminal);
    }

    private static Optional<String> stty(String... arguments) {
        String[] command = new String[arguments.length + 1];
        command[0] = "stty";
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        try {
            Process process = new ProcessBuilder(command)
                    .redirectInput(ProcessBuilder.Redirect.INHERIT)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            boolean done = process.waitFor(5, TimeUnit.SECONDS) && process.exitValue() == 0;
            return done ? Optional.of(output) : Optional.empty();
        } catch (IOException e) {
            LOG.debug("stty cannot be run", e);
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    private synchronized void restore() {
        if (!restored) {
            restored = true;
            stty(settings);
        }
    }

    @Override
    public void close() {
        restore();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            LOG.debug("the process is ending", e);
        }
    }
}
