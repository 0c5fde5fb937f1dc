// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import dev.terrarium.engine.ConsoleStream;
import dev.terrarium.engine.Host;
import dev.terrarium.engine.TerrariumException;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code console}: a running machine's serial line in this terminal. */
@Command(name = "console", description = "Connects this terminal to a running machine's serial line; Ctrl+] leaves.")
final class ConsoleCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(ConsoleCommand.class);

    private final RootCommand root;

    @Parameters(paramLabel = "NAME", description = "The machine.")
    private String name = "";

    ConsoleCommand(RootCommand root) {
        this.root = root;
    }

    @Override
    public Integer call() throws TerrariumException, IOException {
        AtomicBoolean left = new AtomicBoolean();
        try (Host host = root.open();
                ConsoleStream serial = root.machine(host, name).openSerial()) {
            root.note("connected to the serial line of \"" + name + "\"; Ctrl+] leaves");
            Optional<Terminal> terminal = Terminal.raw();
            try {
                SerialLine.sendInBackground(root.surroundings().input(), serial, terminal.isPresent(), () -> {
                    left.set(true);
                    closeQuietly(serial);
                });
                SerialLine.receive(serial.input(), root.surroundings().output());
            } catch (IOException e) {
                LOG.debug("{}: the serial line closed: {}", name, e.getMessage());
            } finally {
                terminal.ifPresent(Terminal::close);
            }
        }
        root.note(left.get() ? "left the serial line" : "the machine closed the serial line");
        return 0;
    }

    private static void closeQuietly(ConsoleStream serial) {
        try {
            serial.close();
        } catch (IOException e) {
            LOG.debug("closing the serial line", e);
        }
    }
}
