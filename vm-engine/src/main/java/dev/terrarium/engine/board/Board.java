// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

import dev.terrarium.engine.EngineStatistics;
import dev.terrarium.engine.GuestMemory;
import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.MachineStatistics;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.device.ScreenSource;
import dev.terrarium.engine.device.chipset.SystemControl;
import dev.terrarium.engine.device.virtio.balloon.VirtioBalloon;
import dev.terrarium.engine.image.DiskTrouble;
import dev.terrarium.engine.posix.Posix;
import dev.terrarium.engine.processor.Processor;
import dev.terrarium.engine.vnc.Screen;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One PC in operation: its parts, the threads of its vCPUs and of its timers, and the switches on its case. Switching is
 * done one thing at a time by a control thread; power on, pause, resume, reset and close wait for it.
 */
public final class Board implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Board.class);

    private final ReentrantLock lock;
    private final BoardEvents events;
    private final BoardClock clock;
    private final PersonalComputer computer;
    private final ProcessorThreads threads;
    private final Thread timerThread;
    private final BoardScreen screen;
    private final ExecutorService control;
    private final Object switching = new Object();
    private boolean running;
    private boolean closed;

    private Board(MachineConfig config, Networks networks, Path log, BoardEvents events) throws TerrariumException {
        this.lock = new ReentrantLock();
        this.events = events;
        this.clock = new BoardClock(lock);
        this.control = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().daemon().name("control of " + config.name()).factory());
        Wires wires = new Wires();
        this.computer = PersonalComputer.build(config, lock, clock, wires, wires, networks, log);
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
        return new Board(config, networks, log, events);
    }

    /** What devices ask of the board. */
    private final class Wires implements SystemControl, PersonalComputer.Outside {
        @Override
        public void requestReset() {
            Board.this.requestReset();
        }

        @Override
        public void requestPowerOff() {
            threads.holdGate();
            events.poweredOff();
        }

        @Override
        public void debugExit(int status) {
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
        threads.holdGate();
        events.crashed("the engine failed (" + death + "): see the log, and report it");
    }

    private void later(Runnable action) {
        try {
            control.execute(action);
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
            if (closed) {
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
            lock.lock();
            try {
                // Time stands still, or the vCPUs' time-stamp counters would go on from different moments.
                clock.stop();
            } finally {
                lock.unlock();
            }
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
            lock.lock();
            try {
                clock.stop();
            } finally {
                lock.unlock();
            }
        }
    }

    /** Goes on after {@link #pause}; what the host could not do for a drive is tried again. */
    public void resume() {
        synchronized (switching) {
            if (closed) {
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
                    guestMemory());
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
            computer.close();
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
