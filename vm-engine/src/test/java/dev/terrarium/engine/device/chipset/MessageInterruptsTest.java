// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.engine.device.InvalidStateException;
import dev.terrarium.engine.device.RegisterWindow;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** MSI-X by PCI Local Bus Specification 3.0, section 6.8.2. */
class MessageInterruptsTest {
    private final List<String> sent = new ArrayList<>();
    private final MessageInterrupts messages =
            new MessageInterrupts(70, (address, data) -> sent.add(Long.toHexString(address) + ":" + data));
    private final RegisterWindow table = messages.registers();

    private void unmask(int vector, boolean unmasked) {
        table.write(16L * vector + 12, 4, unmasked ? 0 : 1);
    }

    private long pending(int vector) {
        return table.read(MessageInterrupts.PENDING_OFFSET + vector / 64 * 8L, 8) >>> vector % 64 & 1;
    }

    @Test
    void entriesAreMaskedAfterReset() {
        messages.control(true, false);
        messages.signal(3);
        assertThat(sent).isEmpty();
        assertThat(table.read(16 * 3 + 12, 4)).isEqualTo(1);
    }

    @Test
    void aSignalIsAWriteOfTheEntrysDataToItsAddress() {
        messages.control(true, false);
        table.write(16 * 69, 8, 0x1_FEE0_1007L);
        table.write(16 * 69 + 8, 4, 0x4041);
        unmask(69, true);
        messages.signal(69);
        assertThat(sent).containsExactly("1fee01004:" + 0x4041);
        messages.signal(70);
        messages.signal(-1);
        messages.signal(0xFFFF);
        assertThat(sent).hasSize(1);
    }

    @Test
    void aMaskedSignalStaysPendingAndIsSentOnceWhenUnmasked() {
        messages.control(true, false);
        messages.signal(65);
        messages.signal(65);
        assertThat(pending(65)).isEqualTo(1);
        assertThat(pending(64)).isZero();
        unmask(65, true);
        assertThat(sent).hasSize(1);
        assertThat(pending(65)).isZero();
        unmask(65, false);
        unmask(65, true);
        assertThat(sent).hasSize(1);
    }

    @Test
    void theFunctionMaskMasksAll() {
        unmask(1, true);
        messages.control(true, true);
        messages.signal(1);
        messages.signal(2);
        assertThat(sent).isEmpty();
        messages.control(true, false);
        assertThat(sent).hasSize(1);
        assertThat(pending(2)).isEqualTo(1);
    }

    @Test
    void disabledItSendsAndRemembersNothing() {
        unmask(1, true);
        messages.signal(1);
        messages.control(true, false);
        assertThat(sent).isEmpty();
    }

    @Test
    void pendingBitsAreReadOnlyAndAccessesThatAreNotAlignedAreIgnored() {
        table.write(MessageInterrupts.PENDING_OFFSET, 8, -1);
        assertThat(table.read(MessageInterrupts.PENDING_OFFSET, 8)).isZero();
        table.write(2, 4, -1);
        table.write(0, 2, 0xFFFF);
        table.write(4, 8, -1);
        assertThat(table.read(0, 8)).isZero();
        assertThat(table.read(1, 2)).isEqualTo(-1);
        assertThat(table.read(4088, 8)).isZero();
    }

    @Test
    void aStateWithBitsThatNoVectorHasIsRefused() {
        int[] words = messages.saveTable();
        assertThatThrownBy(() -> messages.check(words, new long[] {0, 1L << 6}))
                .isInstanceOf(InvalidStateException.class);
        messages.check(words, new long[] {-1, (1L << 6) - 1});
        words[3] = 2;
        assertThatThrownBy(() -> messages.check(words, new long[2])).isInstanceOf(InvalidStateException.class);
    }
}
