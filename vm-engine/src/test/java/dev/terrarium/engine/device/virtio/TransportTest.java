// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.virtio;

import static dev.terrarium.engine.device.virtio.TestRing.in;
import static dev.terrarium.engine.device.virtio.TestRing.out;
import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.device.virtio.rng.VirtioEntropy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** The PCI transport and the life cycle of a device, by the clauses of VIRTIO 1.2 that the tests are named after. */
class TransportTest {
    private static final long VERSION_1 = Features.VERSION_1;

    private final GuestRam ram = new GuestRam();
    private final TestDriver driver =
            new TestDriver(ram, new VirtioEntropy("rng", ram, bytes -> Arrays.fill(bytes, (byte) 0x5A)));

    private int fill(TestRing ring, int length) {
        ring.add(in(0x8_0000, length));
        ring.kick();
        return ring.usedIndex();
    }

    @Test
    void s4_1_2_1_identityIsThatOfAModernDevice() {
        assertThat(driver.readPci(0, 2)).isEqualTo(0x1AF4);
        assertThat(driver.readPci(2, 2)).isEqualTo(0x1044);
        assertThat(driver.readPci(8, 1)).isGreaterThanOrEqualTo(1);
        assertThat(driver.readPci(0x2E, 2)).isGreaterThanOrEqualTo(0x40);
    }

    /** Every structure that 4.1.4 requires is there, and lies within its BAR. */
    @Test
    void s4_1_4_capabilitiesLeadToTheStructures() {
        assertThat(driver.readPci(6, 2) & 0x10).isNotZero();
        Map<Long, Integer> structures = new TreeMap<>();
        List<Long> others = new ArrayList<>();
        int at = (int) driver.readPci(0x34, 1);
        while (at != 0) {
            if (driver.readPci(at, 1) == 9) {
                structures.put(driver.readPci(at + 3, 1), at);
                assertThat(driver.readPci(at + 8, 4) + driver.readPci(at + 12, 4))
                        .isLessThanOrEqualTo(0x4000);
            } else {
                others.add(driver.readPci(at, 1));
            }
            at = (int) driver.readPci(at + 1, 1);
        }
        assertThat(structures).containsOnlyKeys(1L, 2L, 3L, 5L);
        assertThat(others).containsExactly(0x11L);
        assertThat(driver.readPci(structures.get(2L) + 16, 4)).isEqualTo(4);
    }

    @Test
    void s4_1_4_9_structuresAreReachedThroughConfigurationSpace() {
        int at = (int) driver.readPci(0x34, 1);
        while (driver.readPci(at, 1) != 9 || driver.readPci(at + 3, 1) != 5) {
            at = (int) driver.readPci(at + 1, 1);
        }
        driver.writePci(at + 4, 1, 4);
        driver.writePci(at + 8, 4, TestDriver.NUM_QUEUES);
        driver.writePci(at + 12, 4, 2);
        assertThat(driver.readPci(at + 16, 2)).isEqualTo(1);
        driver.writePci(at + 8, 4, TestDriver.STATUS);
        driver.writePci(at + 12, 4, 1);
        driver.writePci(at + 16, 1, 1);
        assertThat(driver.status()).isEqualTo(1);
        driver.writePci(at + 12, 4, 3);
        driver.writePci(at + 16, 4, -1);
        driver.writePci(at + 8, 4, 0xFFFF_FFFCL);
        driver.writePci(at + 12, 4, 4);
        driver.writePci(at + 16, 4, -1);
        assertThat(driver.status()).isEqualTo(1);
    }

    @Test
    void s2_2_featuresAreOfferedByWordsAndTakenOnlyIfOffered() {
        long offered = driver.offered();
        assertThat(offered).isEqualTo(Features.COMMON);
        driver.write(TestDriver.DEVICE_FEATURE_SELECT, 4, 2);
        assertThat(driver.read(TestDriver.DEVICE_FEATURE, 4)).isZero();
        assertThat(driver.negotiate(VERSION_1)).isTrue();
        assertThat(driver.negotiate(offered)).isTrue();
        assertThat(driver.negotiate(VERSION_1 | 1L << 5)).isFalse();
    }

    @Test
    void s6_1_aDriverWithoutVersion1IsRefused() {
        assertThat(driver.negotiate(Features.INDIRECT_DESCRIPTORS)).isFalse();
        driver.write(TestDriver.STATUS, 1, 15);
        assertThat(driver.status() & 4).as("DRIVER_OK").isZero();
    }

    @Test
    void s3_1_1_featuresCannotChangeAfterFeaturesOk() {
        assertThat(driver.negotiate(VERSION_1)).isTrue();
        driver.accept(Features.COMMON);
        driver.write(TestDriver.DRIVER_FEATURE_SELECT, 4, 0);
        assertThat(driver.read(TestDriver.DRIVER_FEATURE, 4)).isZero();
    }

    @Test
    void s2_1_2_nothingIsConsumedBeforeDriverOk() {
        driver.negotiate(VERSION_1);
        TestRing ring = driver.enable(0, 8, false);
        assertThat(fill(ring, 16)).isZero();
        driver.write(TestDriver.STATUS, 1, 15);
        assertThat(ring.usedIndex()).isEqualTo(1);
    }

    @Test
    void s2_4_writingZeroResets() {
        TestRing ring = driver.start(VERSION_1, 8).getFirst();
        assertThat(fill(ring, 16)).isEqualTo(1);
        driver.write(TestDriver.STATUS, 1, 0);
        assertThat(driver.status()).isZero();
        assertThat(driver.pin).isFalse();
        assertThat(driver.read(TestDriver.QUEUE_ENABLE, 2)).isZero();
        assertThat(driver.read(TestDriver.QUEUE_SIZE, 2)).isEqualTo(64);
        assertThat(driver.read(TestDriver.QUEUE_DESC, 8)).isZero();
        assertThat(driver.read(TestDriver.CONFIG_VECTOR, 2)).isEqualTo(0xFFFF);
        assertThat(fill(ring, 16)).isEqualTo(1);
        assertThat(fill(driver.start(VERSION_1, 8).getFirst(), 16)).isEqualTo(1);
    }

    @Test
    void s4_1_4_3_queueThatIsNotThereHasSizeZero() {
        driver.write(TestDriver.QUEUE_SELECT, 2, 1);
        assertThat(driver.read(TestDriver.QUEUE_SIZE, 2)).isZero();
        driver.write(TestDriver.QUEUE_ENABLE, 2, 1);
        assertThat(driver.read(TestDriver.QUEUE_ENABLE, 2)).isZero();
        driver.write(TestDriver.NOTIFY + 4, 2, 1);
    }

    @Test
    void s4_1_4_3_sizesThatAreNoPowerOfTwoOrTooLargeAreNotTaken() {
        for (int wrong : new int[] {0, 3, 63, 128, 0xFFFF}) {
            driver.write(TestDriver.QUEUE_SIZE, 2, wrong);
            assertThat(driver.read(TestDriver.QUEUE_SIZE, 2)).isEqualTo(64);
        }
        driver.write(TestDriver.QUEUE_SIZE, 2, 16);
        assertThat(driver.read(TestDriver.QUEUE_SIZE, 2)).isEqualTo(16);
    }

    @Test
    void s4_1_3_1_addressesAreWrittenByHalvesAndOnlyBeforeTheQueueIsEnabled() {
        driver.negotiate(VERSION_1);
        driver.write(TestDriver.QUEUE_DESC, 4, 0x1_0000);
        driver.write(TestDriver.QUEUE_DESC + 4, 4, 1);
        assertThat(driver.read(TestDriver.QUEUE_DESC, 8)).isEqualTo(0x1_0001_0000L);
        driver.write(TestDriver.QUEUE_DESC, 2, 0xFFFF);
        assertThat(driver.read(TestDriver.QUEUE_DESC, 8)).isEqualTo(0x1_0001_0000L);
        driver.write(TestDriver.QUEUE_ENABLE, 2, 1);
        driver.write(TestDriver.QUEUE_DESC, 4, 0);
        assertThat(driver.read(TestDriver.QUEUE_DESC, 8)).isEqualTo(0x1_0001_0000L);
    }

    @Test
    void s2_7_ringsThatAreNotAlignedNeedAReset() {
        driver.negotiate(VERSION_1);
        driver.write(TestDriver.QUEUE_DESC, 8, 0x1_0008);
        driver.write(TestDriver.QUEUE_ENABLE, 2, 1);
        assertThat(driver.status() & 0x40).isNotZero();
    }

    @Test
    void s4_1_4_5_readingTheIsrReleasesThePin() {
        TestRing ring = driver.start(VERSION_1, 8).getFirst();
        fill(ring, 16);
        assertThat(driver.pin).isTrue();
        assertThat(driver.readPci(6, 2) & 8).as("interrupt status").isNotZero();
        assertThat(driver.read(TestDriver.ISR, 1)).isEqualTo(1);
        assertThat(driver.pin).isFalse();
        assertThat(driver.read(TestDriver.ISR, 1)).isZero();
    }

    @Test
    void s4_1_5_1_2_vectorsThatAreNotThereReadBackAsNone() {
        driver.write(TestDriver.CONFIG_VECTOR, 2, 2);
        assertThat(driver.read(TestDriver.CONFIG_VECTOR, 2)).isEqualTo(0xFFFF);
        driver.write(TestDriver.QUEUE_VECTOR, 2, 1);
        assertThat(driver.read(TestDriver.QUEUE_VECTOR, 2)).isEqualTo(1);
        driver.write(TestDriver.QUEUE_VECTOR, 2, 0x8000);
        assertThat(driver.read(TestDriver.QUEUE_VECTOR, 2)).isEqualTo(0xFFFF);
    }

    @Test
    void s4_1_5_1_3_withMsiXTheQueueSendsItsMessageAndLeavesThePinAlone() {
        TestRing ring = driver.start(VERSION_1, 8).getFirst();
        driver.useMessages(1);
        fill(ring, 16);
        assertThat(driver.messages).containsExactly("fee00000:1");
        assertThat(driver.pin).isFalse();
        assertThat(driver.read(TestDriver.ISR, 1)).isZero();
    }

    @Test
    void s2_1_2_aFaultSetsNeedsResetAndTellsTheDriver() {
        TestRing ring = driver.start(VERSION_1, 8).getFirst();
        driver.useMessages(1);
        ring.offer(8);
        ring.kick();
        assertThat(driver.status()).isEqualTo(0x4F);
        assertThat(driver.messages).containsExactly("fee00000:0");
        assertThat(driver.read(TestDriver.ISR, 1)).isEqualTo(2);
        assertThat(fill(ring, 16)).isZero();
        assertThat(fill(driver.start(VERSION_1, 8).getFirst(), 16)).isEqualTo(1);
    }

    @Test
    void s2_6_1_aQueueIsResetByItself() {
        TestRing ring = driver.start(VERSION_1 | Features.RING_RESET, 8).getFirst();
        assertThat(fill(ring, 16)).isEqualTo(1);
        driver.write(TestDriver.QUEUE_RESET, 2, 1);
        assertThat(driver.read(TestDriver.QUEUE_RESET, 2)).isZero();
        assertThat(driver.read(TestDriver.QUEUE_ENABLE, 2)).isZero();
        assertThat(fill(driver.enable(0, 16, false), 16)).isEqualTo(1);
        assertThat(driver.status()).isEqualTo(15);
    }

    @Test
    void pci_6_2_2_withoutBusMasteringNoMemoryIsTouched() {
        TestRing ring = driver.start(VERSION_1, 8).getFirst();
        driver.writePci(4, 2, 2);
        assertThat(fill(ring, 16)).isZero();
        driver.writePci(4, 2, 6);
        assertThat(ring.usedIndex()).isEqualTo(1);
    }

    @Test
    void s5_4_6_buffersAreFilledAndReadablePartsLeftAlone() {
        TestRing ring = driver.start(VERSION_1, 8).getFirst();
        ring.add(out(0x8_0000, 4), in(0x8_0100, 3), in(0x8_0200, 5));
        ring.kick();
        assertThat(ring.usedLength(0)).isEqualTo(8);
        assertThat(Arrays.copyOfRange(ram.bytes, 0x8_0200, 0x8_0206)).containsExactly(90, 90, 90, 90, 90, 0);
        assertThat(ram.bytes[0x8_0000]).isZero();
        ring.add(in(0x8_0000, -1));
        ring.kick();
        assertThat(ring.usedLength(1)).isPositive().isLessThanOrEqualTo(4096);
    }
}
