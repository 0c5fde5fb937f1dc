// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import dev.terrarium.app.exit.PowerOffAtExit;
import dev.terrarium.engine.ConsoleStream;
import dev.terrarium.engine.Host;
import dev.terrarium.engine.MachineEnd;
import dev.terrarium.engine.StartOptions;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;
import java.io.BufferedOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One machine run in this process without a window, from power on to its end. */
final class HeadlessRun {
    static final int POWERED_OFF = 0;
    static final int CRASHED = 3;
    static final int TIME_UP = 4;

    private static final Logger LOG = LoggerFactory.getLogger(HeadlessRun.class);

    private final RootCommand root;
    private final String name;
    private final Optional<String> serial;
    private final Optional<String> vnc;
    private final Optional<String> vncPassword;
    private final Optional<Duration> limit;
    private final boolean disposable;

    HeadlessRun(
            RootCommand root,
            String name,
            Optional<String> serial,
            Optional<String> vnc,
            Optional<String> vncPassword,
            Optional<Duration> limit,
            boolean disposable) {
        this.disposable = disposable;
        this.root = root;
        this.name = name;
        this.serial = serial;
        this.vnc = vnc;
        this.vncPassword = vncPassword;
        this.limit = limit;
    }

    /** Runs the machine to its end; a signal to the process switches it off first. */
    int run() throws TerrariumException, InterruptedException {
        try (Host host = root.open();
                PowerOffAtExit guard = new PowerOffAtExit(host)) {
            LOG.debug("{} stands by for {}", guard, name);
            return run(root.machine(host, name));
        }
    }

    private int run(VirtualMachine machine) throws TerrariumException, InterruptedException {
        OutputStream output = serialOutput();
        try {
            machine.start(new StartOptions(output, vnc.orElse(null), vncPassword.orElse(null), disposable));
            boolean stdio = serial.filter("stdio"::equals).isPresent();
            Optional<Terminal> terminal = stdio ? Terminal.raw() : Optional.empty();
            try {
                if (stdio) {
                    connectKeys(machine, terminal.isPresent());
                } else {
                    root.note("\"" + name + "\" runs; Ctrl+C cuts its power, other commands reach it from elsewhere");
                }
                return await(machine);
            } finally {
                terminal.ifPresent(Terminal::close);
            }
        } finally {
            close(output);
        }
    }

    /** Hands standard input to the guest; what the guest sends goes through {@link StartOptions#serialOutput}. */
    private void connectKeys(VirtualMachine machine, boolean terminal) {
        try {
            ConsoleStream line = machine.openSerial();
            SerialLine.sendInBackground(root.surroundings().input(), line, terminal, () -> cutPower(machine));
            Thread.ofVirtual().name("serial line's echo").start(() -> {
                try {
                    SerialLine.receive(line.input(), OutputStream.nullOutputStream());
                } catch (IOException e) {
                    LOG.debug("the serial line closed: {}", e.getMessage());
                }
            });
        } catch (TerrariumException e) {
            LOG.debug("{} was off before its serial line could be opened", name, e);
        }
    }

    private static void close(@Nullable OutputStream output) {
        if (output != null) {
            try {
                output.close();
            } catch (IOException e) {
                LOG.warn("the serial line's output could not be written whole: {}", e.getMessage());
            }
        }
    }

    private static void cutPower(VirtualMachine machine) {
        try {
            machine.forceOff();
        } catch (TerrariumException e) {
            LOG.debug("it was off already", e);
        }
    }

    private @Nullable OutputStream serialOutput() throws TerrariumException {
        if (serial.isEmpty()) {
            return null;
        }
        if (serial.get().equals("stdio")) {
            return new FilterOutputStream(root.surroundings().output()) {
                @Override
                public void write(byte[] bytes, int offset, int length) throws IOException {
                    out.write(bytes, offset, length);
                }

                @Override
                public void close() throws IOException {
                    flush();
                }
            };
        }
        try {
            return new BufferedOutputStream(Files.newOutputStream(Path.of(serial.get())));
        } catch (IOException e) {
            throw new TerrariumException(
                    serial.get() + " cannot be written (" + e + "): check that its folder exists and has space", e);
        }
    }

    private int await(VirtualMachine machine) throws InterruptedException, TerrariumException {
        BlockingQueue<MachineEnd> ends = new ArrayBlockingQueue<>(1);
        Thread.ofVirtual().name("waits for " + name).start(() -> {
            try {
                ends.add(machine.awaitEnd());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        MachineEnd end = limit.isPresent() ? ends.poll(limit.get().toMillis(), TimeUnit.MILLISECONDS) : ends.take();
        if (end == null) {
            cutPower(machine);
            root.note(
                    "the time of " + limit.orElseThrow().toSeconds() + " s was up: \"" + name + "\" was switched off");
            return TIME_UP;
        }
        return switch (end) {
            case MachineEnd.PoweredOff() -> POWERED_OFF;
            case MachineEnd.Saved() -> {
                root.note("\"" + name + "\" is saved: the next start goes on where it was");
                yield POWERED_OFF;
            }
            case MachineEnd.Crashed(String reason) -> {
                root.note("\"" + name + "\" crashed: " + reason);
                yield CRASHED;
            }
            case MachineEnd.DebugExit(int status) -> status;
        };
    }
}
