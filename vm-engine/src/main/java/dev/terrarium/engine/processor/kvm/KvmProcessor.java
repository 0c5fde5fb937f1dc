// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import dev.terrarium.engine.EngineStatistics;
import dev.terrarium.engine.device.Clock;
import dev.terrarium.engine.memory.MemoryMap;
import dev.terrarium.engine.posix.Posix;
import dev.terrarium.engine.posix.PosixException;
import dev.terrarium.engine.processor.LocalInterruptController;
import dev.terrarium.engine.processor.Ports;
import dev.terrarium.engine.processor.Processor;
import dev.terrarium.engine.processor.ProcessorState;
import dev.terrarium.engine.processor.ProcessorState.Activity;
import dev.terrarium.engine.processor.software.ProcessorGroup;
import dev.terrarium.engine.processor.software.SoftwareProcessor;
import java.io.UncheckedIOException;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A vCPU executed by the host's processor through KVM, with the board's own interrupt controllers. A {@link
 * SoftwareProcessor} stands by: it executes the instruction that KVM cannot, enters the handler that a vCPU was about to
 * enter when its state is taken, runs while the A20 gate is closed, and takes over for good when the vCPU makes no progress
 * under KVM ({@link MovePolicy}).
 */
public final class KvmProcessor implements Processor {
    private static final Logger LOG = LoggerFactory.getLogger(KvmProcessor.class);

    /** Exit reasons (linux/kvm.h, KVM_EXIT_*). */
    private static final int EXIT_IO = 2;

    private static final int EXIT_HLT = 5;
    private static final int EXIT_MMIO = 6;
    private static final int EXIT_IRQ_WINDOW_OPEN = 7;
    private static final int EXIT_SHUTDOWN = 8;
    private static final int EXIT_INTR = 10;
    private static final int EXIT_SET_TPR = 11;
    private static final int EXIT_INTERNAL_ERROR = 17;
    private static final int EXIT_SYSTEM_EVENT = 24;
    private static final int NON_MASKABLE_VECTOR = 2;
    private static final int INVALID_OPCODE_VECTOR = 6;

    private static final long LOOK_NANOS = 250_000_000L;

    /** Makes the software processor that stands by, given its interrupt controller and time-stamp counter's frequency. */
    @FunctionalInterface
    public interface StandIn {
        SoftwareProcessor make(LocalInterruptController controller, long timeStampHertz);
    }

    private final KvmMemory memory;
    private final int index;
    private final LocalInterruptController controller;
    private final boolean kernelChips;
    private final Clock clock;
    private final ReentrantLock boardLock;
    private final Consumer<String> leave;
    private final StandInController capture;
    private final SoftwareProcessor software;
    private final ProcessorGroup.Member member;
    private final KvmVcpu vcpu;
    private final KvmRun shared;
    private final KvmRegisters registers;
    private final KvmStatistics statistics;
    private final ProgressWatch progress;
    private final DeviceExits devices;
    private final BoardInterrupts interrupts;
    private final PostedWrites posted;
    private final VcpuInterrupter interrupter;
    private final VcpuTime time;
    private final BusyTime busy = new BusyTime();
    private final Clock.Timer lookTimer;

    private volatile boolean kicked;
    private volatile boolean inSoftware;
    private volatile boolean addressLine20 = true;
    private volatile boolean lookDue;
    private boolean askedToLeave;
    private boolean nonMaskablePending;

    /** These two only with the board's own interrupt controllers: the kernel's know themselves. */
    private boolean halted;

    private boolean waitingForStartup;

    /** An access to a device was answered, and its instruction is finished by the next KVM_RUN. */
    private boolean accessOpen;

    private long exits;
    private long helped;
    private long helpNanos;

    /**
     * @param chips the kernel's interrupt controllers; null if the board's own serve the vCPU
     * @param postedOf gives the machine's ring of posted writes, which is that of its first vCPU
     * @param index 0 for the bootstrap processor
     * @param leave asked, at most once, to have the machine leave KVM ({@link #leaveKvm}), and told why; on the vCPU's thread
     * @throws PosixException if KVM refuses
     */
    KvmProcessor(
            KvmMachine machine,
            KvmMemory memory,
            @Nullable KvmChips chips,
            Function<KvmVcpu, PostedWrites> postedOf,
            int index,
            MemoryMap map,
            Ports ports,
            LocalInterruptController controller,
            Clock clock,
            VcpuTime.MachineTime machineTime,
            ReentrantLock boardLock,
            StandIn standIn,
            MovePolicy policy,
            Consumer<String> leave)
            throws PosixException {
        this.memory = memory;
        this.index = index;
        this.controller = controller;
        this.clock = clock;
        this.boardLock = boardLock;
        this.leave = leave;
        kernelChips = chips != null;
        capture = new StandInController(controller);
        vcpu = machine.createVcpu(index);
        shared = vcpu.shared();
        long timeStampHertz;
        try {
            timeStampHertz = vcpu.timeStampHertz();
            statistics = vcpu.statistics();
        } catch (PosixException e) {
            vcpu.close();
            throw e;
        }
        if (chips != null) {
            chips.attach(vcpu);
        }
        machineTime.setHertz(timeStampHertz);
        time = new VcpuTime(vcpu, machineTime);
        software = standIn.make(capture, timeStampHertz);
        KvmCpuid cpuid = machine.supportedCpuid().limit(software.identity());
        vcpu.announce(cpuid);
        registers = new KvmRegisters(vcpu, (cpuid.leaf(0xD, 0)[0] & ExtendedImage.AVX) != 0);
        progress = new ProgressWatch(policy, statistics::emulatedInstructions);
        devices = new DeviceExits(shared, map, ports, controller, boardLock);
        posted = postedOf.apply(vcpu);
        interrupts = new BoardInterrupts(vcpu, controller, boardLock);
        interrupter = new VcpuInterrupter(shared);
        member = software.group().join(interrupter::interrupt);
        controller.onRequest(this::wake);
        lookTimer = clock.timer(this::lookLater);
        reset();
    }

    private void wake() {
        if (inSoftware) {
            capture.wakeStandIn();
        } else {
            interrupter.interrupt();
        }
    }

    @Override
    public void kick() {
        kicked = true;
        if (inSoftware) {
            software.kick();
        }
        interrupter.interrupt();
    }

    private void lookLater() {
        lookDue = true;
        interrupter.interrupt();
    }

    @Override
    public Exit run() {
        if (inSoftware) {
            return runInSoftware();
        }
        busy.begin();
        interrupter.enter();
        try {
            time.go();
            scheduleLook();
            return runUntilExit();
        } catch (PosixException e) {
            throw new UncheckedIOException("KVM does not go on with vCPU " + index, e);
        } finally {
            interrupter.leave();
            busy.end();
        }
    }

    private Exit runInSoftware() {
        if (kicked) {
            kicked = false;
            return Exit.KICKED;
        }
        Exit exit = software.run();
        kicked &= exit != Exit.KICKED;
        return exit;
    }

    private Exit runUntilExit() throws PosixException {
        while (true) {
            interrupter.beginLook();
            if (kicked) {
                kicked = false;
                return Exit.KICKED;
            }
            takeSignals();
            if (lookDue && look()) {
                return Exit.KICKED;
            }
            if (waitingForStartup || halted && !wakesUp()) {
                interrupter.sleep();
            } else if (!addressLine20 && runsNow()) {
                if (!executeInSoftware(false)) {
                    return Exit.SHUTDOWN;
                }
            } else if (!enterGuest()) {
                return Exit.SHUTDOWN;
            }
        }
    }

    /** A vCPU that the kernel's controllers are to wake waits inside KVM_RUN, whatever the A20 gate is. */
    private boolean runsNow() throws PosixException {
        return !kernelChips || vcpu.activity() == KvmActivity.RUNNABLE;
    }

    private boolean wakesUp() {
        halted &= !interrupts.wakesUp();
        return !halted;
    }

    /** Enters the guest and does what it leaves it for; false after a triple fault. */
    private boolean enterGuest() throws PosixException {
        halted = false;
        if (nonMaskablePending) {
            nonMaskablePending = false;
            vcpu.injectNonMaskable();
        }
        if (!kernelChips) {
            interrupts.prepare();
        }
        int result = enter();
        if (result < 0) {
            if (result != -Posix.EINTR && result != -Posix.EAGAIN) {
                throw new PosixException("KVM_RUN of vCPU " + index, -result);
            }
            return true;
        }
        switch (shared.exitReason()) {
            case EXIT_IO -> {
                exits++;
                accessOpen = true;
                devices.port();
            }
            case EXIT_MMIO -> {
                exits++;
                accessOpen = true;
                devices.memory();
            }
            case EXIT_HLT -> halted = true;
            case EXIT_IRQ_WINDOW_OPEN, EXIT_INTR, EXIT_SET_TPR -> {}
            case EXIT_SHUTDOWN, EXIT_SYSTEM_EVENT -> {
                return false;
            }
            default -> {
                return executeInSoftware(shared.exitReason() == EXIT_INTERNAL_ERROR);
            }
        }
        return true;
    }

    private int enter() {
        if (!kernelChips) {
            interrupts.beforeRun();
        }
        member.enter();
        int result = vcpu.enter();
        member.leave();
        accessOpen = false;
        posted.deliver();
        if (!kernelChips) {
            interrupts.afterRun();
        }
        return result;
    }

    private void takeSignals() throws PosixException {
        if (!controller.signalPending()) {
            return;
        }
        switch (interrupts.takeSignal()) {
            case NONE -> {}
            case NON_MASKABLE -> {
                nonMaskablePending = true;
                halted = false;
            }
            case INIT -> {
                fetch();
                software.initialize();
                nonMaskablePending = false;
                take(software.state(), false);
            }
            case STARTUP -> {
                if (kernelChips ? vcpu.activity().waitsForStartup() : waitingForStartup) {
                    fetch();
                    take(startedAt(software.state(), controller.startupVector()), false);
                }
            }
        }
    }

    private static ProcessorState startedAt(ProcessorState reset, int vector) {
        ProcessorState.Segment[] segments = reset.segments().clone();
        ProcessorState.Segment code = segments[1];
        segments[1] = new ProcessorState.Segment(vector << 8, (long) vector << 12, code.limit(), code.attributes());
        return new ProcessorState(
                reset.registers(),
                0,
                reset.flags(),
                segments,
                reset.globalDescriptorTable(),
                reset.interruptDescriptorTable(),
                reset.controlRegisters(),
                reset.debugRegisters(),
                reset.modelSpecificRegisters(),
                reset.extendedControl(),
                reset.extendedState(),
                Activity.RUNNING,
                false,
                false);
    }

    // The software processor's help.

    /**
     * Has the software processor execute one instruction; false after a triple fault.
     *
     * @param emulationFailed KVM could not, and may have queued an invalid opcode exception for it
     */
    private boolean executeInSoftware(boolean emulationFailed) throws PosixException {
        long start = System.nanoTime();
        handOver(emulationFailed);
        if (software.runsNow()) {
            software.executeOne();
        }
        boolean alive = !software.takeShutdown();
        take(software.state(), false);
        helped++;
        helpNanos += System.nanoTime() - start;
        return alive;
    }

    /** Gives the software processor the state as it is. */
    private void fetch() throws PosixException {
        finishAccess();
        Activity activity = kernelChips
                ? vcpu.activity().asActivity()
                : waitingForStartup ? Activity.WAITING_FOR_STARTUP : halted ? Activity.HALTED : Activity.RUNNING;
        software.restore(registers.read(activity, kernelChips ? null : controller));
        if (kernelChips) {
            capture.lent(registers.apicBase(), registers.taskPriority());
        }
    }

    /** Gives it the state, and has it enter the handler that the vCPU was about to enter. */
    private void handOver(boolean emulationFailed) throws PosixException {
        fetch();
        enterPending(emulationFailed);
    }

    private void enterPending(boolean emulationFailed) {
        KvmEvents events = registers.events();
        nonMaskablePending |= events.nonMaskablePending();
        if (events.exception() && !(emulationFailed && events.exceptionVector() == INVALID_OPCODE_VECTOR)) {
            software.enterException(events.exceptionVector(), events.exceptionError());
        } else if (events.interrupt()) {
            software.enterInterrupt(events.interruptVector());
        } else if (events.nonMaskable()) {
            software.enterInterrupt(NON_MASKABLE_VECTOR);
        }
    }

    /** Lets the instruction that accessed a device finish, without another. */
    private void finishAccess() throws PosixException {
        while (accessOpen) {
            shared.setImmediateExit(true);
            int result = enter();
            if (result == 0 && shared.exitReason() == EXIT_IO) {
                devices.port();
                accessOpen = true;
            } else if (result == 0 && shared.exitReason() == EXIT_MMIO) {
                devices.memory();
                accessOpen = true;
            } else if (result < 0 && result != -Posix.EINTR) {
                throw new PosixException("KVM_RUN of vCPU " + index, -result);
            }
        }
    }

    private void take(ProcessorState state, boolean timeStamp) throws PosixException {
        accessOpen = false;
        registers.write(state, timeStamp, capture.baseAddress());
        if (kernelChips) {
            capture.own();
            vcpu.setActivity(KvmActivity.of(state.activity()));
        } else {
            interrupts.baseGiven();
            halted = state.activity() == Activity.HALTED;
            waitingForStartup = state.activity() == Activity.WAITING_FOR_STARTUP;
        }
    }

    /** Judges the vCPU's progress; true if the machine is to leave KVM. */
    private boolean look() {
        lookDue = false;
        scheduleLook();
        Optional<String> reason =
                askedToLeave ? Optional.empty() : progress.judge(busy.nanos(), helpNanos, exits + posted.count());
        reason.ifPresent(why -> {
            askedToLeave = true;
            LOG.info("vCPU {} is to leave KVM: {} ({} instructions helped with)", index, why, helped);
            leave.accept(why);
        });
        return reason.isPresent();
    }

    private void scheduleLook() {
        boardLock.lock();
        try {
            lookTimer.schedule(clock.nanoTime() + LOOK_NANOS);
        } finally {
            boardLock.unlock();
        }
    }

    // From outside, while the vCPU does not run.

    /**
     * Leaves KVM for the software processor, for good. Not while the vCPU runs; the board's interrupt controllers have their
     * state. All vCPUs of a machine go together, for KVM tells nobody what its vCPUs write to code.
     */
    public void leaveKvm() {
        if (inSoftware) {
            return;
        }
        try {
            long counter = time.stoppedAt();
            fetch();
            software.restore(KvmRegisters.withTimeStamp(software.state(), counter));
            enterPending(false);
        } catch (PosixException e) {
            throw new UncheckedIOException("KVM does not give vCPU " + index + " away", e);
        }
        capture.own();
        if (nonMaskablePending) {
            nonMaskablePending = false;
            software.requestNonMaskable();
        }
        inSoftware = true;
        if (kicked) {
            software.kick();
        }
    }

    private void resetRegisters() throws PosixException {
        software.reset();
        nonMaskablePending = false;
        take(software.state(), false);
    }

    @Override
    public void reset() {
        if (inSoftware) {
            software.reset();
            return;
        }
        try {
            resetRegisters();
        } catch (PosixException e) {
            throw new UncheckedIOException("KVM does not reset vCPU " + index, e);
        }
    }

    @Override
    public ProcessorState state() {
        if (!inSoftware) {
            try {
                long counter = time.stoppedAt();
                fetch();
                enterPending(false);
                ProcessorState state = software.state();
                take(state, false);
                return KvmRegisters.withTimeStamp(state, counter);
            } catch (PosixException e) {
                throw new UncheckedIOException("KVM does not tell the state of vCPU " + index, e);
            }
        }
        return software.state();
    }

    @Override
    public void restore(ProcessorState state) {
        software.restore(state);
        if (!inSoftware) {
            try {
                memory.forgetTranslations();
                take(state, true);
                time.counterSet();
            } catch (PosixException e) {
                throw new UncheckedIOException("KVM does not take the state of vCPU " + index, e);
            }
        }
    }

    @Override
    public void setA20(boolean enabled) {
        addressLine20 = enabled;
        software.setA20(enabled);
    }

    /** Has the vCPU left KVM? Any thread. */
    public boolean inSoftware() {
        return inSoftware;
    }

    /** Instructions that the software processor executed for KVM; to be asked for while the vCPU does not run. */
    long helped() {
        return helped;
    }

    /** Accesses to devices, each of which left the guest; as {@link #helped}. */
    long exits() {
        return exits;
    }

    @Override
    public String accelerator() {
        return inSoftware ? software.accelerator() : "kvm";
    }

    /** Those that the software processor executed; KVM does not count. */
    @Override
    public long instructions() {
        return software.instructions();
    }

    @Override
    public EngineStatistics statistics() {
        return software.statistics();
    }

    @Override
    public long busyNanos() {
        return busy.nanos() + (inSoftware ? software.busyNanos() : 0);
    }

    @Override
    public void close() {
        boardLock.lock();
        try {
            lookTimer.cancel();
        } finally {
            boardLock.unlock();
        }
        posted.close();
        interrupter.close();
        software.close();
        statistics.close();
        vcpu.close();
    }
}
