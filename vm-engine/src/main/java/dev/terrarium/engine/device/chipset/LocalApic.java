// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

import dev.terrarium.engine.device.Clock;
import dev.terrarium.engine.device.Device;
import dev.terrarium.engine.device.InterruptLine;
import dev.terrarium.engine.device.RegisterWindow;
import dev.terrarium.engine.device.StateCheck;
import dev.terrarium.engine.processor.LocalInterruptController;
import java.util.Arrays;
import java.util.function.IntSupplier;

/**
 * A local APIC (Intel SDM volume 3, chapter 11) in xAPIC mode.
 *
 * <p>While it is disabled, by its base register or by software, its LINT0 pin is the processor's INTR pin: interrupts
 * of the 8259 pair go straight through, as they do through a LINT0 entry in ExtINT mode.
 */
public final class LocalApic implements Device<LocalApic.State>, LocalInterruptController {
    private static final long DEFAULT_BASE = 0xFEE0_0000L;
    private static final long BASE_BOOTSTRAP = 0x100;
    private static final long BASE_ENABLE = 0x800;
    private static final long BASE_ADDRESS = 0xF_FFFF_F000L;

    private static final int VERSION = 0x0005_0014;

    /** Register offsets divided by 16. */
    private static final int REGISTER_ID = 0x02;

    private static final int REGISTER_VERSION = 0x03;
    private static final int REGISTER_TPR = 0x08;
    private static final int REGISTER_APR = 0x09;
    private static final int REGISTER_PPR = 0x0A;
    private static final int REGISTER_EOI = 0x0B;
    private static final int REGISTER_LDR = 0x0D;
    private static final int REGISTER_DFR = 0x0E;
    private static final int REGISTER_SVR = 0x0F;
    private static final int REGISTER_ISR = 0x10;
    private static final int REGISTER_IRR = 0x20;
    private static final int REGISTER_ESR = 0x28;
    private static final int REGISTER_ICR_LOW = 0x30;
    private static final int REGISTER_ICR_HIGH = 0x31;
    private static final int REGISTER_LVT = 0x32;
    private static final int REGISTER_INITIAL_COUNT = 0x38;
    private static final int REGISTER_CURRENT_COUNT = 0x39;
    private static final int REGISTER_DIVIDE = 0x3E;

    private static final int LVT_TIMER = 0;
    private static final int LVT_LINT0 = 3;
    private static final int LVT_LINT1 = 4;
    private static final int LVT_ERROR = 5;
    private static final int[] LVT_WRITABLE = {0x300FF, 0x107FF, 0x107FF, 0x1A7FF, 0x1A7FF, 0x100FF};
    private static final int LVT_MASKED = 0x1_0000;
    static final int LVT_PERIODIC = 0x2_0000;

    private static final int SVR_ENABLE = 0x100;
    private static final int SVR_WRITABLE = 0x3FF;
    private static final int SVR_POWER_ON = 0xFF;
    private static final int DFR_FLAT = 0xF;
    private static final int DFR_WRITABLE = 0xF000_0000;
    private static final int HIGH_BYTE = 0xFF00_0000;
    private static final int BROADCAST = 0xFF;

    private static final int ESR_SEND_ILLEGAL_VECTOR = 0x20;
    private static final int ESR_RECEIVE_ILLEGAL_VECTOR = 0x40;
    private static final int ESR_ILLEGAL_REGISTER = 0x80;
    private static final int ESR_BITS = 0xE0;

    private static final int ICR_WRITABLE = 0xCCFFF;
    private static final int ICR_LOGICAL = 0x800;
    private static final int ICR_ASSERT = 0x4000;
    private static final int ICR_LEVEL = 0x8000;

    /** Bits 18 and 19 of the interrupt command register. */
    private enum Shorthand {
        NONE,
        SELF,
        ALL,
        OTHERS
    }

    private static final Shorthand[] SHORTHANDS = Shorthand.values();

    /** The registers, the levels of the pins, and the requests that the processor has yet to take. */
    public record State(
            long base,
            int id,
            int tpr,
            int ldr,
            int dfr,
            int svr,
            int[] isr,
            int[] tmr,
            int[] irr,
            int esr,
            int errors,
            int icrLow,
            int icrHigh,
            int[] lvt,
            ApicTimer.State timer,
            boolean lint0,
            boolean lint1,
            boolean external,
            boolean nonMaskable,
            boolean init,
            boolean startup,
            boolean waitingForStartup,
            int startupVector) {}

    private final int number;
    private final boolean bootstrap;
    private final ApicBus bus;
    private final IntSupplier acknowledgeExternal;
    private final ApicTimer timer;
    private final VectorSet isr = new VectorSet();
    private final VectorSet tmr = new VectorSet();
    private final VectorSet irr = new VectorSet();
    private final int[] lvt = new int[LVT_WRITABLE.length];
    private Runnable wake = () -> {};
    private RegisterWindow window = new Registers();

    private long base;
    private int id;
    private int tpr;
    private int ldr;
    private int dfr;
    private int svr;
    private int esr;
    private int errors;
    private int icrLow;
    private int icrHigh;
    private boolean lint0;
    private boolean lint1;
    private boolean external;
    private boolean nonMaskable;
    private boolean init;
    private boolean startup;
    private boolean waitingForStartup;
    private int startupVector;
    private volatile boolean pending;
    private volatile boolean signalled;

    /**
     * @param number the processor's number and APIC ID; 0 is the bootstrap processor
     * @param acknowledgeExternal acknowledges the 8259 pair's interrupt and returns its vector
     */
    public LocalApic(int number, Clock clock, ApicBus bus, IntSupplier acknowledgeExternal) {
        this.number = number;
        this.bus = bus;
        this.acknowledgeExternal = acknowledgeExternal;
        bootstrap = number == 0;
        timer = new ApicTimer(clock, this::timerExpired);
        powerOn();
        bus.attach(this);
    }

    @Override
    public String name() {
        return "lapic" + number;
    }

    /** The LINT0 pin, to which the bootstrap processor's board wires the 8259 pair's output. */
    public InterruptLine lint0() {
        return this::setLint0;
    }

    /** The LINT1 pin, which boards use for non-maskable interrupts. */
    public InterruptLine lint1() {
        return this::setLint1;
    }

    /** Sends this processor a non-maskable interrupt, whatever LINT1 says. */
    public void injectNonMaskable() {
        receive(DeliveryMode.NON_MASKABLE, 0, false);
    }

    // The processor's side.

    @Override
    public boolean interruptPending() {
        return pending;
    }

    @Override
    public boolean signalPending() {
        return signalled;
    }

    /** Does this processor, other than the bootstrap one, wait for a start-up message before it runs? */
    public boolean waitingForStartup() {
        return waitingForStartup;
    }

    @Override
    public int acknowledge() {
        int vector = deliverable();
        if (vector >= 0) {
            irr.set(vector, false);
            isr.set(vector, true);
            update();
            return vector;
        }
        if (!externalPending()) {
            return -1;
        }
        external = false;
        vector = acknowledgeExternal.getAsInt();
        update();
        return vector;
    }

    @Override
    public Signal takeSignal() {
        Signal taken = Signal.NONE;
        if (init) {
            init = false;
            taken = Signal.INIT;
        } else if (startup) {
            startup = false;
            taken = Signal.STARTUP;
        } else if (nonMaskable) {
            nonMaskable = false;
            taken = Signal.NON_MASKABLE;
        }
        signalled = init || startup || nonMaskable;
        if (signalled) {
            wake.run();
        }
        return taken;
    }

    @Override
    public int startupVector() {
        return startupVector;
    }

    @Override
    public long baseAddress() {
        return base;
    }

    @Override
    public void setBaseAddress(long value) {
        boolean wasEnabled = hardwareEnabled();
        base = value & (BASE_ADDRESS | BASE_ENABLE) | (bootstrap ? BASE_BOOTSTRAP : 0);
        if (wasEnabled && !hardwareEnabled()) {
            clearRegisters();
        }
        update();
    }

    @Override
    public int taskPriorityClass() {
        return tpr >> 4;
    }

    @Override
    public void setTaskPriorityClass(int value) {
        tpr = (value & 0xF) << 4;
        update();
    }

    @Override
    public void onRequest(Runnable newWake) {
        wake = newWake;
    }

    // The bus's side.

    private boolean hardwareEnabled() {
        return (base & BASE_ENABLE) != 0;
    }

    /** Does it take fixed interrupts? */
    boolean enabled() {
        return hardwareEnabled() && (svr & SVR_ENABLE) != 0;
    }

    boolean isAddressed(ApicMessage message) {
        int destination = message.destination();
        if (!message.logical()) {
            return destination == BROADCAST || destination == id;
        }
        int logicalId = ldr >>> 24;
        if (dfr >>> 28 == DFR_FLAT) {
            return (destination & logicalId) != 0;
        }
        int cluster = destination >> 4;
        return (cluster == 0xF || cluster == logicalId >> 4) && (destination & logicalId & 0xF) != 0;
    }

    /** Takes a message; false if this APIC is not in a state to. */
    boolean receive(DeliveryMode mode, int vector, boolean level) {
        switch (mode) {
            case FIXED, LOWEST_PRIORITY -> {
                return accept(vector, level);
            }
            case NON_MASKABLE -> nonMaskable = true;
            case INIT -> {
                clearRegisters();
                init = true;
                startup = false;
                nonMaskable = false;
                waitingForStartup = !bootstrap;
            }
            case STARTUP -> {
                if (!waitingForStartup) {
                    return true;
                }
                waitingForStartup = false;
                startup = true;
                startupVector = vector;
            }
            case EXTERNAL -> external = true;
            case SYSTEM_MANAGEMENT, RESERVED -> {
                return true;
            }
        }
        boolean signal = mode != DeliveryMode.EXTERNAL;
        update();
        if (signal) {
            signalled = true;
            wake.run();
        }
        return true;
    }

    private boolean accept(int vector, boolean level) {
        if (!enabled()) {
            return false;
        }
        if (vector < VectorSet.FIRST_LEGAL) {
            error(ESR_RECEIVE_ILLEGAL_VECTOR);
            return true;
        }
        irr.set(vector, true);
        tmr.set(vector, level);
        update();
        return true;
    }

    private void error(int bit) {
        if ((errors & bit) == 0) {
            errors |= bit;
            int entry = lvt[LVT_ERROR];
            if ((entry & LVT_MASKED) == 0 && (entry & 0xFF) >= VectorSet.FIRST_LEGAL) {
                accept(entry & 0xFF, false);
            }
        }
    }

    private void timerExpired() {
        accept(lvt[LVT_TIMER] & 0xFF, false);
    }

    private void setLint0(boolean asserted) {
        boolean rises = asserted && !lint0;
        lint0 = asserted;
        if (rises && enabled() && DeliveryMode.of(lvt[LVT_LINT0]) != DeliveryMode.EXTERNAL) {
            deliverPin(lvt[LVT_LINT0]);
        }
        update();
    }

    private void setLint1(boolean asserted) {
        boolean rises = asserted && !lint1;
        lint1 = asserted;
        if (!rises) {
            return;
        }
        if (hardwareEnabled()) {
            deliverPin(lvt[LVT_LINT1]);
        } else {
            receive(DeliveryMode.NON_MASKABLE, 0, false);
        }
    }

    private void deliverPin(int entry) {
        if ((entry & LVT_MASKED) == 0) {
            receive(DeliveryMode.of(entry), entry & 0xFF, false);
        }
    }

    // Priorities.

    int processorPriority() {
        int inService = isr.highest();
        return tpr >> 4 >= inService >> 4 ? tpr : inService & 0xF0;
    }

    private int arbitrationPriority() {
        int requested = Math.max(irr.highest(), 0) & 0xF0;
        int inService = Math.max(isr.highest(), 0) & 0xF0;
        int task = tpr & 0xF0;
        return task >= requested && task > inService ? tpr : Math.max(task, Math.max(requested, inService));
    }

    /** The vector that the processor may take now, or -1. */
    private int deliverable() {
        int vector = irr.highest();
        return vector >= 0 && enabled() && vector >> 4 > processorPriority() >> 4 ? vector : -1;
    }

    private boolean externalPending() {
        if (external) {
            return true;
        }
        int entry = lvt[LVT_LINT0];
        return lint0 && (!enabled() || (entry & LVT_MASKED) == 0 && DeliveryMode.of(entry) == DeliveryMode.EXTERNAL);
    }

    /** Tells the processor if an interrupt has become deliverable. */
    private void update() {
        boolean now = deliverable() >= 0 || externalPending();
        boolean before = pending;
        pending = now;
        if (now && !before) {
            wake.run();
        }
    }

    // Registers.

    @Override
    public RegisterWindow registers() {
        return window;
    }

    /** Has other registers be shown in the place of its own. */
    void showThrough(RegisterWindow other) {
        window = other;
    }

    /** Its own registers. */
    private final class Registers implements RegisterWindow {
        @Override
        public long read(long offset, int size) {
            int within = (int) offset & 0xF;
            if (within >= Integer.BYTES) {
                return 0;
            }
            return Integer.toUnsignedLong(readRegister((int) (offset >> 4))) >>> 8 * within;
        }

        @Override
        public void write(long offset, int size, long value) {
            if ((offset & 0xF) == 0 && size >= Integer.BYTES) {
                writeRegister((int) (offset >> 4), (int) value);
            }
        }
    }

    private int readRegister(int register) {
        return switch (register) {
            case REGISTER_ID -> id << 24;
            case REGISTER_VERSION -> VERSION;
            case REGISTER_TPR -> tpr;
            case REGISTER_APR -> arbitrationPriority();
            case REGISTER_PPR -> processorPriority();
            case REGISTER_EOI -> 0;
            case REGISTER_LDR -> ldr;
            case REGISTER_DFR -> dfr;
            case REGISTER_SVR -> svr;
            case REGISTER_ESR -> esr;
            case REGISTER_ICR_LOW -> icrLow;
            case REGISTER_ICR_HIGH -> icrHigh;
            case REGISTER_INITIAL_COUNT -> timer.initialCount();
            case REGISTER_CURRENT_COUNT -> timer.currentCount();
            case REGISTER_DIVIDE -> timer.divide();
            default -> readRegisterOfGroup(register);
        };
    }

    private int readRegisterOfGroup(int register) {
        if (register >= REGISTER_LVT && register < REGISTER_LVT + lvt.length) {
            return lvt[register - REGISTER_LVT];
        }
        VectorSet[] sets = {isr, tmr, irr};
        if (register >= REGISTER_ISR && register < REGISTER_IRR + VectorSet.WORDS) {
            return sets[(register - REGISTER_ISR) / VectorSet.WORDS].word(register % VectorSet.WORDS);
        }
        error(ESR_ILLEGAL_REGISTER);
        return 0;
    }

    private void writeRegister(int register, int value) {
        switch (register) {
            case REGISTER_ID -> id = value >>> 24;
            case REGISTER_TPR -> {
                tpr = value & 0xFF;
                update();
            }
            case REGISTER_EOI -> endOfInterrupt();
            case REGISTER_LDR -> ldr = value & HIGH_BYTE;
            case REGISTER_DFR -> dfr = value | ~DFR_WRITABLE;
            case REGISTER_SVR -> writeSpuriousVector(value);
            case REGISTER_ESR -> {
                esr = errors;
                errors = 0;
            }
            case REGISTER_ICR_LOW -> {
                icrLow = value & ICR_WRITABLE;
                send();
            }
            case REGISTER_ICR_HIGH -> icrHigh = value & HIGH_BYTE;
            case REGISTER_INITIAL_COUNT -> timer.setInitialCount(value);
            case REGISTER_DIVIDE -> timer.setDivide(value);
            case REGISTER_VERSION, REGISTER_APR, REGISTER_PPR, REGISTER_CURRENT_COUNT -> {}
            default -> {
                if (register >= REGISTER_LVT && register < REGISTER_LVT + lvt.length) {
                    writeLocalVector(register - REGISTER_LVT, value);
                } else if (register < REGISTER_ISR || register >= REGISTER_IRR + VectorSet.WORDS) {
                    error(ESR_ILLEGAL_REGISTER);
                }
            }
        }
    }

    private void writeSpuriousVector(int value) {
        svr = value & SVR_WRITABLE;
        if ((svr & SVR_ENABLE) == 0) {
            for (int i = 0; i < lvt.length; i++) {
                lvt[i] |= LVT_MASKED;
            }
            configureTimer();
        }
        update();
    }

    private void writeLocalVector(int entry, int value) {
        lvt[entry] = value & LVT_WRITABLE[entry] | ((svr & SVR_ENABLE) == 0 ? LVT_MASKED : 0);
        if (entry == LVT_TIMER) {
            configureTimer();
        }
        update();
    }

    private void configureTimer() {
        timer.configure((lvt[LVT_TIMER] & LVT_PERIODIC) != 0, (lvt[LVT_TIMER] & LVT_MASKED) != 0);
    }

    private void endOfInterrupt() {
        int vector = isr.highest();
        if (vector < 0) {
            return;
        }
        isr.set(vector, false);
        update();
        if (tmr.contains(vector)) {
            bus.endOfInterrupt(vector);
        }
    }

    /** Carries out the interrupt command register. */
    private void send() {
        DeliveryMode mode = DeliveryMode.of(icrLow);
        int vector = icrLow & 0xFF;
        boolean fixed = mode == DeliveryMode.FIXED || mode == DeliveryMode.LOWEST_PRIORITY;
        if (fixed && vector < VectorSet.FIRST_LEGAL) {
            error(ESR_SEND_ILLEGAL_VECTOR);
            return;
        }
        if (mode == DeliveryMode.INIT && (icrLow & (ICR_LEVEL | ICR_ASSERT)) == ICR_LEVEL) {
            return;
        }
        if (mode == DeliveryMode.EXTERNAL || mode == DeliveryMode.RESERVED) {
            return;
        }
        switch (SHORTHANDS[icrLow >> 18]) {
            case NONE -> bus.deliver(new ApicMessage(icrHigh >>> 24, (icrLow & ICR_LOGICAL) != 0, mode, vector, false));
            case SELF -> {
                if (fixed) {
                    accept(vector, false);
                }
            }
            case ALL -> bus.broadcast(mode, vector, null);
            case OTHERS -> bus.broadcast(mode, vector, this);
        }
    }

    // Life.

    /** What INIT does: everything but the ID and the base register. */
    private void clearRegisters() {
        tpr = 0;
        ldr = 0;
        dfr = -1;
        svr = SVR_POWER_ON;
        isr.clear();
        tmr.clear();
        irr.clear();
        esr = 0;
        errors = 0;
        icrLow = 0;
        icrHigh = 0;
        Arrays.fill(lvt, LVT_MASKED);
        timer.reset();
        external = false;
    }

    private void powerOn() {
        clearRegisters();
        base = DEFAULT_BASE | BASE_ENABLE | (bootstrap ? BASE_BOOTSTRAP : 0);
        id = number;
        nonMaskable = false;
        init = false;
        startup = false;
        waitingForStartup = !bootstrap;
        startupVector = 0;
        signalled = false;
    }

    @Override
    public void reset() {
        powerOn();
        update();
    }

    /** The registers, for a controller that works in this one's place from now on; this one's timer stands still. */
    byte[] lend() {
        byte[] registers = LocalApicRegisters.of(save(), VERSION, timer.currentCount());
        timer.suspend();
        return registers;
    }

    /**
     * Takes over from a controller that worked in this one's place.
     *
     * @param registers what {@link #lend} gave, as the other leaves it
     */
    void takeBack(long newBase, byte[] registers, boolean waiting, boolean nonMaskablePending) {
        long known = newBase & (BASE_ADDRESS | BASE_ENABLE) | (bootstrap ? BASE_BOOTSTRAP : 0);
        restore(LocalApicRegisters.state(
                registers, save(), known, waiting, nonMaskablePending, LVT_WRITABLE, timer.now()));
    }

    /** APIC ID. */
    int id() {
        return id;
    }

    @Override
    public State save() {
        return new State(
                base,
                id,
                tpr,
                ldr,
                dfr,
                svr,
                isr.save(),
                tmr.save(),
                irr.save(),
                esr,
                errors,
                icrLow,
                icrHigh,
                lvt.clone(),
                timer.save(),
                lint0,
                lint1,
                external,
                nonMaskable,
                init,
                startup,
                waitingForStartup,
                startupVector);
    }

    @Override
    public void restore(State state) {
        StateCheck.bits("base", state.base, BASE_ADDRESS | BASE_ENABLE | BASE_BOOTSTRAP);
        StateCheck.range("bootstrap", (state.base & BASE_BOOTSTRAP) != 0 == bootstrap ? 1 : 0, 1, 1);
        StateCheck.bits("id", state.id, 0xFF);
        StateCheck.bits("tpr", state.tpr, 0xFF);
        StateCheck.bits("ldr", state.ldr, HIGH_BYTE);
        StateCheck.range("dfr", state.dfr | DFR_WRITABLE, -1, -1);
        StateCheck.bits("svr", state.svr, SVR_WRITABLE);
        VectorSet.check("isr", state.isr);
        VectorSet.check("tmr", state.tmr);
        VectorSet.check("irr", state.irr);
        StateCheck.bits("esr", state.esr, ESR_BITS);
        StateCheck.bits("errors", state.errors, ESR_BITS);
        StateCheck.bits("icrLow", state.icrLow, ICR_WRITABLE);
        StateCheck.bits("icrHigh", state.icrHigh, HIGH_BYTE);
        StateCheck.length("lvt", state.lvt.length, LVT_WRITABLE.length);
        for (int i = 0; i < LVT_WRITABLE.length; i++) {
            StateCheck.bits("lvt", state.lvt[i], LVT_WRITABLE[i]);
        }
        ApicTimer.check(state.timer);
        StateCheck.bits("startupVector", state.startupVector, 0xFF);
        base = state.base;
        id = state.id;
        tpr = state.tpr;
        ldr = state.ldr;
        dfr = state.dfr;
        svr = state.svr;
        isr.restore(state.isr);
        tmr.restore(state.tmr);
        irr.restore(state.irr);
        esr = state.esr;
        errors = state.errors;
        icrLow = state.icrLow;
        icrHigh = state.icrHigh;
        System.arraycopy(state.lvt, 0, lvt, 0, lvt.length);
        lint0 = state.lint0;
        lint1 = state.lint1;
        external = state.external;
        nonMaskable = state.nonMaskable;
        init = state.init;
        startup = state.startup;
        waitingForStartup = state.waitingForStartup;
        startupVector = state.startupVector;
        timer.restore(state.timer, (lvt[LVT_TIMER] & LVT_PERIODIC) != 0, (lvt[LVT_TIMER] & LVT_MASKED) != 0);
        signalled = init || startup || nonMaskable;
        update();
        if (pending || signalled) {
            wake.run();
        }
    }
}
