// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.util.HexFormat;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Checks every run of compiled code against the interpreter: what the run did is noted and undone, the interpreter executes
 * as many instructions from the same state, and registers, flags and memory must be the same. The first difference ends
 * the vCPU with a report. For one vCPU only; devices are held off meanwhile by the board's lock.
 *
 * <p>Runs are not compared that reach a device, draw random numbers or set accessed or dirty bits in page tables: they
 * cannot be repeated. Exceptions at the end of a run are not compared either, only what comes before them.
 */
final class LockStep implements RegionObserver, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LockStep.class);

    /** A run is cut short at its next back edge after so many writes and after so many nanoseconds. */
    private static final int MOST_WRITES = 2_000;

    private static final long LONGEST_NANOS = 1_000_000;

    private final Cpu cpu;
    private final PhysicalAccess memory;
    private final PageWalker walker;
    private final Interpreter interpreter;
    private final ReentrantLock boardLock;
    private final WriteLog compiledWrites;
    private final WriteLog interpretedWrites;
    private final ComparedState before = new ComparedState();
    private final ComparedState compiled = new ComparedState();
    private final ComparedState interpreted = new ComparedState();
    private final Map<Region, Boolean> random = new WeakHashMap<>();
    private final Thread ticker;
    private volatile boolean running;
    private long updatesBefore;
    private long runs;
    private long instructions;
    private long notCompared;

    LockStep(Cpu cpu, PhysicalAccess memory, PageWalker walker, Interpreter interpreter, ReentrantLock boardLock) {
        this.cpu = cpu;
        this.memory = memory;
        this.walker = walker;
        this.interpreter = interpreter;
        this.boardLock = boardLock;
        compiledWrites = new WriteLog(MOST_WRITES, () -> cpu.demandAttention(Cpu.ATTENTION_EVENT));
        interpretedWrites = new WriteLog(Integer.MAX_VALUE / 8, () -> {});
        ticker = Thread.ofPlatform().daemon().name("lock-step ticker").start(this::tick);
    }

    /** Devices cannot demand attention while they are held off: this does, so that no loop waits for them. */
    private void tick() {
        while (!Thread.currentThread().isInterrupted()) {
            LockSupport.parkNanos(this, LONGEST_NANOS);
            if (running) {
                cpu.demandAttention(Cpu.ATTENTION_EVENT);
            }
        }
    }

    @Override
    public void before() {
        boardLock.lock();
        before.copyFrom(cpu);
        compiledWrites.clear();
        updatesBefore = walker.updates();
        memory.record(compiledWrites);
        running = true;
    }

    @Override
    public void after(Region region) {
        running = false;
        memory.record(null);
        try {
            if (compiledWrites.hasReachedDevice()
                    || walker.updates() != updatesBefore
                    || random.computeIfAbsent(region, LockStep::drawsRandomNumbers)) {
                notCompared++;
                return;
            }
            compare(region);
        } finally {
            boardLock.unlock();
        }
    }

    private void compare(Region region) {
        GuestFault fault = cpu.fault;
        int vector = fault.vector;
        int errorCode = fault.errorCode;
        long linear = fault.linear;
        long faultAddress = cpu.cr2;
        compiled.copyFrom(cpu);
        long count = compiled.instructions() - before.instructions();
        compiledWrites.undo();
        before.copyTo(cpu);
        interpretedWrites.clear();
        memory.record(interpretedWrites);
        interpreter.replay(count);
        memory.record(null);
        interpreted.copyFrom(cpu);
        if (!compiled.sameAs(interpreted) || !compiledWrites.changesAs(interpretedWrites)) {
            throw new IllegalStateException(report(region, count));
        }
        fault.vector = vector;
        fault.errorCode = errorCode;
        fault.linear = linear;
        cpu.cr2 = faultAddress;
        runs++;
        instructions += count;
    }

    private static boolean drawsRandomNumbers(Region region) {
        for (RegionPlan.Piece piece : region.plan().pieces()) {
            for (Instruction i : piece.code()) {
                if (i.op == Op.RANDOM) {
                    return true;
                }
            }
        }
        return false;
    }

    private String report(Region region, long count) {
        StringBuilder text = new StringBuilder(String.format(
                "compiled code differs from the interpreter after %d instructions from %x%n", count, before.rip()));
        text.append(ComparedState.describe(before, interpreted, compiled));
        if (!compiledWrites.changesAs(interpretedWrites)) {
            text.append("  memory, by host address: interpreted ")
                    .append(interpretedWrites.changes())
                    .append(", compiled ")
                    .append(compiledWrites.changes())
                    .append('\n');
        }
        for (RegionPlan.Piece piece : region.plan().pieces()) {
            byte[] bytes = new byte[piece.block().bytes];
            for (int n = 0; n < bytes.length; n++) {
                bytes[n] = (byte) memory.read8(piece.block().physical + n);
            }
            text.append(String.format(
                    "  code at %x, %s%d: %s%n",
                    piece.delta(),
                    piece.entry() >= 0 ? "entry " : "",
                    piece.entry(),
                    HexFormat.of().formatHex(bytes)));
        }
        return text.toString();
    }

    @Override
    public void close() {
        ticker.interrupt();
        LOG.info(
                "lock-step: {} runs of compiled code with {} instructions were as interpreted; {} not compared",
                runs,
                instructions,
                notCompared);
    }
}
