// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.control;

import dev.terrarium.engine.ConsoleStream;
import dev.terrarium.engine.EngineStatistics;
import dev.terrarium.engine.MachineEnd;
import dev.terrarium.engine.MachineListener;
import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.MachineStatistics;
import dev.terrarium.engine.Progress;
import dev.terrarium.engine.Screenshot;
import dev.terrarium.engine.Snapshots;
import dev.terrarium.engine.StartOptions;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.engine.config.MachineConfig;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** A machine that notes what it is told; its consoles echo. */
final class FakeMachine implements VirtualMachine {
    final List<String> calls = Collections.synchronizedList(new ArrayList<>());

    @Override
    public MachineConfig config() {
        throw new UnsupportedOperationException();
    }

    @Override
    public String name() {
        return "fake";
    }

    @Override
    public Path folder() {
        return Path.of("/nowhere");
    }

    @Override
    public MachineState state() {
        return MachineState.PAUSED;
    }

    @Override
    public boolean runsElsewhere() {
        return false;
    }

    @Override
    public Optional<String> failure() {
        return Optional.empty();
    }

    @Override
    public void start(StartOptions options) {
        calls.add("start");
    }

    @Override
    public void pressPowerButton() {
        calls.add("shutdown");
    }

    @Override
    public void forceOff() {
        calls.add("destroy");
    }

    @Override
    public void reset() throws TerrariumException {
        throw new TerrariumException("no reset button: buy one");
    }

    @Override
    public void pause() {
        calls.add("suspend");
    }

    @Override
    public void resume() {
        calls.add("resume");
    }

    @Override
    public MachineEnd awaitEnd() {
        return new MachineEnd.PoweredOff();
    }

    @Override
    public MachineStatistics statistics() {
        return new MachineStatistics(
                MachineState.RUNNING,
                "software",
                1,
                2,
                3,
                4,
                5,
                6,
                7,
                8,
                9,
                Long.MAX_VALUE,
                new EngineStatistics(4, 3, 2, 1, 5));
    }

    @Override
    public Screenshot screenshot() {
        return new Screenshot(2, 1, new int[] {0x123456, 0xFFFEFD});
    }

    @Override
    public void sendKeys(String combination) {
        calls.add("keys " + combination);
    }

    @Override
    public void type(String text) {
        calls.add("type " + text);
    }

    @Override
    public ConsoleStream openConsole() throws TerrariumException {
        return openSerial();
    }

    @Override
    public ConsoleStream openSerial() throws TerrariumException {
        try {
            PipedInputStream input = new PipedInputStream(1 << 16);
            PipedOutputStream output = new PipedOutputStream(input);
            return new Echo(input, output);
        } catch (IOException e) {
            throw new TerrariumException("no echo", e);
        }
    }

    private record Echo(InputStream input, OutputStream output) implements ConsoleStream {
        @Override
        public void close() throws IOException {
            output.close();
        }
    }

    @Override
    public void save(Progress progress) throws TerrariumException {
        for (int done = 0; done <= 10; done++) {
            if (!progress.at(done, 10)) {
                calls.add("save given up");
                throw new TerrariumException("it was cancelled");
            }
        }
        calls.add("save");
    }

    @Override
    public Snapshots snapshots() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void discardSavedState() {
        calls.add("discard");
    }

    @Override
    public void reconfigure(MachineConfig config) {
        calls.add("reconfigure");
    }

    @Override
    public void addListener(MachineListener listener) {}

    @Override
    public void removeListener(MachineListener listener) {}
}
