// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

import dev.terrarium.engine.device.InterruptLine;
import java.util.function.IntFunction;

/**
 * The sixteen ISA interrupt wires, which end both at the 8259 pair and at the I/O APIC. Each may have several drivers;
 * it is asserted while one of them asserts it.
 *
 * <p>It keeps no state of its own: drivers that are restored drive their wires again.
 */
public final class IsaInterrupts {
    /** The interval timer's wire ends at this pin of the I/O APIC; every other at the pin of its own number. */
    private static final int TIMER_PIN = 2;

    private final InterruptLine[] pic = new InterruptLine[InterruptControllerPair.INPUTS];
    private final InterruptLine[] ioApic = new InterruptLine[InterruptControllerPair.INPUTS];
    private final int[] asserted = new int[InterruptControllerPair.INPUTS];

    /**
     * @param picInput gives the 8259 pair's inputs, 0 to 15
     * @param ioApicInput gives the I/O APIC's pins
     */
    public IsaInterrupts(IntFunction<InterruptLine> picInput, IntFunction<InterruptLine> ioApicInput) {
        for (int irq = 0; irq < InterruptControllerPair.INPUTS; irq++) {
            pic[irq] = picInput.apply(irq);
            ioApic[irq] = switch (irq) {
                case 0 -> ioApicInput.apply(TIMER_PIN);
                case Pic8259.CASCADE_INPUT -> InterruptLine.UNCONNECTED;
                default -> ioApicInput.apply(irq);
            };
        }
    }

    /** A new driver of wire {@code irq}. */
    public InterruptLine line(int irq) {
        return new Driver(irq);
    }

    private final class Driver implements InterruptLine {
        private final int irq;
        private boolean level;

        private Driver(int irq) {
            this.irq = irq;
        }

        @Override
        public void set(boolean newLevel) {
            if (level == newLevel) {
                return;
            }
            level = newLevel;
            asserted[irq] += newLevel ? 1 : -1;
            boolean wireChanged = asserted[irq] == (newLevel ? 1 : 0);
            if (wireChanged) {
                pic[irq].set(newLevel);
                ioApic[irq].set(newLevel);
            }
        }
    }
}
