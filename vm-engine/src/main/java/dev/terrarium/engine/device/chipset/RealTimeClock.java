// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

import dev.terrarium.engine.device.ByteRegisters;
import dev.terrarium.engine.device.Clock;
import dev.terrarium.engine.device.Device;
import dev.terrarium.engine.device.InterruptLine;
import dev.terrarium.engine.device.RegisterWindow;
import dev.terrarium.engine.device.StateCheck;

/**
 * The MC146818 real-time clock with 128 bytes of battery-backed CMOS memory.
 *
 * <p>The time of day is the host's wall clock plus an offset that the guest changes by setting the clock. Flags of
 * register C that nobody waits for are worked out when the register is read.
 */
public final class RealTimeClock implements Device<RealTimeClock.State> {
    private static final int CMOS_SIZE = 128;

    private static final int INDEX = 0;
    private static final int DATA = 1;
    private static final int INDEX_NMI_DISABLE = 0x80;

    private static final int REGISTER_A = 0x0A;
    private static final int REGISTER_B = 0x0B;
    private static final int REGISTER_C = 0x0C;
    private static final int REGISTER_D = 0x0D;

    private static final int A_UPDATE_IN_PROGRESS = 0x80;
    private static final int A_DIVIDER = 0x70;
    private static final int A_DIVIDER_RUNNING = 0x20;
    private static final int A_RATE = 0x0F;
    private static final int A_POWER_ON = A_DIVIDER_RUNNING | 6;

    private static final int B_SET = 0x80;
    private static final int B_PERIODIC_ENABLE = 0x40;
    private static final int B_ALARM_ENABLE = 0x20;
    private static final int B_UPDATE_ENABLE = 0x10;
    private static final int B_SQUARE_WAVE = 0x08;
    private static final int B_BINARY = 0x04;
    private static final int B_24_HOURS = 0x02;
    private static final int B_CLEARED_BY_RESET = B_PERIODIC_ENABLE | B_ALARM_ENABLE | B_UPDATE_ENABLE | B_SQUARE_WAVE;

    private static final int C_INTERRUPT = 0x80;
    private static final int C_PERIODIC = 0x40;
    private static final int C_ALARM = 0x20;
    private static final int C_UPDATE = 0x10;
    private static final int C_FLAGS = C_PERIODIC | C_ALARM | C_UPDATE;

    private static final int D_BATTERY_GOOD = 0x80;

    /** The update in progress bit goes up this long before the second ends. */
    private static final int UPDATE_MILLIS = 2;

    private static final int MILLIS_PER_SECOND = 1000;
    private static final int HALF_SECOND_MILLIS = 500;
    private static final long NANOS_PER_MILLI = 1_000_000;
    /** A wall clock farther from 1970 than some 30,000 years is forged. */
    private static final long OFFSET_LIMIT_MILLIS = 1_000_000_000_000_000L;

    /** The clock; {@code cmos} holds the time registers only while the clock is stopped for setting. */
    public record State(
            int index,
            boolean nmiDisabled,
            int registerA,
            int registerB,
            int registerC,
            byte[] cmos,
            long offsetMillis,
            long lastSecond,
            long lastPeriod) {}

    private final InterruptLine irq;
    private final Clock clock;
    private final Clock.Timer timer;
    private final byte[] cmos = new byte[CMOS_SIZE];
    private int index;
    private boolean nmiDisabled;
    private int registerA = A_POWER_ON;
    private int registerB = B_24_HOURS;
    private int registerC;
    private long offsetMillis;
    private long lastSecond;
    private long lastPeriod;

    /**
     * @param irq IRQ 8
     * @param offsetMillis what to add to UTC: zero, or the local time zone's offset for guests that expect local time
     */
    public RealTimeClock(InterruptLine irq, Clock clock, long offsetMillis) {
        this.irq = irq;
        this.clock = clock;
        this.offsetMillis = offsetMillis;
        timer = clock.timer(this::alarm);
    }

    @Override
    public String name() {
        return "rtc";
    }

    /** Ports 0x70 and 0x71. */
    public RegisterWindow ports() {
        return new ByteRegisters() {
            @Override
            public int readByte(int offset) {
                return offset == DATA ? readRegister() : 0xFF;
            }

            @Override
            public void writeByte(int offset, int value) {
                if (offset == INDEX) {
                    index = value & CMOS_SIZE - 1;
                    nmiDisabled = (value & INDEX_NMI_DISABLE) != 0;
                } else if (offset == DATA) {
                    writeRegister(value);
                }
            }
        };
    }

    /** Sets a byte of CMOS memory above the clock's registers: what a PC's set-up program would have stored. */
    public void setCmos(int cmosIndex, int value) {
        if (cmosIndex <= REGISTER_D || cmosIndex >= CMOS_SIZE || cmosIndex == CalendarRegisters.CENTURY) {
            throw new IllegalArgumentException("CMOS index " + cmosIndex);
        }
        cmos[cmosIndex] = (byte) value;
    }

    /** A byte of CMOS memory above the clock's registers. */
    public int cmos(int cmosIndex) {
        return cmos[cmosIndex] & 0xFF;
    }

    /** Did the guest disable non-maskable interrupts with bit 7 of port 0x70? */
    public boolean nmiDisabled() {
        return nmiDisabled;
    }

    private CalendarRegisters.Format format() {
        return new CalendarRegisters.Format((registerB & B_BINARY) != 0, (registerB & B_24_HOURS) != 0);
    }

    private boolean dividerRunning() {
        return (registerA & A_DIVIDER) <= A_DIVIDER_RUNNING;
    }

    private boolean held() {
        return (registerB & B_SET) != 0 || !dividerRunning();
    }

    private long millis() {
        return clock.wallTimeMillis() + offsetMillis;
    }

    private long second() {
        return Math.floorDiv(millis(), (long) MILLIS_PER_SECOND);
    }

    private int fraction() {
        return Math.floorMod(millis(), MILLIS_PER_SECOND);
    }

    private int readRegister() {
        return switch (index) {
            case REGISTER_A ->
                registerA | (!held() && fraction() >= MILLIS_PER_SECOND - UPDATE_MILLIS ? A_UPDATE_IN_PROGRESS : 0);
            case REGISTER_B -> registerB;
            case REGISTER_C -> readFlags();
            case REGISTER_D -> D_BATTERY_GOOD;
            default -> {
                if (!held() && CalendarRegisters.holdsTime(index)) {
                    byte[] shown = new byte[CMOS_SIZE];
                    CalendarRegisters.store(second(), format(), shown);
                    yield shown[index] & 0xFF;
                }
                yield cmos[index] & 0xFF;
            }
        };
    }

    private int readFlags() {
        catchUp();
        int flags = registerC | (interrupting() ? C_INTERRUPT : 0);
        registerC = 0;
        arm(0);
        return flags;
    }

    private void writeRegister(int value) {
        catchUp();
        switch (index) {
            case REGISTER_A -> {
                boolean wasHeld = held();
                boolean wasRunning = dividerRunning();
                int newA = value & ~A_UPDATE_IN_PROGRESS;
                hold(wasHeld, newA, registerB);
                registerA = newA;
                release(wasHeld, wasRunning ? fraction() : HALF_SECOND_MILLIS);
                lastPeriod = period();
            }
            case REGISTER_B -> {
                boolean wasHeld = held();
                int newB = (value & B_SET) != 0 ? value & ~B_UPDATE_ENABLE : value;
                hold(wasHeld, registerA, newB);
                registerB = newB;
                release(wasHeld, fraction());
            }
            case REGISTER_C, REGISTER_D -> {}
            default -> {
                if (!held() && CalendarRegisters.holdsTime(index)) {
                    CalendarRegisters.store(second(), format(), cmos);
                    cmos[index] = (byte) value;
                    setTime(fraction());
                } else {
                    cmos[index] = (byte) value;
                }
            }
        }
        arm(0);
    }

    /** Freezes the time into the registers if {@code newA} and {@code newB} stop the clock. */
    private void hold(boolean wasHeld, int newA, int newB) {
        boolean stops = (newB & B_SET) != 0 || (newA & A_DIVIDER) > A_DIVIDER_RUNNING;
        if (!wasHeld && stops) {
            CalendarRegisters.store(second(), format(), cmos);
        }
    }

    private void release(boolean wasHeld, int fractionMillis) {
        if (wasHeld && !held()) {
            setTime(fractionMillis);
        }
    }

    private void setTime(int fractionMillis) {
        long wanted = CalendarRegisters.load(format(), cmos) * MILLIS_PER_SECOND + fractionMillis;
        offsetMillis = wanted - clock.wallTimeMillis();
        lastSecond = second();
    }

    /** Ticks of the watch crystal in a period of the periodic interrupt; 0 if it is off. */
    private int periodTicks() {
        int rate = registerA & A_RATE;
        if (rate == 0 || !dividerRunning()) {
            return 0;
        }
        return 1 << (rate <= 2 ? rate + 6 : rate - 1);
    }

    private long period() {
        int ticks = periodTicks();
        return ticks == 0 ? 0 : TickRate.WATCH.ticksAt(clock.nanoTime()) / ticks;
    }

    /** Sets the flags for what has happened since this was called last. */
    private void catchUp() {
        long period = period();
        if (period != lastPeriod) {
            registerC |= C_PERIODIC;
            lastPeriod = period;
        }
        if (!held()) {
            long second = second();
            if (second != lastSecond) {
                registerC |= C_UPDATE;
                if (CalendarRegisters.nextAlarm(lastSecond, format(), cmos) <= second) {
                    registerC |= C_ALARM;
                }
                lastSecond = second;
            }
        }
    }

    private boolean interrupting() {
        return (registerC & registerB & C_FLAGS) != 0;
    }

    private void alarm() {
        catchUp();
        arm(NANOS_PER_MILLI / 10);
    }

    /** Drives the interrupt line and sets the timer to the next event that could change it. */
    private void arm(long notBeforeNanos) {
        irq.set(interrupting());
        long now = clock.nanoTime();
        long next = Long.MAX_VALUE;
        int ticks = periodTicks();
        if (ticks != 0 && (registerB & B_PERIODIC_ENABLE) != 0 && (registerC & C_PERIODIC) == 0) {
            next = TickRate.WATCH.nanosAt((lastPeriod + 1) * ticks);
        }
        if (!held() && (registerB & (B_UPDATE_ENABLE | B_ALARM_ENABLE)) != 0) {
            next = Math.min(next, now + (MILLIS_PER_SECOND - fraction()) * NANOS_PER_MILLI);
        }
        if (next == Long.MAX_VALUE) {
            timer.cancel();
        } else {
            timer.schedule(Math.max(next, now + notBeforeNanos));
        }
    }

    /** Stops the interrupts; the time and the memory have a battery and go on. */
    @Override
    public void reset() {
        index = 0;
        nmiDisabled = false;
        catchUp();
        registerB &= ~B_CLEARED_BY_RESET;
        registerC = 0;
        arm(0);
    }

    @Override
    public State save() {
        return new State(
                index,
                nmiDisabled,
                registerA,
                registerB,
                registerC,
                cmos.clone(),
                offsetMillis,
                lastSecond,
                lastPeriod);
    }

    @Override
    public void restore(State state) {
        StateCheck.range("index", state.index, 0, CMOS_SIZE - 1);
        StateCheck.bits("registerA", state.registerA, A_DIVIDER | A_RATE);
        StateCheck.bits("registerB", state.registerB, 0xFF);
        StateCheck.bits("registerC", state.registerC, C_FLAGS);
        StateCheck.length("cmos", state.cmos.length, CMOS_SIZE);
        StateCheck.range("offsetMillis", state.offsetMillis, -OFFSET_LIMIT_MILLIS, OFFSET_LIMIT_MILLIS);
        StateCheck.range("lastSecond", state.lastSecond, -OFFSET_LIMIT_MILLIS, OFFSET_LIMIT_MILLIS);
        StateCheck.range("lastPeriod", state.lastPeriod, 0, 1L << 48);
        index = state.index;
        nmiDisabled = state.nmiDisabled;
        registerA = state.registerA;
        registerB = state.registerB;
        registerC = state.registerC;
        System.arraycopy(state.cmos, 0, cmos, 0, CMOS_SIZE);
        offsetMillis = state.offsetMillis;
        lastSecond = state.lastSecond;
        lastPeriod = state.lastPeriod;
        arm(0);
    }
}
