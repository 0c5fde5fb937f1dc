// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

import dev.terrarium.engine.device.ByteRegisters;
import dev.terrarium.engine.device.Clock;
import dev.terrarium.engine.device.Device;
import dev.terrarium.engine.device.InterruptLine;
import dev.terrarium.engine.device.RegisterWindow;
import dev.terrarium.engine.device.StateCheck;

/**
 * The PC's 8254 interval timer and the system control port B (0x61) that gates its third counter.
 *
 * <p>Counter 0 drives IRQ 0: one edge at each rise of its output. If the host was late by more than a period, the
 * missed edges are one edge.
 */
public final class Pit8254 implements Device<Pit8254.State> {
    private static final int CONTROL = 3;
    private static final int COUNTERS = 3;
    private static final int SYSTEM_TIMER = 0;
    private static final int SPEAKER = 2;

    private static final int CONTROL_READ_BACK = 3;
    private static final int READ_BACK_NO_COUNT = 0x20;
    private static final int READ_BACK_NO_STATUS = 0x10;

    private static final int PORT_B_GATE_2 = 0x01;
    private static final int PORT_B_SPEAKER = 0x02;
    private static final int PORT_B_STORED = 0x0E;
    private static final int PORT_B_REFRESH = 0x10;
    private static final int PORT_B_OUT_2 = 0x20;

    /** A refresh request of the DRAM, every 18 ticks of the PIT's clock. */
    private static final long REFRESH_TICKS = 18;

    /** The shortest time between two calls of the timer: keeps a runaway guest from occupying the host. */
    private static final long SHORTEST_ALARM_NANOS = 20_000;

    /** The counters, port B's writable bits, and the tick at which IRQ 0's next edge is due. */
    public record State(
            PitCounter.State counter0, PitCounter.State counter1, PitCounter.State counter2, int portB, long due) {}

    private final InterruptLine irq;
    private final Clock clock;
    private final Clock.Timer timer;
    private final PitCounter[] counters = new PitCounter[COUNTERS];
    private int portB;
    private long due = PitCounter.NEVER;

    /** @param irq IRQ 0 */
    public Pit8254(InterruptLine irq, Clock clock) {
        this.irq = irq;
        this.clock = clock;
        for (int i = 0; i < COUNTERS; i++) {
            counters[i] = new PitCounter();
        }
        timer = clock.timer(this::alarm);
    }

    @Override
    public String name() {
        return "pit";
    }

    /** Ports 0x40 to 0x43. */
    public RegisterWindow ports() {
        return new ByteRegisters() {
            @Override
            public int readByte(int offset) {
                return offset >= 0 && offset < COUNTERS ? counters[offset].read(now()) : 0xFF;
            }

            @Override
            public void writeByte(int offset, int value) {
                writeRegister(offset, value);
            }
        };
    }

    /** Port 0x61. */
    public RegisterWindow systemControlPort() {
        return new ByteRegisters() {
            @Override
            public int readByte(int offset) {
                return offset == 0 ? readPortB() : 0xFF;
            }

            @Override
            public void writeByte(int offset, int value) {
                if (offset == 0) {
                    portB = value & PORT_B_STORED;
                    counters[SPEAKER].setGate((value & PORT_B_GATE_2) != 0, now());
                }
            }
        };
    }

    /** Does the guest let the speaker sound? */
    public boolean speakerOn() {
        return (portB & PORT_B_SPEAKER) != 0;
    }

    private long now() {
        return TickRate.PIT.ticksAt(clock.nanoTime());
    }

    private int readPortB() {
        long now = now();
        return portB
                | (counters[SPEAKER].gate() ? PORT_B_GATE_2 : 0)
                | ((now / REFRESH_TICKS & 1) != 0 ? PORT_B_REFRESH : 0)
                | (counters[SPEAKER].output(now) ? PORT_B_OUT_2 : 0);
    }

    private void writeRegister(int offset, int value) {
        long now = now();
        deliver(now);
        if (offset == CONTROL) {
            int counter = value >> 6;
            if (counter == CONTROL_READ_BACK) {
                readBack(value, now);
            } else {
                counters[counter].control(value >> 4, value >> 1, (value & 1) != 0, now);
            }
        } else if (offset >= 0 && offset < COUNTERS) {
            counters[offset].write(value, now);
        }
        schedule(now, 0);
    }

    private void readBack(int command, long now) {
        for (int i = 0; i < COUNTERS; i++) {
            if ((command & 2 << i) != 0) {
                if ((command & READ_BACK_NO_COUNT) == 0) {
                    counters[i].latchCount(now);
                }
                if ((command & READ_BACK_NO_STATUS) == 0) {
                    counters[i].latchStatus(now);
                }
            }
        }
    }

    private void alarm() {
        long now = now();
        deliver(now);
        schedule(now, SHORTEST_ALARM_NANOS);
    }

    /** Gives IRQ 0 the edge that is due by {@code now}. */
    private void deliver(long now) {
        if (now >= due) {
            due = PitCounter.NEVER;
            irq.set(false);
            irq.set(true);
        }
    }

    private void schedule(long now, long notBefore) {
        PitCounter counter = counters[SYSTEM_TIMER];
        irq.set(counter.output(now));
        due = counter.nextRise(now);
        if (due == PitCounter.NEVER) {
            timer.cancel();
        } else {
            timer.schedule(Math.max(TickRate.PIT.nanosAt(due), clock.nanoTime() + notBefore));
        }
    }

    @Override
    public void reset() {
        for (int i = 0; i < COUNTERS; i++) {
            counters[i].reset(i != SPEAKER);
        }
        portB = 0;
        schedule(now(), 0);
    }

    @Override
    public State save() {
        long now = now();
        return new State(counters[0].save(now), counters[1].save(now), counters[2].save(now), portB, due);
    }

    @Override
    public void restore(State state) {
        PitCounter.check(state.counter0);
        PitCounter.check(state.counter1);
        PitCounter.check(state.counter2);
        StateCheck.bits("portB", state.portB, PORT_B_STORED);
        if (state.due != PitCounter.NEVER) {
            StateCheck.time("due", state.due);
            StateCheck.range("due", state.due, 0, PitCounter.NEVER);
        }
        counters[0].restore(state.counter0);
        counters[1].restore(state.counter1);
        counters[2].restore(state.counter2);
        portB = state.portB;
        due = state.due;
        irq.set(counters[SYSTEM_TIMER].output(now()));
        if (due == PitCounter.NEVER) {
            timer.cancel();
        } else {
            timer.schedule(TickRate.PIT.nanosAt(due));
        }
    }
}
