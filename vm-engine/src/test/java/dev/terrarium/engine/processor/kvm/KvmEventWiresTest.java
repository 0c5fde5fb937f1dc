// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.engine.posix.EventDescriptor;
import dev.terrarium.engine.posix.PosixException;
import dev.terrarium.engine.processor.KernelInterruptChips.Chip;
import dev.terrarium.engine.processor.kvm.KvmEventWires.Doorbell;
import dev.terrarium.engine.processor.kvm.KvmEventWires.Wire;
import dev.terrarium.engine.processor.kvm.ProbeGuest.End;
import dev.terrarium.engine.processor.kvm.ProbeGuest.Mode;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A guest's writes and a machine's interrupts by way of event descriptors. */
class KvmEventWiresTest {
    @BeforeEach
    void needsKvm() {
        KvmHere.require();
    }

    private static long portWrites(ProbeGuest guest) throws PosixException {
        // Three times: out 0x80, al; AL is what is left of RCX.
        guest.load(Mode.LONG_KERNEL, "88C8 E680 48FFC9 75F7", 3);
        assertThat(guest.run()).isEqualTo(End.AS_WRITTEN);
        return guest.portWrites();
    }

    @Test
    void writesToAPortRingInsteadOfLeaving() throws Exception {
        try (ProbeGuest guest = new ProbeGuest();
                EventDescriptor any = EventDescriptor.polled();
                EventDescriptor two = EventDescriptor.polled()) {
            KvmEventWires wires = guest.machine().eventWires();
            assertThat(portWrites(guest)).isEqualTo(3);
            try (Wire wire = wires.onWrite(new Doorbell(true, 0x80, 1, OptionalInt.of(2)), two)) {
                assertThat(portWrites(guest)).as("all but the write of 2").isEqualTo(2);
                assertThat(two.take()).isEqualTo(1);
                assertThat(two.take()).isZero();
            }
            assertThat(portWrites(guest)).isEqualTo(3);
            try (Wire wire = wires.onWrite(new Doorbell(true, 0x80, 1, OptionalInt.empty()), any)) {
                assertThat(portWrites(guest)).isZero();
                assertThat(any.take()).isEqualTo(3);
            }
            assertThat(two.take()).isZero();
            assertThat(portWrites(guest)).isEqualTo(3);
        }
    }

    @Test
    void writesToMemoryRing() throws Exception {
        try (ProbeGuest guest = new ProbeGuest();
                EventDescriptor event = EventDescriptor.waiting();
                Wire wire = guest.machine()
                        .eventWires()
                        .onWrite(new Doorbell(false, 0x1F_F000, 4, OptionalInt.empty()), event)) {
            guest.hideMemoryFrom(0x1F_F000);
            guest.load(Mode.LONG_KERNEL, "C70425 00F01F00 01000000", 0);
            assertThat(guest.run()).isEqualTo(End.AS_WRITTEN);
            assertThat(event.take()).isEqualTo(1);
        }
    }

    @Test
    void anEventRaisesAnInterrupt() throws Exception {
        try (ProbeGuest guest = new ProbeGuest(true);
                EventDescriptor event = EventDescriptor.polled()) {
            KvmChips chips = guest.chips();
            assertThat(requested(chips)).isZero();
            try (Wire wire = guest.machine().eventWires().interrupt(5, event)) {
                event.add(1);
                awaitRequest(chips);
                assertThat(requested(chips)).isEqualTo(1 << 5);
            }
            byte[] image = chips.read(Chip.MASTER);
            image[1] = 0;
            chips.write(Chip.MASTER, image);
            event.add(1);
            assertThat(requested(chips)).as("after the wire is gone").isZero();
        }
    }

    /** The kernel may carry an event on a thread of its own. */
    private static void awaitRequest(KvmChips chips) {
        long deadline = System.nanoTime() + 5_000_000_000L;
        while (requested(chips) == 0 && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
    }

    private static int requested(KvmChips chips) {
        return chips.read(Chip.MASTER)[1] & 0xFF;
    }

    @Test
    void withoutControllersInTheKernelThereAreNoInterrupts() throws Exception {
        try (ProbeGuest guest = new ProbeGuest();
                EventDescriptor event = EventDescriptor.polled()) {
            KvmEventWires wires = guest.machine().eventWires();
            assertThatThrownBy(() -> wires.interrupt(5, event)).isInstanceOf(PosixException.class);
        }
    }
}
