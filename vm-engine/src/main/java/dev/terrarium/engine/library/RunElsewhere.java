// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import dev.terrarium.engine.ConsoleStream;
import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.Screenshot;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.control.ControlClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** A machine that another process runs, if one does; what it says of its state is remembered for a moment. */
final class RunElsewhere implements RunningMachine {
    /** How long an answer is good for. */
    private static final long GOOD_NANOS = 300_000_000;

    private final Path socket;
    private final ControlClient client;
    private Optional<ControlClient.Status> status = Optional.empty();
    private long asked = Long.MIN_VALUE;

    RunElsewhere(MachineFolder folder) {
        this.socket = folder.controlSocket();
        this.client = new ControlClient(socket);
    }

    ControlClient client() {
        return client;
    }

    /** What it is doing there; empty if no process runs it. */
    Optional<MachineState> state() {
        return status().map(ControlClient.Status::state);
    }

    /** Why it stands still there, if a person did not want it. */
    Optional<String> pauseReason() {
        return status().flatMap(ControlClient.Status::pauseReason);
    }

    private synchronized Optional<ControlClient.Status> status() {
        if (!Files.exists(socket)) {
            return Optional.empty();
        }
        if (asked == Long.MIN_VALUE || System.nanoTime() - asked > GOOD_NANOS) {
            status = client.status().filter(each -> each.state().active());
            asked = System.nanoTime();
        }
        return status;
    }

    /** Sends a command, after which its state is another one, perhaps. */
    void command(String command) throws TerrariumException {
        client.command(command);
        forget();
    }

    @Override
    public void pressPowerButton() throws TerrariumException {
        command("shutdown");
    }

    @Override
    public void reset() throws TerrariumException {
        command("reset");
    }

    @Override
    public Screenshot screenshot() throws TerrariumException {
        return client.screenshot();
    }

    @Override
    public void sendKeys(String combination) throws TerrariumException {
        client.sendKeys(combination);
    }

    @Override
    public void type(String text) throws TerrariumException {
        client.type(text);
    }

    @Override
    public ConsoleStream openConsole() throws TerrariumException {
        return client.open("console");
    }

    @Override
    public ConsoleStream openSerial() throws TerrariumException {
        return client.open("serial");
    }

    /** Asks again the next time. */
    synchronized void forget() {
        asked = Long.MIN_VALUE;
    }
}
