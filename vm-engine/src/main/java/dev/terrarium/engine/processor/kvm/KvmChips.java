// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import dev.terrarium.engine.posix.DeviceCall;
import dev.terrarium.engine.posix.PosixException;
import dev.terrarium.engine.processor.KernelInterruptChips;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * The interrupt controllers in the kernel (KVM_CREATE_IRQCHIP), wired as a PC's are: interrupt 0 ends at pin 2 of the I/O APIC, 2
 * is the 8259 pair's cascade. To be made before the first vCPU.
 */
final class KvmChips implements KernelInterruptChips, AutoCloseable {
    private static final long KVM_CREATE_IRQCHIP = 0xAE60;
    private static final long KVM_IRQ_LINE = 0x4008AE61L;
    private static final long KVM_GET_IRQCHIP = 0xC208AE62L;
    private static final long KVM_SET_IRQCHIP = 0x8208AE63L;
    private static final long KVM_SET_GSI_ROUTING = 0x4008AE6AL;
    private static final long KVM_SIGNAL_MSI = 0x4020AEA5L;

    private static final int CHIP_BYTES = 520;
    private static final int CHIP_DATA = 8;
    private static final int[] IMAGE_BYTES = {16, 16, 216};
    private static final int MESSAGE_BYTES = 32;

    private static final int ISA_LINES = 16;
    private static final int PINS = 24;
    private static final int CASCADE = 2;
    private static final int TIMER_PIN = 2;
    private static final int ROUTE_BYTES = 48;
    private static final int ROUTE_TO_CHIP = 1;

    private final DeviceCall call;
    private final List<KvmVcpu> vcpus = new ArrayList<>();
    private final Arena arena = Arena.ofShared();
    private final MemorySegment line = arena.allocate(8, 4);
    private final MemorySegment chip = arena.allocate(CHIP_BYTES, 8);
    private final MemorySegment message = arena.allocate(MESSAGE_BYTES, 8);

    /** @param machine the descriptor of a KVM machine without vCPUs */
    KvmChips(int machine) throws PosixException {
        call = DeviceCall.borrowing(machine);
        try {
            call.call(KVM_CREATE_IRQCHIP, 0);
            route();
        } catch (PosixException e) {
            close();
            throw e;
        }
    }

    /** Adds the next vCPU, in the order of their numbers. */
    void attach(KvmVcpu vcpu) {
        vcpus.add(vcpu);
    }

    private void route() throws PosixException {
        try (Arena local = Arena.ofConfined()) {
            MemorySegment table = local.allocate(8 + 2L * PINS * ROUTE_BYTES, 8);
            int count = 0;
            for (int wire = 0; wire < PINS; wire++) {
                if (wire < ISA_LINES && wire != CASCADE) {
                    Chip pic = wire < 8 ? Chip.MASTER : Chip.SLAVE;
                    count = addRoute(table, count, wire, pic, wire % 8);
                }
                if (wire != CASCADE) {
                    count = addRoute(table, count, wire, Chip.IO_APIC, wire == 0 ? TIMER_PIN : wire);
                }
            }
            table.set(ValueLayout.JAVA_INT, 0, count);
            call.call(KVM_SET_GSI_ROUTING, table.address());
        }
    }

    /** Writes a struct kvm_irq_routing_entry. */
    private static int addRoute(MemorySegment table, int count, int wire, Chip chip, int pin) {
        long at = 8 + (long) count * ROUTE_BYTES;
        table.set(ValueLayout.JAVA_INT, at, wire);
        table.set(ValueLayout.JAVA_INT, at + 4, ROUTE_TO_CHIP);
        table.set(ValueLayout.JAVA_INT, at + 16, chip.ordinal());
        table.set(ValueLayout.JAVA_INT, at + 20, pin);
        return count + 1;
    }

    private void request(long number, MemorySegment argument) {
        try {
            call.call(number, argument.address());
        } catch (PosixException e) {
            throw new UncheckedIOException("KVM's interrupt controllers do not answer", e);
        }
    }

    @Override
    public void setLine(int wire, boolean asserted) {
        line.set(ValueLayout.JAVA_INT, 0, wire);
        line.set(ValueLayout.JAVA_INT, 4, asserted ? 1 : 0);
        request(KVM_IRQ_LINE, line);
    }

    @Override
    public void message(long address, int data) {
        message.fill((byte) 0);
        message.set(ValueLayout.JAVA_INT, 0, (int) address);
        message.set(ValueLayout.JAVA_INT, 4, (int) (address >>> 32));
        message.set(ValueLayout.JAVA_INT, 8, data);
        // The guest has made the message up: one that no vCPU takes may be an error to the kernel, and is lost on a
        // real bus.
        call.attempt(KVM_SIGNAL_MSI, message.address());
    }

    @Override
    public byte[] read(Chip which) {
        chip.fill((byte) 0);
        chip.set(ValueLayout.JAVA_INT, 0, which.ordinal());
        request(KVM_GET_IRQCHIP, chip);
        return chip.asSlice(CHIP_DATA, IMAGE_BYTES[which.ordinal()]).toArray(ValueLayout.JAVA_BYTE);
    }

    @Override
    public void write(Chip which, byte[] image) {
        chip.fill((byte) 0);
        chip.set(ValueLayout.JAVA_INT, 0, which.ordinal());
        MemorySegment.copy(image, 0, chip, ValueLayout.JAVA_BYTE, CHIP_DATA, IMAGE_BYTES[which.ordinal()]);
        request(KVM_SET_IRQCHIP, chip);
    }

    @Override
    public LocalApicImage readLocal(int index) {
        KvmVcpu vcpu = vcpus.get(index);
        try {
            // The kernel takes a pending INIT or start-up message while it tells whether the vCPU waits for one.
            boolean waiting = vcpu.activity().waitsForStartup();
            vcpu.readSpecial();
            vcpu.readEvents();
            boolean nonMaskable = new KvmEvents(vcpu.events).takeNonMaskablePending();
            if (nonMaskable) {
                vcpu.writeEvents();
            }
            return new LocalApicImage(
                    vcpu.special().get(ValueLayout.JAVA_LONG, KvmVcpu.APIC_BASE),
                    vcpu.localApic(),
                    waiting,
                    nonMaskable);
        } catch (PosixException e) {
            throw new UncheckedIOException("KVM does not tell the state of local APIC " + index, e);
        }
    }

    @Override
    public void writeLocal(int index, byte[] registers) {
        try {
            vcpus.get(index).setLocalApic(registers);
        } catch (PosixException e) {
            throw new UncheckedIOException("KVM does not take the state of local APIC " + index, e);
        }
    }

    @Override
    public void close() {
        call.close();
        arena.close();
    }
}
