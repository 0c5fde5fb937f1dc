// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import dev.terrarium.engine.ConsoleStream;
import dev.terrarium.engine.KeyNames;
import dev.terrarium.engine.Progress;
import dev.terrarium.engine.Screenshot;
import dev.terrarium.engine.StartOptions;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.board.Board;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.control.ControlServer;
import dev.terrarium.engine.device.ScreenSource;
import dev.terrarium.engine.library.MachineFolder.RunLock;
import dev.terrarium.engine.vnc.RfbServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What there is while a machine runs in this process.
 *
 * @param restored whether it goes on from a saved state
 * @param runs whether its vCPUs run from the beginning: a machine that was saved paused is restored paused
 */
record MachineRun(
        Board board,
        RunLock lock,
        SerialHub serial,
        RfbServer rfb,
        ControlServer control,
        StartOptions options,
        boolean restored,
        boolean runs)
        implements RunningMachine {
    private static final Logger LOG = LoggerFactory.getLogger(MachineRun.class);

    /**
     * Puts a machine together, ready to be switched on. A saved state is used up from then on.
     *
     * @throws TerrariumException if something it needs is missing or in use, or its saved state is of no use; that stays then
     */
    static MachineRun build(LocalMachine machine, MachineConfig config, StartOptions options, RunLock lock)
            throws TerrariumException {
        MachineFolder folder = machine.machineFolder();
        SavedState saved = machine.saved();
        AtomicReference<@Nullable SerialHub> line = new AtomicReference<>();
        if (options.disposable() && saved.exists()) {
            throw new TerrariumException("\"" + config.name()
                    + "\" is saved and cannot run for throwing away: start it, or " + SavedState.discard(config));
        }
        MachineConfig running = options.disposable() ? DisposableDisks.make(folder, config) : config;
        Board board = Board.build(running, folder.log(), new RunEvents(machine, line), machine.trusted());
        SerialHub serial = new SerialHub(config.name(), board::typeOnSerial);
        line.set(serial);
        OutputStream output = options.serialOutput();
        if (output != null) {
            serial.addWatcher(output);
        }
        RfbServer rfb = new RfbServer(board.screen());
        @Nullable ControlServer control = null;
        boolean restored = saved.exists();
        boolean runs = true;
        boolean done = false;
        try {
            if (restored) {
                runs = board.restore(saved.check(config), Progress.NONE);
            }
            String address = options.vncAddress();
            if (address != null) {
                int port = rfb.listen(parseAddress(address), options.vncPassword());
                LOG.info("{}: screen on {} (port {})", config.name(), address, port);
            }
            control = ControlServer.start(machine, folder.controlSocket());
            if (restored) {
                saved.retire();
            }
            done = true;
            return new MachineRun(board, lock, serial, rfb, control, options, restored, runs);
        } finally {
            if (!done) {
                if (control != null) {
                    control.close();
                }
                rfb.close();
                board.close();
                serial.close();
            }
        }
    }

    private static InetSocketAddress parseAddress(String address) throws TerrariumException {
        int colon = address.lastIndexOf(':');
        try {
            String hostPart = colon <= 0 ? "127.0.0.1" : address.substring(0, colon);
            int port = Integer.parseInt(address.substring(colon + 1));
            InetSocketAddress parsed = new InetSocketAddress(hostPart.replaceAll("[\\[\\]]", ""), port);
            if (!parsed.isUnresolved()) {
                return parsed;
            }
        } catch (IllegalArgumentException e) {
            LOG.debug("not an address: {}", address, e);
        }
        throw new TerrariumException("\"" + address + "\" is no address: write it as 127.0.0.1:5900");
    }

    void powerOn() {
        if (restored) {
            board.powerOn(runs);
        } else {
            board.powerOn();
        }
    }

    /** Refuses a run whose disks go with it. */
    void requireKept() throws TerrariumException {
        if (options.disposable()) {
            throw new TerrariumException(
                    "what the machine writes in this run is thrown away at its end: start it without"
                            + " --disposable");
        }
    }

    @Override
    public void pressPowerButton() {
        board.pressPowerButton();
    }

    @Override
    public void reset() {
        board.reset();
    }

    @Override
    public void sendKeys(String combination) throws TerrariumException {
        Keys.press(board.screen(), KeyNames.parse(combination));
    }

    @Override
    public void type(String text) throws TerrariumException {
        Keys.forText(text).forEach(codes -> Keys.press(board.screen(), codes));
    }

    @Override
    public Screenshot screenshot() throws TerrariumException {
        return picture()
                .orElseThrow(() -> new TerrariumException("the machine shows no picture yet: try again in a moment"));
    }

    /** What the machine shows; empty before it shows anything. */
    Optional<Screenshot> picture() {
        ScreenSource.Frame frame = new ScreenSource.Frame();
        board.screen().capture(frame);
        if (frame.width() == 0 || frame.height() == 0) {
            return Optional.empty();
        }
        int[] pixels = Arrays.copyOf(frame.pixels(), frame.width() * frame.height());
        return Optional.of(new Screenshot(frame.width(), frame.height(), pixels));
    }

    @Override
    public ConsoleStream openConsole() throws TerrariumException {
        PipeStream[] ends = PipeStream.pair();
        Thread.ofPlatform().daemon().name("console").start(() -> {
            try (PipeStream ours = ends[0]) {
                rfb.serve(ours.input(), ours.output(), null);
            } catch (IOException e) {
                LOG.debug("a console left: {}", e.getMessage());
            }
        });
        return ends[1];
    }

    @Override
    public ConsoleStream openSerial() throws TerrariumException {
        try {
            return serial.connect();
        } catch (IOException e) {
            throw new TerrariumException("the serial line cannot be opened (" + e.getMessage() + "): try again", e);
        }
    }

    /** Cuts the power; the lock stays. */
    void close() {
        control.close();
        rfb.close();
        board.close();
        serial.close();
    }
}
