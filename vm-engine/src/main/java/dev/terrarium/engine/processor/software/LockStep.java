// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.util.HexFormat;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Checks every run of compiled code against the interpreter: what the run did is noted and undone, the interpreter executes
 * as many instructions from the same state, and registers, flags and memory must be the same. The first difference ends
 * the vCPU with a report. For one vCPU only; devices are held off meanwhile by the board's lock.
 *
 * <p>Writes reach no pages directly but those of {@link PageImages}, which are copied before the run; compiled code that wants to
 * write elsewhere misses in the TLB and leaves its region as it does for any miss, and the interpreter's write brings the page in.
 * What the interpreter's units do for compiled code and the TLB does not answer, devices and random numbers among it, ends the run before
 * the instruction: so nothing is done twice that cannot be.
 *
 * <p>A run goes on from region to region, as it does unobserved. If it differs, it is done again region by region to say where.
 * Exceptions at the end of a run are not compared, only what comes before them.
 */
final class LockStep implements RegionObserver, SlowPathObserver, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LockStep.class);

    /** Pages that writes reach directly. */
    private static final int PAGES = 8;

    /** A run is cut short at its next back edge after so many nanoseconds. */
    private static final long LONGEST_NANOS = 1_000_000;

    /** So many instructions before the difference are named in the report. */
    private static final int REPORTED_INSTRUCTIONS = 64;

    private final Cpu cpu;
    private final PhysicalAccess memory;
    private final PageWalker walker;
    private final Interpreter interpreter;
    private final ReentrantLock boardLock;
    private final PageImages pages;
    private final ComparedState before = new ComparedState();
    private final ComparedState compiled = new ComparedState();
    private final ComparedState interpreted = new ComparedState();

    private final Thread ticker;
    private volatile boolean running;
    private boolean replaying;

    /** The interpreter reached a device where compiled code did not: at this physical address, else -1. */
    private long strayed = -1;

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
        pages = new PageImages(PAGES, memory.mmu()::flushWritesTo);
        memory.observeBy(this);
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
    public void becomesWritable(long host, long physical) {
        if (replaying) {
            pages.addLate(host, physical);
        } else {
            pages.add(host, physical);
        }
    }

    @Override
    public void writes(long host, long physical) {
        if (replaying) {
            pages.addLate(host, physical);
        }
    }

    @Override
    public void reachesDevice(long physical) {
        if (replaying) {
            strayed = physical;
        }
    }

    @Override
    public void before() {
        while (boardLock.hasQueuedThreads()) {
            Thread.yield();
        }
        boardLock.lock();
        takeBefore();
        running = true;
    }

    private void takeBefore() {
        before.copyFrom(cpu);
        pages.takeBefore();
        updatesBefore = walker.updates();
        strayed = -1;
    }

    @Override
    public void beforeCallOut(Instruction instruction) {
        if (instruction.op == Op.RANDOM) {
            throw cpu.fault(GuestFault.WRITE_TO_CODE, GuestFault.NO_ERROR_CODE);
        }
    }

    @Override
    public void after() {
        running = false;
        try {
            GuestFault fault = cpu.fault;
            int vector = fault.vector;
            int errorCode = fault.errorCode;
            long linear = fault.linear;
            long faultAddress = cpu.cr2;
            compare();
            fault.vector = vector;
            fault.errorCode = errorCode;
            fault.linear = linear;
            cpu.cr2 = faultAddress;
        } finally {
            boardLock.unlock();
        }
    }

    /** The vCPU's thread ends, maybe for an error in compiled code: lets go of the board. */
    void leave() {
        running = false;
        if (boardLock.isHeldByCurrentThread()) {
            boardLock.unlock();
        }
    }

    private void compare() {
        if (isRepeated()) {
            long count = interpreted.instructions() - before.instructions();
            runs += count > 0 ? 1 : 0;
            instructions += count;
        } else if (walker.updates() != updatesBefore) {
            notCompared++;
        } else {
            throw new IllegalStateException(narrowed(report("")));
        }
    }

    /** Has the interpreter do what compiled code did since {@link #before}; leaves its state, and tells whether it is the same. */
    private boolean isRepeated() {
        compiled.copyFrom(cpu);
        pages.takeCompiledAndUndo();
        before.copyTo(cpu);
        replay(compiled.instructions() - before.instructions());
        interpreted.copyFrom(cpu);
        return compiled.sameAs(interpreted) && pages.isAsCompiled() && strayed < 0;
    }

    private void replay(long count) {
        replaying = true;
        interpreter.replay(count);
        replaying = false;
    }

    /** Does the whole run again, each region on its own and leaving it at its first back edge, to find the one that differs. */
    private String narrowed(String whole) {
        long end = compiled.instructions();
        pages.undo();
        before.copyTo(cpu);
        cpu.demandAttention(Cpu.ATTENTION_EVENT);
        while (cpu.instructions < end) {
            takeBefore();
            Region region = interpreter.runSingly();
            if (region != null && !isRepeated()) {
                return report(", found in the " + region.plan().pieces().length + " blocks of one region");
            }
            if (cpu.instructions == before.instructions()) {
                replay(1);
            }
        }
        return whole + "  each region on its own does what the interpreter does: see the flags that are passed on\n";
    }

    private String report(String where) {
        long count = compiled.instructions() - before.instructions();
        StringBuilder text = new StringBuilder(String.format(
                "compiled code differs from the interpreter after %d instructions from %x%s%n",
                count, before.rip(), where));
        text.append(ComparedState.describe(before, interpreted, compiled));
        text.append(pages.describe());
        if (strayed >= 0) {
            text.append(String.format("  the interpreter reached the device at physical %x <---%n", strayed));
        }
        pages.undo();
        before.copyTo(cpu);
        replay(Math.max(0, count - REPORTED_INSTRUCTIONS));
        text.append("  the interpreter's way:\n");
        for (long n = cpu.instructions; n < compiled.instructions(); n++) {
            Block block = interpreter.next();
            text.append(String.format("  %x: %s%n", cpu.rip, code(block.physical, block.instruction(0).length)));
            replay(1);
        }
        return text.toString();
    }

    private String code(long physical, int length) {
        byte[] bytes = new byte[length];
        for (int n = 0; n < length; n++) {
            bytes[n] = (byte) memory.read8(physical + n);
        }
        return HexFormat.of().formatHex(bytes);
    }

    /** Runs of compiled code, of one instruction and more, that were compared, and found to do what the interpreter does. */
    long runs() {
        return runs;
    }

    /** The instructions in them. */
    long instructions() {
        return instructions;
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
