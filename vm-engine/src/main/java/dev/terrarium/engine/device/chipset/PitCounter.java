// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

import dev.terrarium.engine.device.StateCheck;

/**
 * One counter of an 8254 (Intel data sheet 231164), as a function of time: it remembers when it was started and
 * calculates its count and its output when asked. Times are ticks of the PIT's clock.
 */
final class PitCounter {
    /** The time of something that does not happen. */
    static final long NEVER = Long.MAX_VALUE;

    private static final int BINARY_MODULUS = 0x10000;
    private static final int DECIMAL_MODULUS = 10_000;
    /** The smallest count that modes 2 and 3 can divide by. */
    private static final int SMALLEST_DIVISOR = 2;

    private static final int STATUS_OUT = 0x80;
    private static final int STATUS_NULL_COUNT = 0x40;

    /** The counter modes, numbered as in the control word. */
    enum Mode {
        INTERRUPT_ON_TERMINAL_COUNT,
        HARDWARE_ONE_SHOT,
        RATE_GENERATOR,
        SQUARE_WAVE,
        SOFTWARE_STROBE,
        HARDWARE_STROBE;

        private static final Mode[] BY_CONTROL_BITS = {
            INTERRUPT_ON_TERMINAL_COUNT,
            HARDWARE_ONE_SHOT,
            RATE_GENERATOR,
            SQUARE_WAVE,
            SOFTWARE_STROBE,
            HARDWARE_STROBE,
            RATE_GENERATOR,
            SQUARE_WAVE
        };

        static Mode of(int controlBits) {
            return BY_CONTROL_BITS[controlBits & 7];
        }

        private boolean divides() {
            return this == RATE_GENERATOR || this == SQUARE_WAVE;
        }

        private boolean startedByGate() {
            return this == HARDWARE_ONE_SHOT || this == HARDWARE_STROBE;
        }
    }

    /** Which bytes of the count the data port carries; numbered as in the control word. */
    enum Access {
        LATCH,
        LOW,
        HIGH,
        LOW_THEN_HIGH
    }

    private static final Access[] ACCESSES = Access.values();

    /** Everything about one counter. */
    record State(
            Mode mode,
            boolean decimal,
            Access access,
            boolean gate,
            boolean loaded,
            boolean running,
            int reload,
            long start,
            long stoppedAfter,
            int nextReload,
            long nextReloadFrom,
            long nextStart,
            int writtenLow,
            boolean highExpected,
            boolean highNext,
            int latched,
            int latchedBytes,
            int latchedStatus) {}

    private static final int NOT_LATCHED = -1;

    private Mode mode = Mode.INTERRUPT_ON_TERMINAL_COUNT;
    private boolean decimal;
    private Access access = Access.LOW_THEN_HIGH;
    private boolean gate;
    private boolean loaded;
    private boolean running;
    private int reload = BINARY_MODULUS;
    private long start;
    private long stoppedAfter;
    /** In modes 2 and 3, a count that waits for the (half) period to end; 0 if none does. */
    private int nextReload;

    private long nextReloadFrom;
    private long nextStart;
    private int writtenLow;
    private boolean highExpected;
    private boolean highNext;
    private int latched;
    private int latchedBytes;
    private int latchedStatus = NOT_LATCHED;

    void reset(boolean gateLevel) {
        mode = Mode.INTERRUPT_ON_TERMINAL_COUNT;
        decimal = false;
        access = Access.LOW_THEN_HIGH;
        gate = gateLevel;
        loaded = false;
        running = false;
        reload = BINARY_MODULUS;
        start = 0;
        stoppedAfter = 0;
        nextReload = 0;
        nextReloadFrom = 0;
        nextStart = 0;
        writtenLow = 0;
        highExpected = false;
        highNext = false;
        latched = 0;
        latchedBytes = 0;
        latchedStatus = NOT_LATCHED;
    }

    /** A control word for this counter. */
    void control(int accessBits, int modeBits, boolean bcd, long now) {
        Access newAccess = ACCESSES[accessBits & 3];
        if (newAccess == Access.LATCH) {
            latchCount(now);
            return;
        }
        access = newAccess;
        mode = Mode.of(modeBits);
        decimal = bcd;
        loaded = false;
        running = false;
        stoppedAfter = 0;
        nextReload = 0;
        highExpected = false;
        highNext = false;
        latchedBytes = 0;
        latchedStatus = NOT_LATCHED;
    }

    void write(int value, long now) {
        switch (access) {
            case LOW -> load(value, now);
            case HIGH -> load(value << 8, now);
            case LATCH, LOW_THEN_HIGH -> {
                if (highExpected) {
                    highExpected = false;
                    load(value << 8 | writtenLow, now);
                } else {
                    writtenLow = value;
                    highExpected = true;
                    if (mode == Mode.INTERRUPT_ON_TERMINAL_COUNT) {
                        loaded = false;
                        running = false;
                    }
                }
            }
        }
    }

    private void load(int written, long now) {
        int count = decimal ? fromDecimal(written) : written;
        if (count == 0) {
            count = modulus();
        }
        if (mode.divides()) {
            count = Math.max(count, SMALLEST_DIVISOR);
            if (running) {
                replaceAtPeriodEnd(count, now);
                return;
            }
        }
        reload = count;
        loaded = true;
        if (!mode.startedByGate()) {
            stoppedAfter = 0;
            start = now;
            running = gate;
        }
    }

    private void replaceAtPeriodEnd(int count, long now) {
        settle(now);
        long phase = elapsed(now) % reload;
        long periodStart = now - phase;
        nextReload = count;
        if (mode == Mode.SQUARE_WAVE && phase < highTicks(reload)) {
            nextReloadFrom = periodStart + highTicks(reload);
            nextStart = nextReloadFrom - highTicks(count);
        } else {
            nextReloadFrom = periodStart + reload;
            nextStart = nextReloadFrom;
        }
    }

    /** Takes over a waiting count whose time has come. */
    private void settle(long now) {
        if (nextReload != 0 && now >= nextReloadFrom) {
            reload = nextReload;
            start = nextStart;
            nextReload = 0;
        }
    }

    boolean gate() {
        return gate;
    }

    void setGate(boolean level, long now) {
        settle(now);
        if (level == gate) {
            return;
        }
        gate = level;
        if (!loaded) {
            return;
        }
        if (mode.startedByGate()) {
            if (level) {
                start = now;
                running = true;
            }
        } else if (level) {
            start = mode.divides() ? now : now - stoppedAfter;
            running = true;
        } else {
            stoppedAfter = elapsed(now);
            running = false;
            if (nextReload != 0) {
                reload = nextReload;
                nextReload = 0;
            }
        }
    }

    private long elapsed(long now) {
        return running ? Math.max(0, now - start) : stoppedAfter;
    }

    private int modulus() {
        return decimal ? DECIMAL_MODULUS : BINARY_MODULUS;
    }

    /** How long mode 3 keeps its output high in each period. */
    private static int highTicks(int divisor) {
        return (divisor + 1) / 2;
    }

    /** The level of the OUT pin. */
    boolean output(long now) {
        settle(now);
        long elapsed = elapsed(now);
        return switch (mode) {
            case INTERRUPT_ON_TERMINAL_COUNT -> loaded && elapsed >= reload;
            case HARDWARE_ONE_SHOT -> !running || elapsed >= reload;
            case RATE_GENERATOR -> !running || elapsed % reload != reload - 1;
            case SQUARE_WAVE -> !running || elapsed % reload < highTicks(reload);
            case SOFTWARE_STROBE, HARDWARE_STROBE -> !running || elapsed != reload;
        };
    }

    /** The first tick after {@code now} at which the OUT pin goes from low to high, or {@link #NEVER}. */
    long nextRise(long now) {
        settle(now);
        if (!running) {
            return NEVER;
        }
        long elapsed = elapsed(now);
        return switch (mode) {
            case INTERRUPT_ON_TERMINAL_COUNT, HARDWARE_ONE_SHOT -> elapsed < reload ? start + reload : NEVER;
            case SOFTWARE_STROBE, HARDWARE_STROBE -> elapsed <= reload ? start + reload + 1 : NEVER;
            case RATE_GENERATOR, SQUARE_WAVE -> {
                long rise = start + (elapsed / reload + 1) * reload;
                yield nextReload != 0 && nextReloadFrom < rise ? nextStart + nextReload : rise;
            }
        };
    }

    /** The counting element, as the data port shows it. */
    private int count(long now) {
        settle(now);
        long elapsed = elapsed(now);
        long count =
                switch (mode) {
                    case RATE_GENERATOR -> reload - elapsed % reload;
                    case SQUARE_WAVE -> {
                        long phase = elapsed % reload;
                        long half = phase < highTicks(reload) ? phase : phase - highTicks(reload);
                        yield (reload & ~1) - 2 * half;
                    }
                    default -> Math.floorMod(reload - elapsed, (long) modulus());
                };
        int shown = (int) (count % modulus());
        return decimal ? toDecimal(shown) : shown;
    }

    void latchCount(long now) {
        if (latchedBytes == 0) {
            latched = count(now);
            latchedBytes = access == Access.LOW_THEN_HIGH ? 2 : 1;
        }
    }

    void latchStatus(long now) {
        if (latchedStatus == NOT_LATCHED) {
            latchedStatus = (output(now) ? STATUS_OUT : 0)
                    | (loaded && nextReload == 0 ? 0 : STATUS_NULL_COUNT)
                    | access.ordinal() << 4
                    | mode.ordinal() << 1
                    | (decimal ? 1 : 0);
        }
    }

    int read(long now) {
        if (latchedStatus != NOT_LATCHED) {
            int status = latchedStatus;
            latchedStatus = NOT_LATCHED;
            return status;
        }
        if (latchedBytes != 0) {
            boolean high = access == Access.HIGH || access == Access.LOW_THEN_HIGH && latchedBytes == 1;
            latchedBytes--;
            return byteOf(latched, high);
        }
        boolean high =
                switch (access) {
                    case LOW -> false;
                    case HIGH -> true;
                    case LATCH, LOW_THEN_HIGH -> {
                        boolean now16 = highNext;
                        highNext = !highNext;
                        yield now16;
                    }
                };
        return byteOf(count(now), high);
    }

    private static int byteOf(int count, boolean high) {
        return (high ? count >> 8 : count) & 0xFF;
    }

    private static int fromDecimal(int bcd) {
        return (bcd >> 12 & 15) * 1000 + (bcd >> 8 & 15) * 100 + (bcd >> 4 & 15) * 10 + (bcd & 15);
    }

    private static int toDecimal(int count) {
        return count / 1000 << 12 | count / 100 % 10 << 8 | count / 10 % 10 << 4 | count % 10;
    }

    State save(long now) {
        settle(now);
        return new State(
                mode,
                decimal,
                access,
                gate,
                loaded,
                running,
                reload,
                start,
                stoppedAfter,
                nextReload,
                nextReloadFrom,
                nextStart,
                writtenLow,
                highExpected,
                highNext,
                latched,
                latchedBytes,
                latchedStatus);
    }

    static void check(State state) {
        int smallest = state.mode.divides() ? SMALLEST_DIVISOR : 1;
        StateCheck.range("reload", state.reload, smallest, BINARY_MODULUS);
        StateCheck.time("start", state.start);
        StateCheck.time("stoppedAfter", state.stoppedAfter);
        StateCheck.range("stoppedAfter", state.stoppedAfter, 0, Long.MAX_VALUE);
        if (state.nextReload != 0) {
            StateCheck.range("nextReload", state.nextReload, SMALLEST_DIVISOR, BINARY_MODULUS);
        }
        StateCheck.time("nextReloadFrom", state.nextReloadFrom);
        StateCheck.time("nextStart", state.nextStart);
        StateCheck.bits("writtenLow", state.writtenLow, 0xFF);
        StateCheck.bits("latched", state.latched, 0xFFFF);
        StateCheck.range("latchedBytes", state.latchedBytes, 0, 2);
        StateCheck.range("latchedStatus", state.latchedStatus, NOT_LATCHED, 0xFF);
    }

    void restore(State state) {
        mode = state.mode;
        decimal = state.decimal;
        access = state.access;
        gate = state.gate;
        loaded = state.loaded;
        running = state.running;
        reload = state.reload;
        start = state.start;
        stoppedAfter = state.stoppedAfter;
        nextReload = state.nextReload;
        nextReloadFrom = state.nextReloadFrom;
        nextStart = state.nextStart;
        writtenLow = state.writtenLow;
        highExpected = state.highExpected;
        highNext = state.highNext;
        latched = state.latched;
        latchedBytes = state.latchedBytes;
        latchedStatus = state.latchedStatus;
    }
}
