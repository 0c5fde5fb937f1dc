// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

import dev.terrarium.engine.device.ByteRegisters;
import dev.terrarium.engine.device.InterruptLine;
import dev.terrarium.engine.device.RegisterWindow;
import dev.terrarium.engine.device.StateCheck;

/**
 * The PIIX3 PCI-to-ISA bridge, device 1 function 0 (Intel data sheet 290550): it routes PIRQA to PIRQD to ISA
 * interrupts, and has two ports that reset the machine.
 */
public final class Piix3 extends PciFunction<Piix3.State> implements PirqRouter {
    private static final PciIdentity IDENTITY = new PciIdentity(0x8086, 0x7000, 0x00, 0x060100, 0x1AF4, 0x1100);

    private static final int PIRQ_ROUTE_CONTROL = 0x60;
    private static final int PIRQ_ROUTE_WRITABLE = 0x8F;
    private static final int PIRQ_ROUTING_DISABLED = 0x80;
    /** Data sheet, PIRQRC: interrupts 0, 1, 2, 8 and 13 cannot be chosen. */
    private static final int ROUTABLE_IRQS = 0xDEF8;

    private static final int DEVICE_SPECIFIC = 0x40;

    private static final int RESET_SYSTEM = 0x02;
    private static final int RESET_CPU = 0x04;

    private static final int PORT_92_FAST_RESET = 0x01;
    private static final int PORT_92_A20 = 0x02;

    /** The configuration space and the reset control register. */
    public record State(PciState pci, int resetControl) {}

    private final SystemControl system;
    private final A20Gate a20;
    private final InterruptLine[] irqs = new InterruptLine[InterruptControllerPair.INPUTS];
    private int pirqs;
    private int resetControl;

    public Piix3(IsaInterrupts interrupts, SystemControl system, A20Gate a20) {
        super("piix3", IDENTITY);
        this.system = system;
        this.a20 = a20;
        for (int irq = 0; irq < irqs.length; irq++) {
            irqs[irq] = interrupts.line(irq);
        }
        setMultiFunction();
        for (int offset = DEVICE_SPECIFIC; offset < CONFIG_SIZE; offset++) {
            configWritable(offset, 1, 0xFF);
        }
        configDefault(COMMAND, 2, COMMAND_IO | COMMAND_MEMORY | COMMAND_BUS_MASTER);
        configDefault(STATUS, 2, 0x0200);
        configDefault(0x4C, 1, 0x4D);
        configDefault(0x4E, 1, 0x03);
        for (int i = 0; i < PciBus.PIRQS; i++) {
            configDefault(PIRQ_ROUTE_CONTROL + i, 1, PIRQ_ROUTING_DISABLED);
            configWritable(PIRQ_ROUTE_CONTROL + i, 1, PIRQ_ROUTE_WRITABLE);
        }
        configDefault(0x69, 1, 0x02);
        configDefault(0x70, 1, 0x80);
        configDefault(0x76, 2, 0x0C0C);
        configDefault(0x78, 1, 0x02);
        configDefault(0xA0, 1, 0x08);
    }

    /** The reset control register, port 0xCF9: give it to {@link PciBus#connectResetControl}. */
    public RegisterWindow resetControlPort() {
        return new ByteRegisters() {
            @Override
            public int readByte(int offset) {
                return offset == 0 ? resetControl : 0xFF;
            }

            @Override
            public void writeByte(int offset, int value) {
                if (offset == 0) {
                    resetControl = value & RESET_SYSTEM;
                    if ((value & RESET_CPU) != 0) {
                        system.requestReset();
                    }
                }
            }
        };
    }

    /** Port 0x92: the fast A20 gate and the fast reset. */
    public RegisterWindow systemControlPortA() {
        return new ByteRegisters() {
            @Override
            public int readByte(int offset) {
                if (offset != 0) {
                    return 0xFF;
                }
                return a20.enabled() ? PORT_92_A20 : 0;
            }

            @Override
            public void writeByte(int offset, int value) {
                if (offset == 0) {
                    a20.set((value & PORT_92_A20) != 0);
                    if ((value & PORT_92_FAST_RESET) != 0) {
                        system.requestReset();
                    }
                }
            }
        };
    }

    @Override
    public void pirq(int pirq, boolean asserted) {
        pirqs = asserted ? pirqs | 1 << pirq : pirqs & ~(1 << pirq);
        route();
    }

    @Override
    protected void configWritten(int offset, int size) {
        if (offset < PIRQ_ROUTE_CONTROL + PciBus.PIRQS && offset + size > PIRQ_ROUTE_CONTROL) {
            route();
        }
    }

    private void route() {
        int levels = 0;
        for (int i = 0; i < PciBus.PIRQS; i++) {
            int control = config(PIRQ_ROUTE_CONTROL + i, 1);
            if ((pirqs & 1 << i) != 0 && (control & PIRQ_ROUTING_DISABLED) == 0) {
                levels |= 1 << (control & 0xF);
            }
        }
        levels &= ROUTABLE_IRQS;
        for (int irq = 0; irq < irqs.length; irq++) {
            irqs[irq].set((levels & 1 << irq) != 0);
        }
    }

    @Override
    public void reset() {
        resetPci();
        resetControl = 0;
        route();
    }

    @Override
    public State save() {
        return new State(savePci(), resetControl);
    }

    @Override
    public void restore(State state) {
        checkPci(state.pci);
        StateCheck.bits("resetControl", state.resetControl, RESET_SYSTEM);
        restorePci(state.pci);
        resetControl = state.resetControl;
        route();
    }
}
