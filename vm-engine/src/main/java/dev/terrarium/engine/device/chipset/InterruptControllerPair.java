// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

import dev.terrarium.engine.device.ByteRegisters;
import dev.terrarium.engine.device.Device;
import dev.terrarium.engine.device.InterruptLine;
import dev.terrarium.engine.device.RegisterWindow;

/** The PC's two 8259A interrupt controllers, the second cascaded into input 2 of the first. */
public final class InterruptControllerPair implements Device<InterruptControllerPair.State> {
    /** The number of interrupt inputs, the cascade among them. */
    public static final int INPUTS = 16;

    /** PIIX3 data sheet, ELCR1: the timer, the keyboard and the cascade are always edge-triggered. */
    private static final int MASTER_ELCR_WRITABLE = 0xF8;

    /** PIIX3 data sheet, ELCR2: the real-time clock and the coprocessor error are always edge-triggered. */
    private static final int SLAVE_ELCR_WRITABLE = 0xDE;

    /** Both controllers. */
    public record State(Pic8259.State master, Pic8259.State slave) {}

    private final InterruptLine output;
    private final Pic8259 slave = new Pic8259(false, SLAVE_ELCR_WRITABLE, this::slaveChanged);
    private final Pic8259 master = new Pic8259(true, MASTER_ELCR_WRITABLE, this::masterChanged);

    /** @param output the INTR wire to the processor, or to LINT0 of its local APIC */
    public InterruptControllerPair(InterruptLine output) {
        this.output = output;
    }

    @Override
    public String name() {
        return "pic";
    }

    /** Ports 0x20 and 0x21. */
    public RegisterWindow masterPorts() {
        return master;
    }

    /** Ports 0xA0 and 0xA1. */
    public RegisterWindow slavePorts() {
        return slave;
    }

    /** The edge/level control registers, ports 0x4D0 and 0x4D1. */
    public RegisterWindow edgeLevelPorts() {
        return new ByteRegisters() {
            @Override
            public int readByte(int offset) {
                return switch (offset) {
                    case 0 -> master.elcr();
                    case 1 -> slave.elcr();
                    default -> 0xFF;
                };
            }

            @Override
            public void writeByte(int offset, int value) {
                switch (offset) {
                    case 0 -> master.setElcr(value);
                    case 1 -> slave.setElcr(value);
                    default -> {}
                }
            }
        };
    }

    /** Input {@code irq}, 0 to 15; input 2 carries the second controller and ends nowhere. */
    public InterruptLine input(int irq) {
        if (irq == Pic8259.CASCADE_INPUT) {
            return InterruptLine.UNCONNECTED;
        }
        Pic8259 controller = irq < Pic8259.INPUTS ? master : slave;
        int input = irq % Pic8259.INPUTS;
        return asserted -> controller.setInput(input, asserted);
    }

    /** Is the output wire asserted? */
    public boolean pending() {
        return master.pendingInput() >= 0;
    }

    /** The processor's interrupt acknowledge cycle: the vector, which is that of a spurious input 7 if none is due. */
    public int acknowledge() {
        int input = master.pendingInput();
        if (input < 0) {
            return master.spuriousVector();
        }
        master.acknowledge(input);
        if (input != Pic8259.CASCADE_INPUT) {
            return master.vector(input);
        }
        int slaveInput = slave.pendingInput();
        if (slaveInput < 0) {
            return slave.spuriousVector();
        }
        slave.acknowledge(slaveInput);
        return slave.vector(slaveInput);
    }

    private void slaveChanged() {
        master.setInput(Pic8259.CASCADE_INPUT, slave.pendingInput() >= 0);
    }

    private void masterChanged() {
        output.set(pending());
    }

    @Override
    public void reset() {
        slave.reset();
        master.reset();
    }

    /** The registers of the first controller, or the second, for one that works in its place. */
    byte[] lend(boolean second) {
        return second ? slave.image() : master.image();
    }

    /**
     * Takes over from controllers that worked in the place of these.
     *
     * @param levels of the inputs, a bit each
     */
    void takeBack(byte[] first, byte[] second, int levels) {
        restore(new State(master.state(first, levels), slave.state(second, levels >> Pic8259.INPUTS)));
    }

    @Override
    public State save() {
        return new State(master.save(), slave.save());
    }

    @Override
    public void restore(State state) {
        master.check(state.master);
        slave.check(state.slave);
        slave.restore(state.slave);
        master.restore(state.master);
        slaveChanged();
        masterChanged();
    }
}
