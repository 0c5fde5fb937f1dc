// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

import dev.terrarium.engine.EngineStatistics;
import dev.terrarium.engine.GuestMemory;
import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.MachineStatistics;
import dev.terrarium.engine.Progress;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.device.ScreenSource;
import dev.terrarium.engine.device.chipset.SystemControl;
import dev.terrarium.engine.device.virtio.balloon.VirtioBalloon;
import dev.terrarium.engine.image.DiskTrouble;
import dev.terrarium.engine.posix.Posix;
import dev.terrarium.engine.processor.Processor;
import dev.terrarium.engine.state.MemoryFileReader;
import dev.terrarium.engine.state.StateFile;
import dev.terrarium.engine.vnc.Screen;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One PC in operation: its parts, the threads of its vCPUs and of its timers, and the switches on its case. Switching is
 * done one thing at a time by a control thread; power on, pause, resume, reset and close wait for it.
 */
public final class Board implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Board.class);

    private static final long SWITCH_MILLIS = 1000;

    private final ReentrantLock lock;
    private final BoardEvents events;
    private final BoardClock clock;
    private final PersonalComputer computer;
    private final ProcessorThreads threads;
    private final Thread timerThread;
    private final BoardScreen screen;
    private final ExecutorService control;
    private final Object switching = new Object();
    private final BoardDisks disks;
    private boolean running;
    private boolean closed;

    /** Held while memory is read from outside, and alone while it goes. */
    private final ReadWriteLock memoryUse = new ReentrantReadWriteLock();

    private boolean gone;

    /** It was saved and is to be closed: what it did from now on would be lost. */
    private boolean saved;

    /** Switches that devices asked for and that were not carried out yet. */
    private final AtomicInteger pending = new AtomicInteger();

    /** The guest switched the machine off, or it failed. */
    private volatile boolean ending;

    private Board(MachineConfig config, Networks networks, Path log, BoardEvents events, List<Path> trusted)
            throws TerrariumException {
        this.lock = new ReentrantLock();
        this.events = events;
        this.clock = new BoardClock(lock);
        Condition completed = lock.newCondition();
        this.control = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().daemon().name("control of " + config.name()).factory());
        Wires wires = new Wires();
        this.computer = PersonalComputer.build(
                config, lock, clock, wires, wires, networks, log, new LockedExecutor(lock, completed), trusted);
        this.disks = new BoardDisks(computer.drives(), lock, completed);
        this.threads = new ProcessorThreads(
                config.name(),
                computer.processors(),
                computer::beforeRunning,
                computer::afterRunning,
                this::requestReset,
                this::died);
        this.timerThread = Thread.ofPlatform()
                .daemon()
                .name("timers of " + config.name())
                .uncaughtExceptionHandler((thread, death) -> died(death))
                .unstarted(clock);
        this.screen = new BoardScreen(config.name(), lock, computer);
    }

    /**
     * Puts a PC together, switched off.
     *
     * @param log receives what the firmware and the engine say about the machine
     * @throws TerrariumException if a file it needs is missing, damaged or in use, or memory is short
     */
    public static Board build(MachineConfig config, Path log, BoardEvents events) throws TerrariumException {
        return build(config, Networks.usual(), log, events);
    }

    /** A PC with network cables that lead where {@code networks} says. */
    static Board build(MachineConfig config, Networks networks, Path log, BoardEvents events)
            throws TerrariumException {
        return new Board(
                config, networks, log, events, List.of(log.toAbsolutePath().resolveSibling("")));
    }

    /**
     * As {@link #build(MachineConfig, Path, BoardEvents)}.
     *
     * @param trusted folders and files that the machine's images may stand on, besides their own folders
     */
    public static Board build(MachineConfig config, Path log, BoardEvents events, List<Path> trusted)
            throws TerrariumException {
        return new Board(config, Networks.usual(), log, events, trusted);
    }

    /** What devices ask of the board. */
    private final class Wires implements SystemControl, PersonalComputer.Outside {
        @Override
        public void requestReset() {
            Board.this.requestReset();
        }

        @Override
        public void requestPowerOff() {
            ending = true;
            threads.holdGate();
            events.poweredOff();
        }

        @Override
        public void debugExit(int status) {
            ending = true;
            threads.holdGate();
            events.debugExit(status);
        }

        @Override
        public void leaveKvm(String reason) {
            threads.holdGate();
            later(() -> Board.this.leaveKvm(reason));
        }

        @Override
        public void diskTroubled() {
            events.diskTroubled();
        }

        @Override
        public void serialOutput(int value) {
            events.serialOutput(value);
        }
    }

    private void died(Throwable death) {
        LOG.error("the engine failed", death);
        ending = true;
        threads.holdGate();
        events.crashed("the engine failed (" + death + "): see the log, and report it");
    }

    /** Has the control thread switch; called by devices, which may hold the board's lock but not {@link #switching}. */
    private void later(Runnable action) {
        pending.incrementAndGet();
        try {
            control.execute(() -> {
                try {
                    action.run();
                } finally {
                    synchronized (switching) {
                        pending.decrementAndGet();
                        switching.notifyAll();
                    }
                }
            });
        } catch (RejectedExecutionException e) {
            LOG.debug("the board is closed already", e);
        }
    }

    private void requestReset() {
        threads.holdGate();
        later(this::reset);
    }

    /** Switches the power on. */
    public void powerOn() {
        synchronized (switching) {
            lock.lock();
            try {
                computer.reset();
                clock.start();
            } finally {
                lock.unlock();
            }
            timerThread.start();
            threads.start();
            running = true;
            threads.openGate();
        }
    }

    /** The reset button. */
    public void reset() {
        synchronized (switching) {
            if (closed || saved) {
                return;
            }
            threads.closeGate();
            lock.lock();
            try {
                computer.reset();
            } finally {
                lock.unlock();
            }
            if (running) {
                threads.openGate();
            }
        }
    }

    /** Goes on without KVM. */
    private void leaveKvm(String reason) {
        synchronized (switching) {
            if (closed) {
                return;
            }
            threads.closeGate();
            // Time stands still, or the vCPUs' time-stamp counters would go on from different moments.
            stopClock();
            if (!computer.leaveKvm()) {
                throw new IllegalStateException("the machine left KVM already");
            }
            if (running) {
                startClock();
                threads.openGate();
            }
        }
        events.leftKvm(reason);
    }

    /** Stops vCPUs and time. */
    public void pause() {
        synchronized (switching) {
            if (closed) {
                return;
            }
            running = false;
            threads.closeGate();
            stopClock();
        }
    }

    /** Goes on after {@link #pause}; what the host could not do for a drive is tried again. */
    public void resume() {
        synchronized (switching) {
            if (closed || saved) {
                return;
            }
            computer.drives().retry();
            startClock();
            running = true;
            threads.openGate();
        }
    }

    private void startClock() {
        lock.lock();
        try {
            clock.start();
        } finally {
            lock.unlock();
        }
    }

    /** Work on a machine that stands still. */
    @FunctionalInterface
    interface StandstillWork {
        /**
         * Does it; no vCPU executes, time stands still, and nobody switches the machine.
         *
         * @param ran whether the machine ran before
         * @return whether it may go on as before; otherwise it never does
         */
        boolean run(boolean ran) throws TerrariumException;
    }

    /**
     * Does {@code work} while the machine stands still, then lets it go on as before.
     *
     * @return how long the machine stood still for it, in nanoseconds; 0 if it did not run
     * @throws TerrariumException if the machine was or is being switched off, or the work failed, after which it goes on too
     */
    long whileStandingStill(StandstillWork work) throws TerrariumException {
        synchronized (switching) {
            long start = System.nanoTime();
            threads.closeGate();
            while (pending.get() > 0 && !closed) {
                awaitSwitch();
                threads.closeGate();
            }
            if (closed || saved || ending) {
                throw switchedOff();
            }
            boolean ran = running;
            stopClock();
            boolean goesOn = true;
            try {
                goesOn = work.run(ran);
            } finally {
                saved = !goesOn;
                if (ran && goesOn) {
                    startClock();
                    threads.openGate();
                }
            }
            return ran ? System.nanoTime() - start : 0;
        }
    }

    /** Lets the control thread do what devices asked for. */
    private void awaitSwitch() throws TerrariumException {
        try {
            switching.wait(SWITCH_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TerrariumException("it was interrupted: start it again", e);
        }
    }

    private void stopClock() {
        lock.lock();
        try {
            clock.stop();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Does {@code work} while the machine stands still and what it wrote to its disks is durable.
     *
     * @return how long it stood still, in nanoseconds
     * @throws TerrariumException if it is switched off, its disks do not come to rest, or the work failed; then it goes on
     */
    public long standStill(MachineSaver.Standstill work) throws TerrariumException {
        disks.flush();
        return whileStandingStill(ran -> {
            disks.settle();
            return work.goesOn();
        });
    }

    /** What is in its drives. */
    public BoardDisks disks() {
        return disks;
    }

    /** Reads memory, which stays there meanwhile, of a machine that may run and be switched off. */
    void withMemory(MemoryWork work) throws TerrariumException {
        memoryUse.readLock().lock();
        try {
            if (gone) {
                throw switchedOff();
            }
            work.run();
        } finally {
            memoryUse.readLock().unlock();
        }
    }

    /** Work on memory; short, since switching off waits for it. */
    @FunctionalInterface
    interface MemoryWork {
        void run() throws TerrariumException;
    }

    private static TerrariumException switchedOff() {
        return new TerrariumException("the machine was switched off meanwhile: start it again");
    }

    /** Does {@code work} while no device changes, nor memory by one: a network card may be given frames at any time. */
    void withDevicesAtRest(MemoryWork work) throws TerrariumException {
        lock.lock();
        try {
            work.run();
        } finally {
            lock.unlock();
        }
    }

    /** What the machine is but memory and disks. It stands still, its devices at rest. */
    Map<String, byte[]> takeState(boolean ran) {
        return ComputerState.take(computer, clock, ran);
    }

    PersonalComputer computer() {
        return computer;
    }

    /**
     * Makes a board that was never switched on what a saved machine was; {@link #powerOn(boolean)} lets it go on.
     *
     * @return whether the saved machine ran, rather than being paused
     * @throws TerrariumException if the state is corrupt or of another machine; the board can only be closed then
     */
    public boolean restore(SavedMachine from, Progress progress) throws TerrariumException {
        synchronized (switching) {
            StateFile state = from.read();
            new MemoryFileReader(from.memoryFile()).load(state.machine(), state.state(), computer.memory(), progress);
            lock.lock();
            try {
                computer.reset();
                return ComputerState.give(state, from.stateFile(), computer, clock);
            } finally {
                lock.unlock();
            }
        }
    }

    /** Lets a restored machine go on, or stand still as it did. */
    public void powerOn(boolean runs) {
        synchronized (switching) {
            timerThread.start();
            threads.start();
            running = runs;
            if (runs) {
                startClock();
                threads.openGate();
            }
        }
    }

    /** The ACPI power button. */
    public void pressPowerButton() {
        lock.lock();
        try {
            computer.pressPowerButton();
        } finally {
            lock.unlock();
        }
    }

    /** Bytes that somebody typed on the first serial line. */
    public void typeOnSerial(byte[] bytes) {
        lock.lock();
        try {
            computer.typeOnSerial(bytes);
        } finally {
            lock.unlock();
        }
    }

    public Screen screen() {
        return screen;
    }

    /** Asks the guest to make do with so much memory; false if the machine has no balloon. */
    public boolean setBalloon(long guestBytes) {
        lock.lock();
        try {
            computer.balloon()
                    .ifPresent(balloon -> balloon.setTarget(computer.ram().size() - guestBytes));
            return computer.balloon().isPresent();
        } finally {
            lock.unlock();
        }
    }

    private GuestMemory guestMemory() {
        lock.lock();
        try {
            computer.balloon().ifPresent(VirtioBalloon::refreshStatistics);
            return computer.balloon()
                    .map(balloon -> new GuestMemory(
                            computer.ram().size() - balloon.targetBytes(),
                            balloon.actualBytes(),
                            balloon.totalBytes(),
                            balloon.freeBytes(),
                            balloon.availableBytes(),
                            balloon.cachedBytes()))
                    .orElse(GuestMemory.NONE);
        } finally {
            lock.unlock();
        }
    }

    /** Why requests of a drive wait until the machine was paused and resumed, if any do. */
    public Optional<DiskTrouble> diskTrouble() {
        return computer.drives().trouble();
    }

    /** The figures of this moment. */
    public MachineStatistics statistics(MachineState state) {
        synchronized (switching) {
            long resident = closed
                    ? 0
                    : Posix.residentBytes(
                            computer.ram().address(), computer.ram().size());
            ScreenSource.Size size = screen.size();
            EngineStatistics engine = computer.processors().stream()
                    .map(Processor::statistics)
                    .reduce(EngineStatistics.NONE, EngineStatistics::plus);
            return new MachineStatistics(
                    state,
                    computer.processors().getFirst().accelerator(),
                    clock.nanoTime(),
                    computer.processors().size(),
                    computer.processors().stream()
                            .mapToLong(Processor::busyNanos)
                            .sum(),
                    engine.instructions(),
                    computer.ram().size(),
                    resident,
                    size.width(),
                    size.height(),
                    computer.bytesRead(),
                    computer.bytesWritten(),
                    engine,
                    guestMemory(),
                    computer.networkFigures());
        }
    }

    /** Cuts the power and gives everything back. */
    @Override
    public void close() {
        synchronized (switching) {
            if (closed) {
                return;
            }
            closed = true;
            running = false;
            threads.close();
            lock.lock();
            try {
                clock.stop();
                clock.close();
            } finally {
                lock.unlock();
            }
            control.shutdownNow();
            joinTimers();
            screen.close();
            memoryUse.writeLock().lock();
            try {
                gone = true;
                computer.close();
            } finally {
                memoryUse.writeLock().unlock();
            }
        }
    }

    private void joinTimers() {
        boolean interrupted = false;
        while (timerThread.isAlive()) {
            try {
                timerThread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
