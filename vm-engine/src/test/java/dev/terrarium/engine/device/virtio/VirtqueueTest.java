// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.virtio;

import static dev.terrarium.engine.device.virtio.TestRing.in;
import static dev.terrarium.engine.device.virtio.TestRing.out;
import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.device.virtio.rng.VirtioEntropy;
import java.util.Arrays;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** Split virtqueues by the clauses of VIRTIO 1.2, section 2.7, on an entropy source, which completes every chain at once. */
class VirtqueueTest {
    private static final int BUFFER = 0x8_0000;
    private static final int TABLE = 0x9_0000;
    private static final int NEEDS_RESET = 0x40;

    private final GuestRam ram = new GuestRam();
    private final TestDriver driver =
            new TestDriver(ram, new VirtioEntropy("rng", ram, bytes -> Arrays.fill(bytes, (byte) 1)));

    private TestRing start(long features) {
        return driver.start(Features.VERSION_1 | features, 8).getFirst();
    }

    private int takeInterrupts() {
        return (int) driver.read(TestDriver.ISR, 1);
    }

    @Test
    void s2_7_8_usedRingHasHeadAndLengthInTheOrderOfCompletion() {
        TestRing ring = start(0);
        for (int round = 0; round < 70_000; round++) {
            int head = ring.add(in(BUFFER, 1 + round % 100));
            ring.kick();
            assertThat(ring.usedIndex()).isEqualTo(round + 1 & 0xFFFF);
            assertThat(ring.usedHead(round)).isEqualTo(head);
            assertThat(ring.usedLength(round)).isEqualTo(1 + round % 100);
        }
    }

    @Test
    void s2_7_4_1_howAChainIsCutSaysNothing() {
        TestRing ring = start(0);
        ring.add(in(BUFFER, 1), in(BUFFER + 100, 0), in(BUFFER + 200, 7));
        ring.kick();
        assertThat(ring.usedLength(0)).isEqualTo(8);
        assertThat(Arrays.copyOfRange(ram.bytes, BUFFER + 200, BUFFER + 208)).containsExactly(1, 1, 1, 1, 1, 1, 1, 0);
        assertThat(ram.bytes[BUFFER + 1]).isZero();
    }

    @Test
    void s2_7_5_3_aTableOfDescriptorsIsAChain() {
        TestRing ring = start(Features.INDIRECT_DESCRIPTORS);
        TestRing.Part[] parts = new TestRing.Part[100];
        Arrays.setAll(parts, i -> in(BUFFER + 2 * i, 1));
        ring.addIndirect(TABLE, parts);
        ring.kick();
        assertThat(ring.usedLength(0)).isEqualTo(100);
    }

    @Test
    void s2_7_7_2_noInterruptIfTheFlagSaysSo() {
        TestRing ring = start(0);
        ring.setFlags(1);
        ring.add(in(BUFFER, 1));
        ring.kick();
        assertThat(takeInterrupts()).isZero();
        ring.setFlags(0);
        ring.add(in(BUFFER, 1));
        ring.kick();
        assertThat(takeInterrupts()).isEqualTo(1);
    }

    @Test
    void s2_7_7_2_withEventIndexOneInterruptWhenTheIndexIsPassed() {
        TestRing ring = start(Features.EVENT_INDEX);
        ring.setUsedEvent(2);
        for (int i = 0; i < 6; i++) {
            ring.add(in(BUFFER, 1));
            ring.kick();
            assertThat(takeInterrupts()).as("after completion %d", i).isEqualTo(i == 2 ? 1 : 0);
        }
    }

    @Test
    void s2_7_7_2_eventIndexWrapsAround() {
        TestRing ring = start(Features.EVENT_INDEX);
        int interrupts = 0;
        ring.setUsedEvent(0xFFFF);
        for (int i = 0; i < 0x1_0002; i++) {
            ring.add(in(BUFFER, 1));
            ring.kick();
            interrupts += takeInterrupts();
        }
        assertThat(interrupts).isEqualTo(1);
    }

    @Test
    void s2_7_10_theDeviceSaysAtWhichIndexItWantsANotification() {
        TestRing ring = start(Features.EVENT_INDEX);
        ring.add(in(BUFFER, 1));
        ring.add(in(BUFFER, 1));
        ring.kick();
        assertThat(ring.availableEvent()).isEqualTo(2);
    }

    private void needsReset(long features, Consumer<TestRing> mistake) {
        TestRing ring = start(features);
        mistake.accept(ring);
        ring.kick();
        assertThat(driver.status() & NEEDS_RESET)
                .as(driver.function().faultReason())
                .isNotZero();
        assertThat(ring.usedIndex()).isZero();
        ring = start(features);
        ring.add(in(BUFFER, 1));
        ring.kick();
        assertThat(ring.usedIndex()).as("after a reset").isEqualTo(1);
    }

    @Test
    void s2_7_4_mistakesInChainsNeedAReset() {
        needsReset(0, ring -> ring.offer(8)); // no such descriptor
        needsReset(0, ring -> ring.offer(0xFFFF));
        needsReset(
                0,
                ring -> { // next outside the table
                    ring.describe(0, BUFFER, 1, 3, 8);
                    ring.offer(0);
                });
        needsReset(
                0,
                ring -> { // a loop
                    ring.describe(0, BUFFER, 1, 3, 1);
                    ring.describe(1, BUFFER, 1, 3, 0);
                    ring.offer(0);
                });
        needsReset(0, ring -> ring.add(in(BUFFER, 1), out(BUFFER, 1))); // 2.7.4.2
        needsReset(0, ring -> ring.add(in(-1, 1)));
        needsReset(0, ring -> ring.add(in((1L << 52) - 1, 2)));
        needsReset(0, ring -> ring.add(in(Long.MAX_VALUE, -1)));
        needsReset(0, ring -> ring.add(in(0, -1), in(0, -1))); // more than 4 GiB
        needsReset(0, ring -> ring.setAvailableIndex(9)); // 2.7.6
    }

    @Test
    void s2_7_5_3_1_mistakesInTablesNeedAReset() {
        long indirect = Features.INDIRECT_DESCRIPTORS;
        needsReset(0, ring -> ring.addIndirect(TABLE, in(BUFFER, 1))); // not negotiated
        needsReset(
                indirect,
                ring -> { // both a table and a next
                    ring.describe(0, TABLE, 16, 5, 1);
                    ring.offer(0);
                });
        for (int length : new int[] {0, 8, 17, 1025 * 16, -16}) {
            needsReset(indirect, ring -> {
                ring.describe(0, TABLE, length, 4, 0);
                ring.offer(0);
            });
        }
        needsReset(
                indirect,
                ring -> { // a table in a table
                    ring.addIndirect(TABLE, in(BUFFER, 1));
                    ram.writeInt(TABLE + 12, 4);
                });
        needsReset(
                indirect,
                ring -> { // a table outside the address space
                    ring.describe(0, 1L << 52, 16, 4, 0);
                    ring.offer(0);
                });
    }

    @Test
    void addressesWithoutMemoryReadAsOnesAndSwallowWrites() {
        TestRing ring = start(0);
        ring.add(in(1L << 40, 100));
        ring.kick();
        assertThat(ring.usedLength(0)).isEqualTo(100);
        assertThat(driver.status()).isEqualTo(15);
    }
}
