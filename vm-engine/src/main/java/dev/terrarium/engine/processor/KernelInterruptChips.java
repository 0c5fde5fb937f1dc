// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor;

/**
 * The interrupt controllers that a hypervisor has of its own: an 8259 pair, an I/O APIC and a local APIC a vCPU, which serve the
 * vCPUs without leaving the guest. Images are those of Linux' KVM (linux/kvm.h, little-endian). Called with the board's lock held.
 */
public interface KernelInterruptChips {
    /** A chip that is not a vCPU's own, numbered as in linux/kvm.h (KVM_IRQCHIP_*). */
    enum Chip {
        /** The first 8259: struct kvm_pic_state, 16 bytes. */
        MASTER,
        /** The second. */
        SLAVE,
        /** struct kvm_ioapic_state, 216 bytes. */
        IO_APIC
    }

    /** Bytes of a local APIC's registers in an image: 64 registers, 16 bytes apart (Intel SDM volume 3, table 11-1). */
    int LOCAL_APIC_BYTES = 1024;

    /**
     * A vCPU's local APIC.
     *
     * @param base IA32_APIC_BASE
     * @param registers {@link #LOCAL_APIC_BYTES} bytes
     * @param waitingForStartup the vCPU waits for a start-up message
     * @param nonMaskable a non-maskable interrupt was pending, which is the reader's now
     */
    record LocalApicImage(long base, byte[] registers, boolean waitingForStartup, boolean nonMaskable) {}

    /** Drives a wire: 0 to 15 the ISA interrupts, which end at the 8259 pair and the I/O APIC, 16 to 23 pins of the I/O APIC. */
    void setLine(int line, boolean asserted);

    /** Sends a message-signalled interrupt (Intel SDM volume 3, section 11.11). */
    void message(long address, int data);

    byte[] read(Chip chip);

    void write(Chip chip, byte[] image);

    /** The local APIC of a vCPU, which does not run unless it is the caller's own. */
    LocalApicImage readLocal(int index);

    /** Replaces the registers of a local APIC; the base and what waits are the vCPU's own business. */
    void writeLocal(int index, byte[] registers);
}
