// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

import dev.terrarium.engine.device.InterruptLine;
import dev.terrarium.engine.device.RegisterWindow;
import dev.terrarium.engine.processor.KernelInterruptChips;
import dev.terrarium.engine.processor.KernelInterruptChips.Chip;
import dev.terrarium.engine.processor.KernelInterruptChips.LocalApicImage;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A board's interrupt controllers and the wires to them. While vCPUs run, a hypervisor's own controllers may work in their place:
 * {@link #lend} gives those the state, {@link #takeBack} gets it again. In between the wires drive the kernel's controllers, and
 * whoever accesses the board's registers (a software processor that helps out) reaches the kernel's through them. All calls are
 * made with the board's lock held.
 */
public final class InterruptChips {
    private static final int MESSAGE_ADDRESS = 0xFEE0_0000;
    private static final long MESSAGE_ADDRESS_MASK = ~0xF_FFFFL;
    private static final int MESSAGE_DESTINATION_SHIFT = 12;
    private static final int MESSAGE_LOGICAL = 0x04;
    private static final int MESSAGE_LEVEL = 0xC000;

    private final InterruptControllerPair pic;
    private final IoApic ioApic;
    private final ApicBus bus;
    private final List<LocalApic> apics;
    private int picLevels;
    private int ioApicLevels;
    private @Nullable KernelInterruptChips kernel;

    /** @param apics those of the vCPUs, in their order */
    public InterruptChips(InterruptControllerPair pic, IoApic ioApic, ApicBus bus, List<LocalApic> apics) {
        this.pic = pic;
        this.ioApic = ioApic;
        this.bus = bus;
        this.apics = List.copyOf(apics);
        for (int i = 0; i < apics.size(); i++) {
            apics.get(i).showThrough(new LentWindow(apics.get(i).registers(), i));
        }
    }

    /** Input {@code irq} of the 8259 pair. While it is lent, the wire also ends at the I/O APIC. */
    public InterruptLine picInput(int irq) {
        InterruptLine own = pic.input(irq);
        return asserted -> {
            picLevels = asserted ? picLevels | 1 << irq : picLevels & ~(1 << irq);
            if (kernel != null) {
                kernel.setLine(irq, asserted);
            } else {
                own.set(asserted);
            }
        };
    }

    /** Pin {@code pin} of the I/O APIC. While it is lent, pins that carry ISA interrupts are driven as these. */
    public InterruptLine ioApicInput(int pin) {
        InterruptLine own = ioApic.input(pin);
        return asserted -> {
            ioApicLevels = asserted ? ioApicLevels | 1 << pin : ioApicLevels & ~(1 << pin);
            if (kernel == null) {
                own.set(asserted);
            } else if (pin >= InterruptControllerPair.INPUTS) {
                kernel.setLine(pin, asserted);
            }
        };
    }

    /**
     * Takes a message-signalled interrupt, a device's write of {@code data} to an address (Intel SDM volume 3, section 11.11); one to any
     * other address than 0xFEExxxxx is nobody's.
     */
    public void message(long address, int data) {
        if ((address & MESSAGE_ADDRESS_MASK) != Integer.toUnsignedLong(MESSAGE_ADDRESS)) {
            return;
        }
        if (kernel != null) {
            kernel.message(address, data);
        } else {
            bus.messageSignalled(address, data);
        }
    }

    /** Do a hypervisor's controllers work in the place of these? */
    public boolean isLent() {
        return kernel != null;
    }

    /** Has a hypervisor's controllers go on where these are. The vCPUs do not run. */
    public void lend(KernelInterruptChips borrower) {
        if (kernel != null) {
            throw new IllegalStateException("the interrupt controllers are lent already");
        }
        kernel = borrower;
        // First the wires: what their change makes of the kernel's old state is overwritten.
        for (int wire = 0; wire < IoApic.PINS; wire++) {
            int levels = wire < InterruptControllerPair.INPUTS ? picLevels : ioApicLevels;
            borrower.setLine(wire, (levels & 1 << wire) != 0);
        }
        for (int i = 0; i < apics.size(); i++) {
            borrower.writeLocal(i, apics.get(i).lend());
        }
        lendShared(borrower);
    }

    private void lendShared(KernelInterruptChips borrower) {
        borrower.write(Chip.MASTER, pic.lend(false));
        borrower.write(Chip.SLAVE, pic.lend(true));
        borrower.write(Chip.IO_APIC, ioApic.lend());
    }

    /** Goes on where the hypervisor's controllers are; does nothing if these are not lent. The vCPUs do not run. */
    public void takeBack() {
        KernelInterruptChips borrower = kernel;
        if (borrower == null) {
            return;
        }
        kernel = null;
        takeShared(borrower);
        for (int i = 0; i < apics.size(); i++) {
            takeLocal(borrower, i);
        }
    }

    private void takeShared(KernelInterruptChips borrower) {
        pic.takeBack(borrower.read(Chip.MASTER), borrower.read(Chip.SLAVE), picLevels);
        ioApic.takeBack(borrower.read(Chip.IO_APIC), ioApicLevels);
    }

    private void takeLocal(KernelInterruptChips borrower, int index) {
        LocalApicImage image = borrower.readLocal(index);
        apics.get(index).takeBack(image.base(), image.registers(), image.waitingForStartup(), image.nonMaskable());
    }

    /** Registers of the 8259 pair or the I/O APIC that reach the kernel's while these are lent. */
    public RegisterWindow shared(RegisterWindow own) {
        return new LentWindow(own, -1);
    }

    /** Registers that are fetched from the kernel before an access and given back after it; a local APIC's on its vCPU's thread. */
    private final class LentWindow implements RegisterWindow {
        private final RegisterWindow own;
        private final int index;

        /** @param index the vCPU of a local APIC's registers, or -1 */
        LentWindow(RegisterWindow own, int index) {
            this.own = own;
            this.index = index;
        }

        @Override
        public long read(long offset, int size) {
            KernelInterruptChips borrower = kernel;
            if (borrower == null) {
                return own.read(offset, size);
            }
            List<ApicMessage> messages = fetch(borrower);
            long value = own.read(offset, size);
            giveBack(borrower, messages);
            return value;
        }

        @Override
        public void write(long offset, int size, long value) {
            KernelInterruptChips borrower = kernel;
            if (borrower == null) {
                own.write(offset, size, value);
                return;
            }
            List<ApicMessage> messages = fetch(borrower);
            own.write(offset, size, value);
            giveBack(borrower, messages);
        }

        private List<ApicMessage> fetch(KernelInterruptChips borrower) {
            List<ApicMessage> messages = new ArrayList<>();
            bus.sendElsewhere(messages::add);
            takeShared(borrower);
            if (index >= 0) {
                takeLocal(borrower, index);
            }
            // What taking over sends again has been sent.
            messages.clear();
            return messages;
        }

        private void giveBack(KernelInterruptChips borrower, List<ApicMessage> messages) {
            bus.sendElsewhere(null);
            if (index >= 0) {
                borrower.writeLocal(index, apics.get(index).lend());
            }
            lendShared(borrower);
            for (ApicMessage each : messages) {
                long address = MESSAGE_ADDRESS
                        | (long) each.destination() << MESSAGE_DESTINATION_SHIFT
                        | (each.logical() ? MESSAGE_LOGICAL : 0);
                int trigger = each.level() ? MESSAGE_LEVEL : 0;
                borrower.message(
                        address & 0xFFFF_FFFFL, each.vector() | each.mode().ordinal() << 8 | trigger);
            }
        }
    }
}
