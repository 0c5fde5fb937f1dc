// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

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
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/** A machine without an engine: it changes state as told, and its figures move on their own. */
final class FakeMachine implements VirtualMachine {
    final List<String> calls = new CopyOnWriteArrayList<>();
    final FakeSnapshots snapshots = new FakeSnapshots();
    private final Path folder;
    private final List<MachineListener> listeners = new CopyOnWriteArrayList<>();
    private volatile MachineConfig config;
    private volatile MachineState state = MachineState.OFF;
    private volatile boolean elsewhere;
    private volatile Optional<String> failure = Optional.empty();
    private volatile Optional<String> pauseReason = Optional.empty();
    private volatile Optional<String> refusal = Optional.empty();
    private long started = System.nanoTime();
    private long asked;
    private long busy;

    FakeMachine(Path folder, MachineConfig config) {
        this.folder = folder;
        this.config = config;
    }

    FakeMachine in(MachineState now) {
        state = now;
        pauseReason = Optional.empty();
        started = System.nanoTime();
        asked = started;
        busy = 0;
        listeners.forEach(listener -> listener.stateChanged(this, now));
        return this;
    }

    FakeMachine crash(String reason) {
        failure = Optional.of(reason);
        return in(MachineState.CRASHED);
    }

    FakeMachine pauseFor(String reason) {
        in(MachineState.PAUSED);
        pauseReason = Optional.of(reason);
        return this;
    }

    FakeMachine elsewhere() {
        elsewhere = true;
        return this;
    }

    /** Makes the next command fail. */
    void refuse(String reason) {
        refusal = Optional.of(reason);
    }

    private void call(String name) throws TerrariumException {
        calls.add(name);
        Optional<String> reason = refusal;
        refusal = Optional.empty();
        if (reason.isPresent()) {
            throw new TerrariumException(reason.get());
        }
    }

    @Override
    public MachineConfig config() {
        return config;
    }

    @Override
    public Path folder() {
        return folder;
    }

    @Override
    public MachineState state() {
        return state;
    }

    @Override
    public boolean runsElsewhere() {
        return elsewhere;
    }

    @Override
    public Optional<String> failure() {
        return failure;
    }

    @Override
    public Optional<String> pauseReason() {
        return pauseReason;
    }

    @Override
    public void start(StartOptions options) throws TerrariumException {
        call("start");
        in(MachineState.RUNNING);
    }

    @Override
    public void pressPowerButton() throws TerrariumException {
        call("power");
    }

    @Override
    public void forceOff() throws TerrariumException {
        call("forceOff");
        in(MachineState.OFF);
    }

    @Override
    public void reset() throws TerrariumException {
        call("reset");
    }

    @Override
    public void pause() throws TerrariumException {
        call("pause");
        in(MachineState.PAUSED);
    }

    @Override
    public void resume() throws TerrariumException {
        call("resume");
        in(MachineState.RUNNING);
    }

    @Override
    public MachineEnd awaitEnd() {
        return new MachineEnd.PoweredOff();
    }

    @Override
    public synchronized MachineStatistics statistics() {
        long memory = config.memoryMiB() << 20;
        if (!state.active()) {
            return MachineStatistics.off(state, config.vcpus(), memory);
        }
        long now = System.nanoTime();
        double wave = 0.45 + 0.3 * Math.sin(now / 4e9 + config.name().length()) + 0.2 * Math.sin(now / 0.9e9);
        busy += state == MachineState.PAUSED ? 0 : (long) ((now - asked) * Math.clamp(wave, 0, 1));
        asked = now;
        double share = Math.min(0.85, 0.2 + (now - started) / 60e9);
        return new MachineStatistics(
                state,
                "software",
                now - started,
                config.vcpus(),
                busy,
                busy / 12,
                memory,
                (long) (memory * share),
                640,
                480,
                48L << 20,
                3L << 20,
                new EngineStatistics(busy / 12, busy / 14, 1_700_000_000L, 3L << 20, 412));
    }

    @Override
    public Screenshot screenshot() {
        return new Screenshot(2, 2, new int[4]);
    }

    @Override
    public void sendKeys(String combination) throws TerrariumException {
        call("keys " + combination);
    }

    @Override
    public void type(String text) throws TerrariumException {
        call("type " + text);
    }

    @Override
    public ConsoleStream openConsole() throws TerrariumException {
        throw new TerrariumException("\"" + name() + "\" has no screen: it is a fake");
    }

    @Override
    public ConsoleStream openSerial() throws TerrariumException {
        throw new TerrariumException("\"" + name() + "\" has no serial line: it is a fake");
    }

    @Override
    public void save(Progress progress) throws TerrariumException {
        call("save");
        in(MachineState.SAVED);
    }

    @Override
    public Snapshots snapshots() {
        return snapshots;
    }

    @Override
    public void discardSavedState() throws TerrariumException {
        call("discard");
        in(MachineState.OFF);
    }

    @Override
    public void reconfigure(MachineConfig changed) throws TerrariumException {
        call("reconfigure");
        config = changed;
        new ArrayList<>(listeners).forEach(listener -> listener.configurationChanged(this));
    }

    @Override
    public void addListener(MachineListener listener) {
        listeners.add(listener);
    }

    @Override
    public void removeListener(MachineListener listener) {
        listeners.remove(listener);
    }
}
