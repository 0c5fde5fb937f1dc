// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.processor.KernelInterruptChips.LocalApicImage;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Message-signalled interrupts to the kernel's controllers (KVM_SIGNAL_MSI). */
class KvmMessageTest {
    private static final int SPURIOUS_VECTOR = 0xF0;
    private static final int ENABLED = 0x1FF;
    private static final int REQUESTED = 0x200;

    @BeforeEach
    void needsKvm() {
        KvmHere.require();
    }

    private static ByteBuffer registers(KvmChips chips) {
        LocalApicImage image = chips.readLocal(0);
        return ByteBuffer.wrap(image.registers()).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Test
    void aMessageIsRequestedFromItsVcpuAndOneForNobodyIsLost() throws Exception {
        try (ProbeGuest guest = new ProbeGuest(true)) {
            KvmChips chips = guest.chips();
            ByteBuffer registers = registers(chips);
            registers.putInt(SPURIOUS_VECTOR, ENABLED);
            chips.writeLocal(0, registers.array());
            chips.message(0xFEE0_0000L, 0x41);
            assertThat(registers(chips).getInt(REQUESTED + 0x41 / 32 * 16)).isEqualTo(1 << 0x41 % 32);
            // A guest chooses destinations that are not there, and modes that make no sense.
            chips.message(0xFEE7_0000L, 0x42);
            for (int mode = 0; mode < 8; mode++) {
                chips.message(0xFEE7_7000L, 0x43 | mode << 8);
            }
            assertThat(registers(chips).getInt(REQUESTED + 0x41 / 32 * 16)).isEqualTo(1 << 0x41 % 32);
        }
    }
}
