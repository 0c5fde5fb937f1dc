// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.serial;

import dev.terrarium.engine.device.ByteQueue;
import dev.terrarium.engine.device.ByteRegisters;
import dev.terrarium.engine.device.ByteSink;
import dev.terrarium.engine.device.Clock;
import dev.terrarium.engine.device.Device;
import dev.terrarium.engine.device.InterruptLine;
import dev.terrarium.engine.device.StateCheck;

/**
 * A 16550A serial port (National Semiconductor data sheet PC16550D) as a PC wires it: OUT2 gates the interrupt.
 *
 * <p>A byte leaves as soon as the guest writes it. What the host sends waits in a queue and enters the receiver FIFO
 * as the guest reads it, so that nothing overruns.
 */
public final class Uart16550 implements Device<Uart16550.State>, ByteRegisters {
    /** The number of ports, from 0x3F8 for the first serial port. */
    public static final int PORTS = 8;

    private static final int FIFO_SIZE = 16;
    private static final int HOST_QUEUE_SIZE = 65_536;

    private static final int RBR_THR_DLL = 0;
    private static final int IER_DLM = 1;
    private static final int IIR_FCR = 2;
    private static final int LCR = 3;
    private static final int MCR = 4;
    private static final int LSR = 5;
    private static final int MSR = 6;
    private static final int SCR = 7;

    private static final int IER_RECEIVED_DATA = 0x01;
    private static final int IER_TRANSMITTER_EMPTY = 0x02;
    private static final int IER_LINE_STATUS = 0x04;
    private static final int IER_MODEM_STATUS = 0x08;
    private static final int IER_WRITABLE = 0x0F;

    private static final int IIR_NONE = 0x01;
    private static final int IIR_MODEM_STATUS = 0x00;
    private static final int IIR_TRANSMITTER_EMPTY = 0x02;
    private static final int IIR_RECEIVED_DATA = 0x04;
    private static final int IIR_LINE_STATUS = 0x06;
    private static final int IIR_TIMEOUT = 0x0C;
    private static final int IIR_FIFOS_ENABLED = 0xC0;

    private static final int FCR_ENABLE = 0x01;
    private static final int FCR_CLEAR_RECEIVER = 0x02;
    private static final int FCR_TRIGGER = 0xC0;
    private static final int FCR_STORED = FCR_ENABLE | 0x08 | FCR_TRIGGER;
    private static final int[] TRIGGER_LEVELS = {1, 4, 8, 14};

    private static final int LCR_DIVISOR_ACCESS = 0x80;
    private static final int LCR_PARITY = 0x08;
    private static final int LCR_TWO_STOP_BITS = 0x04;
    private static final int LCR_WORD_LENGTH = 0x03;

    private static final int MCR_DTR = 0x01;
    private static final int MCR_RTS = 0x02;
    private static final int MCR_OUT1 = 0x04;
    private static final int MCR_OUT2 = 0x08;
    private static final int MCR_LOOPBACK = 0x10;
    private static final int MCR_WRITABLE = 0x1F;

    private static final int LSR_DATA_READY = 0x01;
    private static final int LSR_OVERRUN = 0x02;
    private static final int LSR_BREAK = 0x10;
    private static final int LSR_HOLDING_EMPTY = 0x20;
    private static final int LSR_TRANSMITTER_EMPTY = 0x40;
    private static final int LSR_ERRORS = 0x1E;

    private static final int MSR_CTS = 0x10;
    private static final int MSR_DSR = 0x20;
    private static final int MSR_RI = 0x40;
    private static final int MSR_DCD = 0x80;
    private static final int MSR_LINES = 0xF0;
    private static final int MSR_DELTAS = 0x0F;
    private static final int MSR_TRAILING_EDGE_RI = 0x04;

    /** Ticks of the 1.8432 MHz crystal for each bit and unit of the divisor. */
    private static final long OVERSAMPLING = 16;

    private static final long CRYSTAL_HERTZ = 1_843_200;
    private static final long NANOS_PER_SECOND = 1_000_000_000L;
    private static final int TIMEOUT_CHARACTERS = 4;
    private static final int POWER_ON_DIVISOR = 12;

    /** The registers, the receiver FIFO and what waits for it. */
    public record State(
            int divisor,
            int ier,
            int fcr,
            int lcr,
            int mcr,
            int lineErrors,
            int modemLines,
            int msr,
            int scr,
            boolean transmitterInterrupt,
            boolean timeout,
            long timeoutAt,
            byte[] fifo,
            byte[] waiting) {}

    private final String name;
    private final InterruptLine irq;
    private final Clock clock;
    private final ByteSink output;
    private final Clock.Timer timer;
    private final ByteQueue fifo = new ByteQueue(FIFO_SIZE);
    private final ByteQueue waiting = new ByteQueue(HOST_QUEUE_SIZE);
    private int divisor = POWER_ON_DIVISOR;
    private int ier;
    private int fcr;
    private int lcr;
    private int mcr;
    private int lineErrors;
    private int modemLines = MSR_CTS | MSR_DSR | MSR_DCD;
    private int msr = modemLines;
    private int scr;
    private boolean transmitterInterrupt;
    private boolean timeout;
    private long timeoutAt = Long.MAX_VALUE;

    /**
     * @param name {@code "serial0"} for the first port
     * @param irq IRQ 4 for the first port
     * @param output takes what the guest sends
     */
    public Uart16550(String name, InterruptLine irq, Clock clock, ByteSink output) {
        this.name = name;
        this.irq = irq;
        this.clock = clock;
        this.output = output;
        timer = clock.timer(this::timeoutReached);
    }

    @Override
    public String name() {
        return name;
    }

    /**
     * Sends bytes to the guest.
     *
     * @return how many of the {@code length} bytes were taken; fewer if the guest does not read them
     */
    public int receive(byte[] data, int offset, int length) {
        int taken = Math.min(length, waiting.free());
        for (int i = 0; i < taken; i++) {
            waiting.add(data[offset + i]);
        }
        fillFifo();
        update();
        return taken;
    }

    /** Sends a break to the guest: what a terminal's break key does, and Linux's magic SysRq waits for. */
    public void receiveBreak() {
        if (fifo.size() < fifoCapacity()) {
            lineErrors |= LSR_BREAK;
            fifo.add(0);
            restartTimeout();
            update();
        }
    }

    /** The peer's end of the modem wires. */
    public void setModemLines(boolean clearToSend, boolean dataSetReady, boolean ring, boolean carrier) {
        modemLines = (clearToSend ? MSR_CTS : 0)
                | (dataSetReady ? MSR_DSR : 0)
                | (ring ? MSR_RI : 0)
                | (carrier ? MSR_DCD : 0);
        updateModemStatus();
        update();
    }

    private boolean fifosEnabled() {
        return (fcr & FCR_ENABLE) != 0;
    }

    private boolean loopback() {
        return (mcr & MCR_LOOPBACK) != 0;
    }

    private int fifoCapacity() {
        return fifosEnabled() ? FIFO_SIZE : 1;
    }

    private int triggerLevel() {
        return fifosEnabled() ? TRIGGER_LEVELS[(fcr & FCR_TRIGGER) >> 6] : 1;
    }

    /** Moves waiting bytes into the receiver; in loopback the outer wire is cut. */
    private void fillFifo() {
        boolean moved = false;
        while (!loopback() && fifo.size() < fifoCapacity() && !waiting.isEmpty()) {
            fifo.add(waiting.remove());
            moved = true;
        }
        if (moved) {
            restartTimeout();
        }
    }

    private void restartTimeout() {
        timeout = false;
        if (!fifosEnabled() || fifo.isEmpty()) {
            timeoutAt = Long.MAX_VALUE;
            timer.cancel();
        } else {
            timeoutAt = clock.nanoTime() + TIMEOUT_CHARACTERS * characterNanos();
            timer.schedule(timeoutAt);
        }
    }

    private long characterNanos() {
        int bits = 1
                + 5
                + (lcr & LCR_WORD_LENGTH)
                + ((lcr & LCR_PARITY) != 0 ? 1 : 0)
                + ((lcr & LCR_TWO_STOP_BITS) != 0 ? 2 : 1);
        return bits * Math.max(1, divisor) * OVERSAMPLING * NANOS_PER_SECOND / CRYSTAL_HERTZ;
    }

    private void timeoutReached() {
        if (clock.nanoTime() >= timeoutAt) {
            timeoutAt = Long.MAX_VALUE;
            timeout = true;
            update();
        }
    }

    private int identification() {
        if ((ier & IER_LINE_STATUS) != 0 && lineErrors != 0) {
            return IIR_LINE_STATUS;
        }
        if ((ier & IER_RECEIVED_DATA) != 0) {
            if (fifo.size() >= triggerLevel()) {
                return IIR_RECEIVED_DATA;
            }
            if (timeout) {
                return IIR_TIMEOUT;
            }
        }
        if ((ier & IER_TRANSMITTER_EMPTY) != 0 && transmitterInterrupt) {
            return IIR_TRANSMITTER_EMPTY;
        }
        if ((ier & IER_MODEM_STATUS) != 0 && (msr & MSR_DELTAS) != 0) {
            return IIR_MODEM_STATUS;
        }
        return IIR_NONE;
    }

    private void update() {
        irq.set((mcr & MCR_OUT2) != 0 && identification() != IIR_NONE);
    }

    @Override
    public int readByte(int offset) {
        int value =
                switch (offset) {
                    case RBR_THR_DLL -> divisorAccess() ? divisor & 0xFF : readData();
                    case IER_DLM -> divisorAccess() ? divisor >> 8 : ier;
                    case IIR_FCR -> readIdentification();
                    case LCR -> lcr;
                    case MCR -> mcr;
                    case LSR -> readLineStatus();
                    case MSR -> {
                        int status = msr;
                        msr &= ~MSR_DELTAS;
                        yield status;
                    }
                    case SCR -> scr;
                    default -> 0xFF;
                };
        update();
        return value;
    }

    private boolean divisorAccess() {
        return (lcr & LCR_DIVISOR_ACCESS) != 0;
    }

    private int readData() {
        if (fifo.isEmpty()) {
            return 0;
        }
        int value = fifo.remove();
        update();
        fillFifo();
        restartTimeout();
        return value;
    }

    private int readIdentification() {
        int identification = identification();
        if (identification == IIR_TRANSMITTER_EMPTY) {
            transmitterInterrupt = false;
        }
        return identification | (fifosEnabled() ? IIR_FIFOS_ENABLED : 0);
    }

    private int readLineStatus() {
        int status = lineErrors | LSR_HOLDING_EMPTY | LSR_TRANSMITTER_EMPTY | (fifo.isEmpty() ? 0 : LSR_DATA_READY);
        lineErrors = 0;
        return status;
    }

    @Override
    public void writeByte(int offset, int value) {
        switch (offset) {
            case RBR_THR_DLL -> {
                if (divisorAccess()) {
                    divisor = divisor & 0xFF00 | value;
                } else {
                    transmit(value);
                }
            }
            case IER_DLM -> {
                if (divisorAccess()) {
                    divisor = divisor & 0xFF | value << 8;
                } else {
                    writeInterruptEnable(value & IER_WRITABLE);
                }
            }
            case IIR_FCR -> writeFifoControl(value);
            case LCR -> lcr = value;
            case MCR -> {
                mcr = value & MCR_WRITABLE;
                updateModemStatus();
                fillFifo();
            }
            case SCR -> scr = value;
            default -> {}
        }
        update();
    }

    /** The holding register fills and is empty again at once: the interrupt falls and rises. */
    private void transmit(int value) {
        transmitterInterrupt = false;
        update();
        transmitterInterrupt = true;
        if (!loopback()) {
            output.write(value);
        } else if (fifo.size() < fifoCapacity()) {
            fifo.add(value);
            restartTimeout();
        } else {
            lineErrors |= LSR_OVERRUN;
        }
    }

    private void writeInterruptEnable(int value) {
        boolean transmitterNewlyEnabled = (value & ~ier & IER_TRANSMITTER_EMPTY) != 0;
        ier = value;
        if (transmitterNewlyEnabled) {
            transmitterInterrupt = true;
        }
    }

    private void writeFifoControl(int value) {
        boolean toggled = ((value ^ fcr) & FCR_ENABLE) != 0;
        fcr = (value & FCR_ENABLE) != 0 ? value & FCR_STORED : 0;
        if (toggled || (value & FCR_CLEAR_RECEIVER) != 0) {
            fifo.clear();
        }
        fillFifo();
        restartTimeout();
    }

    private void updateModemStatus() {
        int lines = modemLines;
        if (loopback()) {
            lines = ((mcr & MCR_RTS) != 0 ? MSR_CTS : 0)
                    | ((mcr & MCR_DTR) != 0 ? MSR_DSR : 0)
                    | ((mcr & MCR_OUT1) != 0 ? MSR_RI : 0)
                    | ((mcr & MCR_OUT2) != 0 ? MSR_DCD : 0);
        }
        int changed = (msr ^ lines) & MSR_LINES;
        int deltas = changed >> 4 & ~MSR_TRAILING_EDGE_RI;
        if ((changed & MSR_RI) != 0 && (lines & MSR_RI) == 0) {
            deltas |= MSR_TRAILING_EDGE_RI;
        }
        msr = lines | msr & MSR_DELTAS | deltas;
    }

    /** Returns the registers to power-on; the peer's modem wires keep their level. */
    @Override
    public void reset() {
        divisor = POWER_ON_DIVISOR;
        ier = 0;
        fcr = 0;
        lcr = 0;
        mcr = 0;
        lineErrors = 0;
        msr = modemLines;
        scr = 0;
        transmitterInterrupt = false;
        fifo.clear();
        fillFifo();
        restartTimeout();
        update();
    }

    @Override
    public State save() {
        return new State(
                divisor,
                ier,
                fcr,
                lcr,
                mcr,
                lineErrors,
                modemLines,
                msr,
                scr,
                transmitterInterrupt,
                timeout,
                timeoutAt,
                fifo.toByteArray(),
                waiting.toByteArray());
    }

    @Override
    public void restore(State state) {
        StateCheck.bits("divisor", state.divisor, 0xFFFF);
        StateCheck.bits("ier", state.ier, IER_WRITABLE);
        StateCheck.bits("fcr", state.fcr, FCR_STORED);
        StateCheck.bits("lcr", state.lcr, 0xFF);
        StateCheck.bits("mcr", state.mcr, MCR_WRITABLE);
        StateCheck.bits("lineErrors", state.lineErrors, LSR_ERRORS);
        StateCheck.bits("modemLines", state.modemLines, MSR_LINES);
        StateCheck.bits("msr", state.msr, 0xFF);
        StateCheck.bits("scr", state.scr, 0xFF);
        if (state.timeoutAt != Long.MAX_VALUE) {
            StateCheck.time("timeoutAt", state.timeoutAt);
        }
        int capacity = (state.fcr & FCR_ENABLE) != 0 ? FIFO_SIZE : 1;
        StateCheck.range("fifo length", state.fifo.length, 0, capacity);
        StateCheck.range("waiting length", state.waiting.length, 0, HOST_QUEUE_SIZE);
        divisor = state.divisor;
        ier = state.ier;
        fcr = state.fcr;
        lcr = state.lcr;
        mcr = state.mcr;
        lineErrors = state.lineErrors;
        modemLines = state.modemLines;
        msr = state.msr;
        scr = state.scr;
        transmitterInterrupt = state.transmitterInterrupt;
        timeout = state.timeout;
        timeoutAt = state.timeoutAt;
        fifo.set(state.fifo);
        waiting.set(state.waiting);
        if (timeoutAt == Long.MAX_VALUE) {
            timer.cancel();
        } else {
            timer.schedule(timeoutAt);
        }
        update();
    }
}
