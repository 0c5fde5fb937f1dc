// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import dev.terrarium.engine.ConsoleStream;
import dev.terrarium.engine.KeyNames;
import dev.terrarium.engine.MachineEnd;
import dev.terrarium.engine.MachineListener;
import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.MachineStatistics;
import dev.terrarium.engine.Screenshot;
import dev.terrarium.engine.StartOptions;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.engine.board.Board;
import dev.terrarium.engine.board.BoardEvents;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineRules;
import dev.terrarium.engine.control.ControlClient;
import dev.terrarium.engine.control.ControlServer;
import dev.terrarium.engine.device.ScreenSource;
import dev.terrarium.engine.image.DiskTrouble;
import dev.terrarium.engine.library.MachineFolder.RunLock;
import dev.terrarium.engine.vnc.RfbServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A machine of this computer: off, run by this process, or run by another one and reached through its socket. */
final class LocalMachine implements VirtualMachine {
    private static final Logger LOG = LoggerFactory.getLogger(LocalMachine.class);
    private static final long KEY_INTERVAL_NANOS = 15_000_000;
    private static final long REMOTE_POLL_NANOS = 100_000_000;
    /** How long an answer about a machine of another process is good for. */
    private static final long REMOTE_STATE_NANOS = 300_000_000;

    private final MachineFolder folder;
    private final LocalHost host;
    private final ControlClient remote;
    private final List<MachineListener> listeners = new CopyOnWriteArrayList<>();
    private volatile MachineConfig config;
    private volatile MachineState state = MachineState.OFF;
    private volatile @Nullable Run run;
    private volatile @Nullable String failure;
    private volatile @Nullable DiskPause diskPause;
    private volatile CompletableFuture<MachineEnd> end = CompletableFuture.completedFuture(new MachineEnd.PoweredOff());
    private ControlClient.Status remoteStatus = ControlClient.Status.OFF;
    private long remoteStateTime = Long.MIN_VALUE;

    /** What there is while the machine runs in this process. */
    private record Run(Board board, RunLock lock, SerialHub serial, RfbServer rfb, ControlServer control) {}

    LocalMachine(MachineFolder folder, MachineConfig config, LocalHost host) {
        this.folder = folder;
        this.config = config;
        this.host = host;
        this.remote = new ControlClient(folder.controlSocket());
    }

    @Override
    public MachineConfig config() {
        return config;
    }

    @Override
    public Path folder() {
        return folder.path();
    }

    @Override
    public MachineState state() {
        MachineState own = state;
        return own.active() ? own : remoteState().filter(MachineState::active).orElse(own);
    }

    @Override
    public Optional<String> pauseReason() {
        DiskPause own = diskPause;
        if (own != null || state.active()) {
            return Optional.ofNullable(own).map(DiskPause::reason);
        }
        return remoteStatus().flatMap(ControlClient.Status::pauseReason);
    }

    @Override
    public boolean runsElsewhere() {
        return !state.active() && remoteState().filter(MachineState::active).isPresent();
    }

    private Optional<MachineState> remoteState() {
        return remoteStatus().map(ControlClient.Status::state);
    }

    private Optional<ControlClient.Status> remoteStatus() {
        if (!java.nio.file.Files.exists(folder.controlSocket())) {
            return Optional.empty();
        }
        synchronized (remote) {
            long now = System.nanoTime();
            if (remoteStateTime == Long.MIN_VALUE || now - remoteStateTime > REMOTE_STATE_NANOS) {
                remoteStatus = remote.status().orElse(ControlClient.Status.OFF);
                remoteStateTime = System.nanoTime();
            }
            return Optional.of(remoteStatus);
        }
    }

    private void forgetRemoteState() {
        synchronized (remote) {
            remoteStateTime = Long.MIN_VALUE;
        }
    }

    @Override
    public Optional<String> failure() {
        return Optional.ofNullable(failure);
    }

    private void setState(MachineState next) {
        state = next;
        LOG.info("{}: {}", name(), next);
        listeners.forEach(listener -> listener.stateChanged(this, next));
    }

    @Override
    public synchronized void start(StartOptions options) throws TerrariumException {
        if (state.active()) {
            throw new TerrariumException("\"" + name() + "\" runs already");
        }
        if (host.closed()) {
            throw new TerrariumException("Terrarium is ending: start \"" + name() + "\" when it runs again");
        }
        RunLock lock = folder.tryLock()
                .orElseThrow(
                        () -> new TerrariumException(
                                "\"" + name()
                                        + "\" is run or copied by another process: use it there, or switch it off with terrarium destroy"));
        boolean started = false;
        try {
            config = folder.load();
            DisposableDisks.sweep(folder);
            failure = null;
            setState(MachineState.STARTING);
            start(options, lock);
            started = true;
        } finally {
            if (!started) {
                lock.close();
                setState(MachineState.OFF);
            }
        }
    }

    private void start(StartOptions options, RunLock lock) throws TerrariumException {
        List<String> problems = MachineRules.problems(config, HostInfo.total());
        if (!problems.isEmpty()) {
            throw new TerrariumException(problems.getFirst());
        }
        SerialHub[] serial = new SerialHub[1];
        MachineConfig running = options.disposable() ? DisposableDisks.make(folder, config) : config;
        Board board;
        try {
            board = Board.build(running, folder.log(), new Events(serial));
        } catch (TerrariumException e) {
            DisposableDisks.sweep(folder);
            throw e;
        }
        serial[0] = new SerialHub(name(), board::typeOnSerial);
        OutputStream output = options.serialOutput();
        if (output != null) {
            serial[0].addWatcher(output);
        }
        RfbServer rfb = new RfbServer(board.screen());
        ControlServer control = null;
        try {
            String address = options.vncAddress();
            if (address != null) {
                int port = rfb.listen(parseAddress(address), options.vncPassword());
                LOG.info("{}: screen on {} (port {})", name(), address, port);
            }
            control = ControlServer.start(this, folder.controlSocket());
        } catch (TerrariumException e) {
            rfb.close();
            board.close();
            DisposableDisks.sweep(folder);
            serial[0].close();
            throw e;
        }
        end = new CompletableFuture<>();
        run = new Run(board, lock, serial[0], rfb, control);
        setState(MachineState.RUNNING);
        board.powerOn();
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

    /** The board's events, handed to a thread that may take the machine apart. */
    private final class Events implements BoardEvents {
        private final SerialHub[] serial;

        Events(SerialHub[] serial) {
            this.serial = serial;
        }

        @Override
        public void poweredOff() {
            later(new MachineEnd.PoweredOff());
        }

        @Override
        public void crashed(String reason) {
            later(new MachineEnd.Crashed(reason));
        }

        @Override
        public void debugExit(int status) {
            later(new MachineEnd.DebugExit(status));
        }

        @Override
        public void leftKvm(String reason) {
            LOG.warn("{}: runs on Terrarium's own processor from now on: {}", name(), reason);
            Thread.ofVirtual()
                    .name("notice of " + name())
                    .start(() -> listeners.forEach(listener -> listener.acceleratorChanged(LocalMachine.this, reason)));
        }

        @Override
        public void diskTroubled() {
            Thread.ofVirtual().name("trouble of " + name()).start(LocalMachine.this::pauseForDisks);
        }

        private void later(MachineEnd how) {
            Thread.ofVirtual().name("end of " + name()).start(() -> finish(how));
        }

        @Override
        public void serialOutput(int value) {
            SerialHub hub = serial[0];
            if (hub != null) {
                hub.fromGuest(value);
            }
        }
    }

    private synchronized void finish(MachineEnd how) {
        Run current = run;
        if (current == null) {
            return;
        }
        run = null;
        endDiskPause();
        current.control.close();
        current.rfb.close();
        current.board.close();
        DisposableDisks.sweep(folder);
        current.serial.close();
        current.lock.close();
        if (how instanceof MachineEnd.Crashed(String reason)) {
            failure = reason;
            LOG.error("{}: {}", name(), reason);
            setState(MachineState.CRASHED);
        } else {
            setState(MachineState.OFF);
        }
        end.complete(how);
    }

    private TerrariumException notRunning() {
        return new TerrariumException("\"" + name() + "\" does not run: start it first");
    }

    /** Sends {@code command} to the process that runs the machine. */
    private void remotely(String command) throws TerrariumException {
        if (!runsElsewhere()) {
            throw notRunning();
        }
        remote.command(command);
        forgetRemoteState();
    }

    @Override
    public void pressPowerButton() throws TerrariumException {
        Run current = run;
        if (current == null) {
            remotely("shutdown");
        } else {
            current.board.pressPowerButton();
        }
    }

    @Override
    public void forceOff() throws TerrariumException {
        if (run == null) {
            if (!runsElsewhere()) {
                throw notRunning();
            }
            remote.destroy();
            forgetRemoteState();
        } else {
            finish(new MachineEnd.PoweredOff());
        }
    }

    @Override
    public void reset() throws TerrariumException {
        Run current = run;
        if (current == null) {
            remotely("reset");
        } else {
            current.board.reset();
        }
    }

    @Override
    public void pause() throws TerrariumException {
        if (run == null) {
            remotely("suspend");
            return;
        }
        synchronized (this) {
            Run current = run;
            DiskPause waiting = diskPause;
            if (waiting != null) {
                waiting.stopWatching();
            } else if (current != null && state == MachineState.RUNNING) {
                current.board.pause();
                setState(MachineState.PAUSED);
            }
        }
    }

    /** Stops the machine if a disk still needs it; a machine that a person paused does not go on by itself. */
    private synchronized void pauseForDisks() {
        Run current = run;
        Optional<DiskTrouble> trouble = current == null ? Optional.empty() : current.board.diskTrouble();
        if (current == null || trouble.isEmpty() || diskPause != null) {
            return;
        }
        DiskPause pause = new DiskPause(trouble.get());
        if (state == MachineState.RUNNING) {
            current.board.pause();
            pause.watch(name(), () -> resumeAfter(pause));
        }
        diskPause = pause;
        LOG.warn("{} stands still: {}", name(), pause.reason());
        setState(MachineState.PAUSED);
    }

    private synchronized void resumeAfter(DiskPause pause) {
        if (diskPause == pause) {
            goOn();
        }
    }

    private void endDiskPause() {
        DiskPause pause = diskPause;
        if (pause != null) {
            pause.stopWatching();
        }
        diskPause = null;
    }

    /** For the holder of the monitor. */
    private void goOn() {
        Run current = run;
        if (current != null && state == MachineState.PAUSED) {
            endDiskPause();
            current.board.resume();
            setState(MachineState.RUNNING);
        }
    }

    @Override
    public void resume() throws TerrariumException {
        if (run == null) {
            remotely("resume");
            return;
        }
        synchronized (this) {
            goOn();
        }
    }

    @Override
    public MachineEnd awaitEnd() throws InterruptedException {
        while (runsElsewhere()) {
            LockSupport.parkNanos(REMOTE_POLL_NANOS);
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
        }
        try {
            return end.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("the end of a run is never exceptional", e);
        }
    }

    @Override
    public void setBalloon(long guestBytes) throws TerrariumException {
        long whole = config.memoryMiB() << 20;
        long least = MachineRules.MINIMUM_MEMORY_MIB << 20;
        if (guestBytes < least || guestBytes > whole) {
            throw new TerrariumException("a running \"" + name() + "\" can have from " + (least >> 20) + " to "
                    + (whole >> 20) + " MiB: choose from these, or switch it off for more");
        }
        Run current = run;
        if (current == null) {
            if (!runsElsewhere()) {
                throw notRunning();
            }
            remote.setBalloon(guestBytes);
        } else if (!current.board.setBalloon(guestBytes)) {
            throw new TerrariumException(
                    "\"" + name() + "\" has no balloon, for its guest system \"" + config.operatingSystem()
                            + "\" is not known to have the driver: switch it off, then change its memory");
        }
    }

    @Override
    public MachineStatistics statistics() {
        Run current = run;
        if (current != null) {
            return current.board.statistics(state);
        }
        if (runsElsewhere()) {
            try {
                return remote.statistics();
            } catch (TerrariumException e) {
                LOG.debug("{}: {}", name(), e.getMessage());
            }
        }
        return MachineStatistics.off(state(), config.vcpus(), config.memoryMiB() << 20);
    }

    @Override
    public Screenshot screenshot() throws TerrariumException {
        Run current = run;
        if (current == null) {
            if (!runsElsewhere()) {
                throw notRunning();
            }
            return remote.screenshot();
        }
        ScreenSource.Frame frame = new ScreenSource.Frame();
        current.board.screen().capture(frame);
        if (frame.width() == 0 || frame.height() == 0) {
            throw new TerrariumException("\"" + name() + "\" shows no picture yet: try again in a moment");
        }
        int[] pixels = java.util.Arrays.copyOf(frame.pixels(), frame.width() * frame.height());
        return new Screenshot(frame.width(), frame.height(), pixels);
    }

    @Override
    public void sendKeys(String combination) throws TerrariumException {
        List<Integer> codes = KeyNames.parse(combination);
        Run current = run;
        if (current == null) {
            if (!runsElsewhere()) {
                throw notRunning();
            }
            remote.sendKeys(combination);
            return;
        }
        press(current.board, codes);
    }

    private static void press(Board board, List<Integer> codes) {
        List<Integer> released = new ArrayList<>(codes);
        Collections.reverse(released);
        codes.forEach(code -> board.screen().key(code, true));
        LockSupport.parkNanos(KEY_INTERVAL_NANOS);
        released.forEach(code -> board.screen().key(code, false));
        LockSupport.parkNanos(KEY_INTERVAL_NANOS);
    }

    @Override
    public void type(String text) throws TerrariumException {
        List<List<Integer>> presses = new ArrayList<>();
        for (char character : text.toCharArray()) {
            presses.add(KeyNames.forCharacter(character));
        }
        Run current = run;
        if (current == null) {
            if (!runsElsewhere()) {
                throw notRunning();
            }
            remote.type(text);
            return;
        }
        presses.forEach(codes -> press(current.board, codes));
    }

    @Override
    public ConsoleStream openConsole() throws TerrariumException {
        Run current = run;
        if (current == null) {
            if (!runsElsewhere()) {
                throw notRunning();
            }
            return remote.open("console");
        }
        PipeStream[] ends = PipeStream.pair();
        Thread.ofPlatform().daemon().name("console of " + name()).start(() -> {
            try (PipeStream ours = ends[0]) {
                current.rfb.serve(ours.input(), ours.output(), null);
            } catch (IOException e) {
                LOG.debug("{}: a console left: {}", name(), e.getMessage());
            }
        });
        return ends[1];
    }

    @Override
    public ConsoleStream openSerial() throws TerrariumException {
        Run current = run;
        if (current == null) {
            if (!runsElsewhere()) {
                throw notRunning();
            }
            return remote.open("serial");
        }
        try {
            return current.serial.connect();
        } catch (IOException e) {
            throw new TerrariumException("the serial line cannot be opened (" + e.getMessage() + "): try again", e);
        }
    }

    @Override
    public synchronized void reconfigure(MachineConfig changed) throws TerrariumException {
        if (state().active()) {
            throw new TerrariumException("\"" + name() + "\" runs: switch it off to change it");
        }
        if (!changed.name().equals(name())) {
            throw new TerrariumException("a machine keeps its name: clone it to get another");
        }
        List<String> problems = MachineRules.problems(changed, HostInfo.total());
        if (!problems.isEmpty()) {
            throw new TerrariumException(problems.getFirst());
        }
        MediaFiles.check(changed);
        MachineConfig settled = MediaFiles.settle(changed);
        try (RunLock lock = folder.tryLock()
                .orElseThrow(() -> new TerrariumException("\"" + name() + "\" runs: switch it off to change it"))) {
            LOG.info("{}: changed under {}", name(), lock.file());
            folder.save(settled);
        }
        config = settled;
        listeners.forEach(listener -> listener.configurationChanged(this));
    }

    /** Forces the machine off if this process runs it. */
    void closeIfOurs() {
        finish(new MachineEnd.PoweredOff());
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
