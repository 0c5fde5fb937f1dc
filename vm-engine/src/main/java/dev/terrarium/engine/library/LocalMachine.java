// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import dev.terrarium.engine.ConsoleStream;
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
import dev.terrarium.engine.board.MachineSaver;
import dev.terrarium.engine.board.SavedMachine;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineRules;
import dev.terrarium.engine.control.ControlClient;
import dev.terrarium.engine.image.DiskTrouble;
import dev.terrarium.engine.library.MachineFolder.RunLock;
import dev.terrarium.engine.snapshot.MachineSnapshots;
import dev.terrarium.engine.snapshot.SnapshotOwner;
import java.nio.file.Path;
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
    private static final long REMOTE_POLL_NANOS = 100_000_000;

    private final MachineFolder folder;
    private final LocalHost host;
    private final RunElsewhere elsewhere;
    private final SavedState saved;
    private final LocalSnapshots snapshots;
    private final OneChange changes = new OneChange();
    private final List<MachineListener> listeners = new CopyOnWriteArrayList<>();
    private volatile MachineConfig config;
    private volatile MachineState state = MachineState.OFF;
    private volatile @Nullable MachineRun run;
    private volatile @Nullable String failure;
    private final DiskPauses diskPauses = new DiskPauses();
    private volatile CompletableFuture<MachineEnd> end = CompletableFuture.completedFuture(new MachineEnd.PoweredOff());

    LocalMachine(MachineFolder folder, MachineConfig config, LocalHost host) {
        this.folder = folder;
        this.config = config;
        this.host = host;
        this.elsewhere = new RunElsewhere(folder);
        this.saved = new SavedState(folder);
        this.snapshots = new LocalSnapshots(this);
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
        if (own.active()) {
            return own;
        }
        return elsewhere.state().orElse(saved.exists() ? MachineState.SAVED : own);
    }

    @Override
    public Optional<String> pauseReason() {
        return diskPauses.isPresent() || state.active() ? diskPauses.reason() : elsewhere.pauseReason();
    }

    @Override
    public boolean runsElsewhere() {
        return !state.active() && elsewhere.state().isPresent();
    }

    @Override
    public Optional<String> failure() {
        return Optional.ofNullable(failure);
    }

    private void setState(MachineState next) {
        state = next == MachineState.SAVED ? MachineState.OFF : next;
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
        RunLock lock =
                lock("is run or copied by another process: use it there, or switch it off with terrarium destroy");
        boolean started = false;
        try {
            recover(lock);
            failure = null;
            setState(MachineState.STARTING);
            start(options, lock);
            started = true;
        } finally {
            if (!started) {
                lock.close();
                setState(saved.exists() ? MachineState.SAVED : MachineState.OFF);
            }
        }
    }

    private void start(StartOptions options, RunLock lock) throws TerrariumException {
        List<String> problems = MachineRules.problems(config, HostInfo.total());
        if (!problems.isEmpty()) {
            throw new TerrariumException(problems.getFirst());
        }
        MachineRun made;
        try {
            made = MachineRun.build(this, config, options, lock);
        } catch (TerrariumException e) {
            DisposableDisks.sweep(folder);
            throw e;
        }
        if (end.isDone()) {
            end = new CompletableFuture<>();
        }
        run = made;
        setState(made.runs() ? MachineState.RUNNING : MachineState.PAUSED);
        made.powerOn();
        saved.sweep();
    }

    /** Ends what an end of the process interrupted and removes what it left half made, unless the machine runs. */
    void sweep() throws TerrariumException {
        boolean needed = saved.hasLeftovers() || snapshots.hasLeftovers();
        Optional<RunLock> lock = needed ? folder.tryLock() : Optional.empty();
        if (lock.isPresent()) {
            try (RunLock held = lock.get()) {
                recover(held);
            }
        }
    }

    /** Reads the configuration again, which another process may have changed, and ends what it interrupted. */
    private void recover(RunLock lock) throws TerrariumException {
        LOG.debug("{}: looked after under {}", name(), lock.file());
        config = folder.load();
        snapshots.recover();
        config = folder.load();
        saved.sweep();
        DisposableDisks.sweep(folder);
    }

    List<Path> trusted() throws TerrariumException {
        return snapshots.trusted();
    }

    SavedState saved() {
        return saved;
    }

    ControlClient remote() {
        return elsewhere.client();
    }

    MachineFolder machineFolder() {
        return folder;
    }

    void adopt(MachineConfig changed) throws TerrariumException {
        folder.save(changed);
        config = changed;
        Thread.ofVirtual()
                .name("notice of " + name())
                .start(() -> listeners.forEach(listener -> listener.configurationChanged(this)));
    }

    /** As {@link SnapshotOwner#exclusively}. */
    <T> T exclusively(SnapshotOwner.Work<T> work) throws TerrariumException {
        try (OneChange.Right change = changes.begin(name())) {
            LOG.debug("{}: {}", name(), change);
            MachineRun current = run;
            if (current != null) {
                current.requireKept();
                return work.run(Optional.of(current.board()));
            }
            try (RunLock lock = lock()) {
                recover(lock);
                return work.run(Optional.empty());
            }
        }
    }

    /** @param otherwise what to say, after the machine's name, if somebody has the machine */
    private RunLock lock(String otherwise) throws TerrariumException {
        return folder.tryLock().orElseThrow(() -> new TerrariumException("\"" + name() + "\" " + otherwise));
    }

    private RunLock lock() throws TerrariumException {
        return lock("is in use by another process: wait until that is done");
    }

    /** As {@link SnapshotOwner#switchedOff}. */
    void switchedOff(SnapshotOwner.Work<Boolean> work) throws TerrariumException {
        try (OneChange.Right change = changes.begin(name())) {
            LOG.debug("{}: {}", name(), change);
            changeSwitchedOff(work);
        }
    }

    private synchronized void changeSwitchedOff(SnapshotOwner.Work<Boolean> work) throws TerrariumException {
        MachineRun current = run;
        if (current == null) {
            try (RunLock lock = lock()) {
                recover(lock);
                work.run(Optional.empty());
            }
            setState(saved.exists() ? MachineState.SAVED : MachineState.OFF);
            return;
        }
        run = null;
        diskPauses.end();
        setState(MachineState.STARTING);
        current.close();
        MachineEnd how = new MachineEnd.Crashed("it could not go on after a snapshot: see the log");
        try {
            recover(current.lock());
            work.run(Optional.empty());
            if (saved.exists()) {
                start(current.options(), current.lock());
                return;
            }
            how = new MachineEnd.PoweredOff();
        } finally {
            if (run == null) {
                current.lock().close();
                if (how instanceof MachineEnd.Crashed(String reason)) {
                    failure = reason;
                }
                setState(saved.exists() ? MachineState.SAVED : MachineState.OFF);
                end.complete(how);
            }
        }
    }

    /** The machine left KVM. */
    void leftKvm(String reason) {
        LOG.warn("{}: runs on Terrarium's own processor from now on: {}", name(), reason);
        listeners.forEach(listener -> listener.acceleratorChanged(this, reason));
    }

    private void finish(MachineEnd how) {
        finish(how, () -> {});
    }

    /** Ends the run of a serial line, unless another has begun since. */
    synchronized void finish(MachineEnd how, @Nullable SerialHub of) {
        MachineRun current = run;
        if (current != null && current.serial() == of) {
            finish(how);
        }
    }

    /** What is to be done when the machine's files are closed and still locked. */
    @FunctionalInterface
    private interface LastWork {
        void run() throws TerrariumException;
    }

    private synchronized void finish(MachineEnd asked, LastWork lastWork) {
        MachineEnd how = asked;
        MachineRun current = run;
        if (current == null) {
            return;
        }
        run = null;
        diskPauses.end();
        current.close();
        DisposableDisks.sweep(folder);
        try {
            lastWork.run();
        } catch (TerrariumException e) {
            LOG.debug("{}: no last work", name(), e);
            how = new MachineEnd.Crashed("its state could not be kept: " + e.getMessage());
        }
        current.lock().close();
        if (how instanceof MachineEnd.Crashed(String reason)) {
            failure = reason;
            LOG.error("{}: {}", name(), reason);
            setState(MachineState.CRASHED);
        } else {
            setState(how instanceof MachineEnd.Saved ? MachineState.SAVED : MachineState.OFF);
        }
        end.complete(how);
    }

    /** Reaches the process that runs the machine. */
    private ControlClient there() throws TerrariumException {
        if (!runsElsewhere()) {
            throw new TerrariumException("\"" + name() + "\" does not run: start it first");
        }
        return elsewhere.client();
    }

    /** Sends {@code command} to the process that runs the machine. */
    private void remotely(String command) throws TerrariumException {
        there();
        elsewhere.command(command);
    }

    /** The machine where it runs. */
    private RunningMachine running() throws TerrariumException {
        MachineRun current = run;
        if (current == null) {
            there();
            return elsewhere;
        }
        return current;
    }

    @Override
    public void pressPowerButton() throws TerrariumException {
        running().pressPowerButton();
    }

    @Override
    public void forceOff() throws TerrariumException {
        if (run == null) {
            there().destroy();
            elsewhere.forget();
        } else {
            finish(new MachineEnd.PoweredOff());
        }
    }

    @Override
    public void reset() throws TerrariumException {
        running().reset();
    }

    @Override
    public void pause() throws TerrariumException {
        if (run == null) {
            remotely("suspend");
            return;
        }
        synchronized (this) {
            MachineRun current = run;
            if (!diskPauses.leaveToPerson() && current != null && state == MachineState.RUNNING) {
                current.board().pause();
                setState(MachineState.PAUSED);
            }
        }
    }

    /** Stops the machine if a disk still needs it; a machine that a person paused does not go on by itself. */
    synchronized void pauseForDisks() {
        MachineRun current = run;
        Optional<DiskTrouble> trouble =
                current == null ? Optional.empty() : current.board().diskTrouble();
        if (current == null || trouble.isEmpty() || diskPauses.isPresent()) {
            return;
        }
        DiskPause pause = new DiskPause(trouble.get());
        if (state == MachineState.RUNNING) {
            current.board().pause();
            pause.watch(name(), () -> resumeAfter(pause));
        }
        diskPauses.begin(pause);
        LOG.warn("{} stands still: {}", name(), pause.reason());
        setState(MachineState.PAUSED);
    }

    private synchronized void resumeAfter(DiskPause pause) {
        if (diskPauses.is(pause)) {
            goOn();
        }
    }

    /** For the holder of the monitor. */
    private void goOn() {
        MachineRun current = run;
        if (current != null && state == MachineState.PAUSED) {
            diskPauses.end();
            current.board().resume();
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
    public void save(Progress progress) throws TerrariumException {
        MachineRun current = run;
        if (current == null) {
            there().save(progress);
            elsewhere.forget();
            if (!saved.exists()) {
                throw new TerrariumException(
                        "the process that ran \"" + name() + "\" ended before it was saved: start it again");
            }
            return;
        }
        try (OneChange.Right change = changes.begin(name())) {
            LOG.debug("{}: {}", name(), change);
            save(current, progress);
        }
    }

    private void save(MachineRun current, Progress progress) throws TerrariumException {
        current.requireKept();
        boolean kept = false;
        SavedMachine half = saved.begin(config);
        try {
            new MachineSaver(current.board(), half, SavedState.parts(config), progress).save(() -> false);
            kept = true;
        } finally {
            if (!kept && run == current) {
                saved.sweep();
            }
        }
        finish(new MachineEnd.Saved(), () -> saved.commit(config));
        if (!saved.exists()) {
            String problem = failure;
            throw new TerrariumException(
                    problem == null ? "\"" + name() + "\" was switched off before it was saved" : problem);
        }
    }

    @Override
    public Snapshots snapshots() {
        return snapshots;
    }

    /** The machine as it was when a snapshot was taken. */
    MachineSnapshots.Moment moment(String name) throws TerrariumException {
        return snapshots.moment(name);
    }

    @Override
    public synchronized void discardSavedState() throws TerrariumException {
        try (RunLock lock = lock("runs: it has no saved state")) {
            if (!saved.exists()) {
                throw new TerrariumException("\"" + name() + "\" is not saved: there is nothing to discard");
            }
            LOG.info("{}: saved state discarded under {}", name(), lock.file());
            saved.retire();
            saved.sweep();
        }
        setState(MachineState.OFF);
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
        MachineRun current = run;
        if (current == null) {
            there().setBalloon(guestBytes);
        } else if (!current.board().setBalloon(guestBytes)) {
            throw new TerrariumException(
                    "\"" + name() + "\" has no balloon, for its guest system \"" + config.operatingSystem()
                            + "\" is not known to have the driver: switch it off, then change its memory");
        }
    }

    @Override
    public MachineStatistics statistics() {
        MachineRun current = run;
        if (current != null) {
            return current.board().statistics(state);
        }
        if (runsElsewhere()) {
            try {
                return elsewhere.client().statistics();
            } catch (TerrariumException e) {
                LOG.debug("{}: {}", name(), e.getMessage());
            }
        }
        return MachineStatistics.off(state(), config.vcpus(), config.memoryMiB() << 20);
    }

    @Override
    public Screenshot screenshot() throws TerrariumException {
        return running().screenshot();
    }

    /** What the machine shows, if it runs here. */
    Optional<Screenshot> picture() {
        MachineRun current = run;
        return current == null ? Optional.empty() : current.picture();
    }

    @Override
    public void sendKeys(String combination) throws TerrariumException {
        running().sendKeys(combination);
    }

    @Override
    public void type(String text) throws TerrariumException {
        running().type(text);
    }

    @Override
    public ConsoleStream openConsole() throws TerrariumException {
        return running().openConsole();
    }

    @Override
    public ConsoleStream openSerial() throws TerrariumException {
        return running().openSerial();
    }

    @Override
    public synchronized void reconfigure(MachineConfig changed) throws TerrariumException {
        if (state().active()) {
            throw new TerrariumException("\"" + name() + "\" runs: switch it off to change it");
        }
        if (saved.exists()) {
            throw new TerrariumException("\"" + name() + "\" is saved: start it and switch it off to change it, or "
                    + SavedState.discard(config));
        }
        MachineConfig settled = MediaFiles.settleChange(config, changed);
        try (RunLock lock = lock("runs: switch it off to change it")) {
            LOG.info("{}: changed under {}", name(), lock.file());
            MachineConfig known = config;
            recover(lock);
            if (!config.equals(known)) {
                throw new TerrariumException(
                        "\"" + name() + "\" was changed by another process meanwhile: look at it again");
            }
            snapshots.requireNotFrozen(settled);
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
