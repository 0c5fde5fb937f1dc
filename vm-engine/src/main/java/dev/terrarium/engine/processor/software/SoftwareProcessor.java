// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.EngineStatistics;
import dev.terrarium.engine.device.Clock;
import dev.terrarium.engine.memory.MemoryMap;
import dev.terrarium.engine.processor.CpuidSource;
import dev.terrarium.engine.processor.LocalInterruptController;
import dev.terrarium.engine.processor.LocalInterruptController.Signal;
import dev.terrarium.engine.processor.Ports;
import dev.terrarium.engine.processor.Processor;
import dev.terrarium.engine.processor.ProcessorState;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * An x86-64 vCPU executed by the host's JVM. {@link #run} alternates between the interpreter, which leaves its loop when
 * attention is demanded, and what demanded it: interrupts, INIT, single-stepping, HLT.
 */
public final class SoftwareProcessor implements Processor {
    private static final long HALT_WAIT_NANOS = 500_000_000L;
    private static final long NOT_BUSY = Long.MIN_VALUE;

    private final Cpu cpu;
    private final ProcessorGroup.Member member;
    private final LocalInterruptController controller;
    private final ReentrantLock boardLock;
    private final PageWalker walker;
    private final PhysicalAccess memory;
    private final SegmentLoader segments;
    private final Interrupts interrupts;
    private final ModelSpecificRegisters registers;
    private final CpuIdentity identity;
    private final BlockCache blocks;
    private final Interpreter interpreter;
    private final @Nullable RegionCompiler compiler;
    private final @Nullable LockStep lockStep;
    private final boolean bootstrap;
    private boolean waitingForStartup;
    private boolean nonMaskablePending;
    private volatile boolean mapChanged;
    private volatile boolean a20 = true;
    private volatile boolean a20Changed;
    private volatile @Nullable Thread sleeper;
    private volatile long busyNanos;
    private volatile long busySince = NOT_BUSY;

    /**
     * @param index 0 for the bootstrap processor
     * @param group the machine's vCPUs, of which CPUID tells
     * @param features the extensions that CPUID announces; instructions of others raise #UD
     * @param floatingPointError called when an x87 error is to be reported by an interrupt (CR0.NE clear): IRQ 13
     */
    public SoftwareProcessor(
            int index,
            ProcessorGroup group,
            FeatureSet features,
            MemoryMap map,
            Ports ports,
            LocalInterruptController controller,
            Clock clock,
            ReentrantLock boardLock,
            Runnable floatingPointError) {
        this(
                index,
                group,
                features,
                map,
                ports,
                controller,
                clock,
                TimeStampCounter.USUAL_HERTZ,
                boardLock,
                floatingPointError);
    }

    /** The same with a time-stamp counter of {@code timeStampHertz} ticks a second: that of the processor it stands in for. */
    public SoftwareProcessor(
            int index,
            ProcessorGroup group,
            FeatureSet features,
            MemoryMap map,
            Ports ports,
            LocalInterruptController controller,
            Clock clock,
            long timeStampHertz,
            ReentrantLock boardLock,
            Runnable floatingPointError) {
        this(
                index,
                group,
                features,
                map,
                ports,
                controller,
                new TimeStampCounter(clock, timeStampHertz),
                boardLock,
                floatingPointError,
                Compilation.asked());
    }

    /** With a say in when code is compiled. */
    SoftwareProcessor(
            int index,
            ProcessorGroup group,
            FeatureSet features,
            MemoryMap map,
            Ports ports,
            LocalInterruptController controller,
            Clock clock,
            ReentrantLock boardLock,
            Runnable floatingPointError,
            Compilation compilation) {
        this(
                index,
                group,
                features,
                map,
                ports,
                controller,
                new TimeStampCounter(clock, TimeStampCounter.USUAL_HERTZ),
                boardLock,
                floatingPointError,
                compilation);
    }

    private SoftwareProcessor(
            int index,
            ProcessorGroup group,
            FeatureSet features,
            MemoryMap map,
            Ports ports,
            LocalInterruptController controller,
            TimeStampCounter counter,
            ReentrantLock boardLock,
            Runnable floatingPointError,
            Compilation compilation) {
        this.controller = controller;
        this.boardLock = boardLock;
        this.bootstrap = index == 0;
        cpu = new Cpu(features);
        cpu.shared = group.isShared();
        member = group.join(() -> cpu.demandAttention(Cpu.ATTENTION_EVENT));
        walker = new PageWalker(cpu, map);
        memory = new PhysicalAccess(cpu, walker, map, controller, boardLock);
        Segmentation addresses = new Segmentation(cpu);
        segments = new SegmentLoader(cpu, memory);
        ControlRegisters control = new ControlRegisters(cpu, memory, segments);
        TaskSwitch tasks = new TaskSwitch(cpu, memory, segments, control);
        interrupts = new Interrupts(cpu, memory, segments, tasks);
        InterruptWindow window = new InterruptWindow(cpu, controller);
        ControlTransfer transfer = new ControlTransfer(cpu, memory, addresses, segments, tasks, window);
        registers = new ModelSpecificRegisters(cpu, control, counter, controller, boardLock, memory);
        identity = new CpuIdentity(index, group.size(), cpu);
        SystemUnit system = new SystemUnit(
                cpu,
                memory,
                addresses,
                segments,
                transfer,
                interrupts,
                control,
                registers,
                counter,
                identity,
                window,
                controller,
                boardLock,
                ports);
        Mmu mmu = memory.mmu();
        blocks = new BlockCache(map.codePages(), memory, mmu, cpu);
        blocks.stopOthersBy(member::alone);
        memory.stopOthersBy(member::alone);
        interpreter = new Interpreter(
                cpu,
                mmu,
                addresses,
                blocks,
                system,
                new X87Unit(cpu, mmu, addresses, floatingPointError),
                new SimdUnit(cpu, mmu, addresses, floatingPointError),
                fault -> interrupts.deliver(fault.vector, fault.errorCode),
                system,
                ports);
        memory.findCodeBy(blocks::holdsCode);
        if (compilation.threshold() > 0) {
            compiler = new RegionCompiler(cpu, interpreter, blocks, compilation);
            interpreter.compileWith(compiler, compilation.threshold());
        } else {
            compiler = null;
        }
        if (compilation.lockStep()) {
            if (group.isShared()) {
                throw new IllegalArgumentException(
                        "terrarium.compilation=lockstep is for machines with one vCPU, this one has " + group.size());
            }
            lockStep = new LockStep(cpu, memory, walker, interpreter, boardLock);
            interpreter.observeRegions(lockStep);
        } else {
            lockStep = null;
        }
        memory.onFlush(blocks);
        map.onChange(this::mapChanged);
        controller.onRequest(this::wake);
        reset();
    }

    /** The physical address map changed, on any thread: what was cached of it goes before the next instruction. */
    private void mapChanged() {
        mapChanged = true;
        cpu.demandAttention(Cpu.ATTENTION_EVENT);
    }

    private void wake() {
        cpu.demandAttention(Cpu.ATTENTION_EVENT);
        Thread waiting = sleeper;
        if (waiting != null) {
            LockSupport.unpark(waiting);
        }
    }

    @Override
    public void kick() {
        cpu.demandAttention(Cpu.ATTENTION_KICK);
        Thread waiting = sleeper;
        if (waiting != null) {
            LockSupport.unpark(waiting);
        }
    }

    @Override
    public Exit run() {
        beginBusy();
        member.enter();
        try {
            while (true) {
                int attention = cpu.takeAttention();
                if ((attention & Cpu.ATTENTION_KICK) != 0) {
                    return Exit.KICKED;
                }
                member.giveWay();
                followTheBoard();
                blocks.enter();
                if (compiler != null) {
                    compiler.installReady();
                }
                if (interrupts.shutdown()) {
                    interrupts.clearShutdown();
                    return Exit.SHUTDOWN;
                }
                boolean shadowed = cpu.interruptShadow && cpu.rip == cpu.shadowedInstruction;
                cpu.interruptShadow = false;
                cpu.trapShadow &= shadowed;
                if (!cpu.trapShadow) {
                    takeSignals();
                }
                if (waitingForStartup || cpu.halted && !interruptible()) {
                    member.leave();
                    endBusy();
                    sleep();
                    beginBusy();
                    member.enter();
                    continue;
                }
                if (shadowed) {
                    step();
                    cpu.demandAttention(Cpu.ATTENTION_EVENT);
                    continue;
                }
                if (interruptible()) {
                    takeInterrupt();
                }
                if ((cpu.systemFlags & Cpu.FLAG_TF) != 0) {
                    step();
                    cpu.demandAttention(Cpu.ATTENTION_EVENT);
                } else if (!cpu.halted) {
                    interpreter.run();
                }
            }
        } finally {
            if (lockStep != null) {
                lockStep.leave();
            }
            member.leave();
            endBusy();
        }
    }

    /** Takes over what any thread changed about memory: the A20 gate and the address map. */
    private void followTheBoard() {
        if (a20Changed) {
            a20Changed = false;
            walker.setA20(a20);
            memory.flush();
        }
        if (mapChanged) {
            mapChanged = false;
            memory.flush();
            blocks.forgetAll();
        }
    }

    private void beginBusy() {
        busySince = System.nanoTime();
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // only the vCPU's thread writes
    private void endBusy() {
        busyNanos += System.nanoTime() - busySince;
        busySince = NOT_BUSY;
    }

    /** One instruction, followed by the single-step trap if TF was set before it. */
    private void step() {
        boolean trap = (cpu.systemFlags & Cpu.FLAG_TF) != 0;
        long entries = interrupts.entries();
        int cpl = cpu.cpl;
        cpu.trapShadow = false;
        interpreter.step();
        boolean enteredKernel = interrupts.entries() != entries || cpu.cpl < cpl;
        boolean stays = (cpu.systemFlags & Cpu.FLAG_TF) != 0;
        if (trap && !cpu.trapShadow && (!enteredKernel || stays && interrupts.entries() == entries)) {
            cpu.debug[6] |= 1 << 14;
            interrupts.deliver(GuestFault.DEBUG, GuestFault.NO_ERROR_CODE);
        }
    }

    /**
     * Executes one instruction of a state taken over by {@link #restore}, without regard to interrupts, and enters the handler
     * of the exception that it raises. Not while {@link #run} runs.
     */
    public void executeOne() {
        followTheBoard();
        boolean shadowed = cpu.interruptShadow && cpu.rip == cpu.shadowedInstruction;
        cpu.interruptShadow = false;
        cpu.trapShadow &= shadowed;
        step();
    }

    /** Enters the handler of an exception; {@code errorCode} is -1 if it has none. As {@link #executeOne} otherwise. */
    public void enterException(int vector, int errorCode) {
        followTheBoard();
        interrupts.deliver(vector, errorCode < 0 ? GuestFault.NO_ERROR_CODE : errorCode);
    }

    /** Enters the handler of an interrupt that was acknowledged. As {@link #executeOne} otherwise. */
    public void enterInterrupt(int vector) {
        followTheBoard();
        cpu.halted = false;
        deliverExternal(vector);
    }

    /** Makes a non-maskable interrupt pending. As {@link #executeOne} otherwise. */
    public void requestNonMaskable() {
        nonMaskablePending = true;
        cpu.demandAttention(Cpu.ATTENTION_EVENT);
    }

    /** Did the guest cause a triple fault since the last call? As {@link #executeOne} otherwise. */
    public boolean takeShutdown() {
        boolean shutdown = interrupts.shutdown();
        interrupts.clearShutdown();
        return shutdown;
    }

    /** What CPUID answers now. */
    public CpuidSource identity() {
        return identity;
    }

    private boolean interruptible() {
        return (cpu.systemFlags & Cpu.FLAG_IF) != 0 && controller.interruptPending();
    }

    private void takeInterrupt() {
        int vector;
        boardLock.lock();
        try {
            vector = controller.acknowledge();
        } finally {
            boardLock.unlock();
        }
        if (vector >= 0) {
            cpu.halted = false;
            deliverExternal(vector);
        }
    }

    private void deliverExternal(int vector) {
        try {
            interrupts.enter(vector, Interrupts.Source.EXTERNAL, GuestFault.NO_ERROR_CODE);
        } catch (GuestFault fault) {
            if (fault.vector == GuestFault.NON_CANONICAL_ACCESS) {
                fault.vector = GuestFault.GENERAL_PROTECTION;
            }
            interrupts.deliver(fault.vector, fault.errorCode);
        }
    }

    private Signal nextSignal() {
        if (!controller.signalPending()) {
            return Signal.NONE;
        }
        boardLock.lock();
        try {
            return controller.takeSignal();
        } finally {
            boardLock.unlock();
        }
    }

    private void takeSignals() {
        switch (nextSignal()) {
            case NONE -> {}
            case NON_MASKABLE -> nonMaskablePending = true;
            case INIT -> {
                initialize();
                waitingForStartup = !bootstrap;
            }
            case STARTUP -> {
                if (waitingForStartup) {
                    waitingForStartup = false;
                    segments.setParagraph(Cpu.CS, controller.startupVector() << 8);
                    cpu.rip = 0;
                }
            }
        }
        if (nonMaskablePending && !cpu.nonMaskableBlocked) {
            nonMaskablePending = false;
            cpu.nonMaskableBlocked = true;
            cpu.halted = false;
            deliverExternal(GuestFault.NON_MASKABLE);
        }
    }

    private void sleep() {
        sleeper = Thread.currentThread();
        if (cpu.attention() == 0) {
            LockSupport.parkNanos(this, HALT_WAIT_NANOS);
        }
        sleeper = null;
    }

    @Override
    public void reset() {
        cpu.cr0 = Cpu.CR0_NW | Cpu.CR0_CD;
        cpu.xcr0 = 1;
        cpu.floatingPoint.reset();
        registers.reset();
        initialize();
    }

    /** INIT: leaves x87, SSE, MSRs and the time-stamp counter as they are (Intel SDM volume 3, table 10-1). */
    private void initialize() {
        java.util.Arrays.fill(cpu.gpr, 0);
        cpu.gpr[Cpu.RDX] = 0x600;
        cpu.setFlags(2);
        for (int i = 0; i < 8; i++) {
            cpu.selector[i] = 0;
            cpu.segmentBase[i] = 0;
            cpu.segmentLimit[i] = 0xFFFF;
            cpu.segmentAttributes[i] = SegmentLoader.PARAGRAPH_ATTRIBUTES;
        }
        cpu.segmentAttributes[Cpu.LDTR] = Descriptor.PRESENT | Descriptor.TYPE_LDT << 8;
        cpu.segmentAttributes[Cpu.TR] = Descriptor.PRESENT | Descriptor.TYPE_TSS_BUSY << 8;
        cpu.selector[Cpu.CS] = 0xF000;
        cpu.segmentBase[Cpu.CS] = 0xFFFF_0000L;
        cpu.rip = 0xFFF0;
        cpu.gdtBase = 0;
        cpu.gdtLimit = 0xFFFF;
        cpu.idtBase = 0;
        cpu.idtLimit = 0xFFFF;
        cpu.cr0 = Cpu.CR0_ET | cpu.cr0 & (Cpu.CR0_NW | Cpu.CR0_CD);
        cpu.cr2 = 0;
        cpu.cr3 = 0;
        cpu.cr4 = 0;
        cpu.efer = 0;
        cpu.longMode = false;
        java.util.Arrays.fill(cpu.debug, 0);
        cpu.debug[6] = 0xFFFF_0FF0L;
        cpu.debug[7] = 0x400;
        cpu.interruptShadow = false;
        cpu.trapShadow = false;
        nonMaskablePending = false;
        cpu.nonMaskableBlocked = false;
        cpu.halted = false;
        interrupts.clearShutdown();
        waitingForStartup = !bootstrap;
        segments.setPrivilege(0);
        memory.flush();
        cpu.demandAttention(Cpu.ATTENTION_EVENT);
    }

    /** Any vCPU may move the gate; each follows before its next instruction. */
    @Override
    public void setA20(boolean enabled) {
        a20 = enabled;
        a20Changed = true;
        cpu.demandAttention(Cpu.ATTENTION_EVENT);
    }

    @Override
    public ProcessorState state() {
        boardLock.lock();
        try {
            return StateExchange.save(cpu, registers, controller.taskPriorityClass(), waitingForStartup);
        } finally {
            boardLock.unlock();
        }
    }

    @Override
    public void restore(ProcessorState state) {
        StateExchange.restore(state, cpu, registers);
        waitingForStartup = state.activity() == ProcessorState.Activity.WAITING_FOR_STARTUP;
        segments.setPrivilege(StateExchange.privilege(cpu));
        memory.flush();
        mapChanged = true;
        cpu.demandAttention(Cpu.ATTENTION_EVENT);
    }

    @Override
    public String accelerator() {
        return "software";
    }

    /** The vCPU's thread writes the counter without ceremony; a reader elsewhere sees a value a moment old. */
    @Override
    public long instructions() {
        return cpu.instructionsSeenFromOutside();
    }

    /** How many instructions compiled code executed; to be asked for while the processor does not run. */
    long compiledInstructions() {
        return cpu.compiledInstructions;
    }

    @Override
    public EngineStatistics statistics() {
        return compiler == null
                ? EngineStatistics.interpreted(instructions())
                : new EngineStatistics(
                        instructions(), cpu.compiledInstructions, compiler.compileNanos(), compiler.codeBytes(), (int)
                                compiler.regions());
    }

    @Override
    public long busyNanos() {
        long since = busySince;
        return busyNanos + (since == NOT_BUSY ? 0 : System.nanoTime() - since);
    }

    @Override
    public void close() {
        kick();
        if (compiler != null) {
            compiler.close();
        }
        if (lockStep != null) {
            lockStep.close();
        }
    }
}
