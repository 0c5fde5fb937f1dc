// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class AtapiCdromTest {
    private static final int SECTORS = 400;

    private final MemoryBackend disc = new MemoryBackend(SECTORS * 2048);
    private final AtapiCdrom drive = new AtapiCdrom(Optional.of(disc), "TR0002");
    private final IdeHost host = new IdeHost(Optional.of(drive), Optional.empty());

    private byte[] reply() {
        assertThat(host.in(7)).isEqualTo(0x58);
        assertThat(host.in(2)).isEqualTo(2);
        byte[] data = host.readData(host.in(4) | host.in(5) << 8);
        disc.drain();
        assertThat(host.irq).isTrue();
        return data;
    }

    private void assertDone() {
        assertThat(host.in(7)).isEqualTo(0x50);
        assertThat(host.in(2)).isEqualTo(3);
    }

    private void assertSense(int key, int code) {
        assertThat(host.in(7)).isEqualTo(0x51);
        assertThat(host.in(1) >> 4).isEqualTo(key);
        host.packet(0, 18, 0x03, 0, 0, 0, 18);
        byte[] sense = reply();
        assertThat(sense[2]).isEqualTo((byte) key);
        assertThat(sense[12]).isEqualTo((byte) code);
        assertDone();
    }

    @Test
    void theSignatureIsThatOfAPacketDevice() {
        assertThat(new int[] {host.in(4), host.in(5)}).containsExactly(0x14, 0xEB);
        host.out(7, 0xEC);
        assertThat(host.in(7)).isEqualTo(0x51);
        assertThat(new int[] {host.in(4), host.in(5)}).containsExactly(0x14, 0xEB);
        host.out(7, 0xA1);
        byte[] identity = host.readData(512);
        assertThat(identity[1]).isEqualTo((byte) 0x85);
        assertThat(host.in(7)).isEqualTo(0x50);
    }

    @Test
    void readsComeInBlocksOfTheByteCountLimit() {
        host.packet(0, 3000, 0x28, 0, 0, 0, 0, 5, 0, 0, 2);
        assertThat(host.alternateStatus()).isEqualTo(0x80);
        disc.drain();
        byte[] first = reply();
        assertThat(first).hasSize(3000);
        byte[] second = reply();
        assertThat(second).hasSize(1096);
        assertDone();
        byte[] both = Arrays.copyOf(first, 4096);
        System.arraycopy(second, 0, both, 3000, 1096);
        assertThat(both).isEqualTo(Arrays.copyOfRange(disc.content, 5 * 2048, 7 * 2048));
    }

    @Test
    void longReadsAreFetchedInParts() {
        host.packet(0, 2048, 0xA8, 0, 0, 0, 0, 0, 0, 0, 0, 100);
        for (int i = 0; i < 100; i++) {
            disc.drain();
            assertThat(reply()).isEqualTo(Arrays.copyOfRange(disc.content, i * 2048, (i + 1) * 2048));
        }
        assertDone();
    }

    @Test
    void rawReadsHaveSyncAndHeader() {
        host.packet(0, 0xFFFE, 0xBE, 0, 0, 0, 0, 4, 0, 0, 2, 0xF8);
        disc.drain();
        byte[] raw = reply();
        assertThat(raw).hasSize(2 * 2352);
        assertThat(Arrays.copyOfRange(raw, 2352, 2352 + 16))
                .containsExactly(0, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 2, 5, 1);
        assertThat(Arrays.copyOfRange(raw, 2352 + 16, 2352 + 16 + 2048))
                .isEqualTo(Arrays.copyOfRange(disc.content, 5 * 2048, 6 * 2048));
    }

    @Test
    void capacityAndTableOfContents() {
        host.packet(0, 8, 0x25);
        assertThat(reply()).containsExactly(0, 0, 1, 0x8F, 0, 0, 8, 0);
        host.packet(0, 100, 0x43, 2, 0, 0, 0, 0, 0, 0, 100);
        assertThat(reply()).containsExactly(0, 18, 1, 1, 0, 0x14, 1, 0, 0, 0, 2, 0, 0, 0x14, 0xAA, 0, 0, 0, 7, 25);
        host.packet(0, 100, 0x43, 0, 1, 0, 0, 0, 0, 0, 12);
        assertThat(reply()).containsExactly(0, 10, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0);
        host.packet(0, 100, 0x43, 0, 2, 0, 0, 0, 0, 0, 100);
        assertThat(reply()).hasSize(4 + 4 * 11);
        host.packet(0, 100, 0x43, 0, 5, 0, 0, 0, 0, 0, 100);
        assertSense(5, 0x24);
    }

    @Test
    void errorsAreToldBySense() {
        host.packet(0, 2048, 0x28, 0, 0, 0, 1, 0x90, 0, 0, 1);
        assertSense(5, 0x21);
        host.packet(0, 2048, 0x99);
        assertSense(5, 0x20);
        disc.failing = true;
        host.packet(0, 2048, 0x28, 0, 0, 0, 0, 0, 0, 0, 1);
        disc.drain();
        assertSense(3, 0x11);
    }

    @Test
    void aChangedDiscIsAUnitAttention() {
        assertThat(drive.eject(false)).isTrue();
        host.packet(0, 0, 0x00);
        assertSense(2, 0x3A);
        drive.insert(new MemoryBackend(2048 * 10));
        host.packet(0, 100, 0x4A, 1, 0, 0, 0x10, 0, 0, 0, 8);
        assertThat(reply()).containsExactly(0, 6, 4, 0x10, 2, 2, 0, 0);
        host.packet(0, 0, 0x00);
        assertSense(6, 0x28);
        host.packet(0, 0, 0x00);
        assertDone();
        host.packet(0, 8, 0x25);
        assertThat(reply()).containsExactly(0, 0, 0, 9, 0, 0, 8, 0);
    }

    @Test
    void aLockedTrayStaysShut() {
        host.packet(0, 0, 0x1E, 0, 0, 0, 1);
        assertDone();
        host.packet(0, 0, 0x1B, 0, 0, 0, 2);
        assertSense(5, 0x53);
        assertThat(drive.eject(false)).isFalse();
        host.packet(0, 100, 0x4A, 1, 0, 0, 0x10, 0, 0, 0, 8);
        assertThat(reply()[4]).isEqualTo((byte) 1);
        host.packet(0, 0, 0x1E, 0, 0, 0, 0);
        host.packet(0, 0, 0x1B, 0, 0, 0, 2);
        assertDone();
        assertThat(drive.trayOpen()).isTrue();
        host.packet(0, 0, 0x1B, 0, 0, 0, 3);
        assertThat(drive.trayOpen()).isFalse();
        host.packet(0, 0, 0x00);
        assertSense(6, 0x28);
    }

    @Test
    void otherAnswersHaveTheirLengths() {
        host.packet(0, 100, 0x12, 0, 0, 0, 36);
        assertThat(reply()).hasSize(36).startsWith(5, 0x80);
        host.packet(0, 100, 0x46, 0, 0, 0, 0, 0, 0, 0, 200);
        byte[] configuration = reply();
        assertThat(configuration[3]).isEqualTo((byte) (configuration.length - 4));
        assertThat(configuration[7]).isEqualTo((byte) 8);
        host.packet(0, 100, 0x51, 0, 0, 0, 0, 0, 0, 0, 34);
        assertThat(reply()).hasSize(34);
        host.packet(0, 100, 0xBD, 0, 0, 0, 0, 0, 0, 0, 8);
        assertThat(reply()).hasSize(8);
        host.packet(0, 200, 0x5A, 0, 0x2A, 0, 0, 0, 0, 0, 200);
        assertThat(reply()).hasSize(8 + 20);
        host.packet(0, 200, 0x1A, 0, 0x3F, 0, 200);
        assertThat(reply()).hasSize(4 + 8 + 20);
        host.packet(0, 200, 0x5A, 0, 0x0D, 0, 0, 0, 0, 0, 200);
        assertSense(5, 0x24);
    }

    @Test
    void randomPacketsNeverThrow() {
        long seed = Long.getLong("seed", 20261121L);
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        int[] codes = {
            0, 3, 0x12, 0x1A, 0x1B, 0x1E, 0x25, 0x28, 0x2B, 0x43, 0x46, 0x4A, 0x51, 0x5A, 0xA8, 0xBB, 0xBD, 0xBE
        };
        for (int i = 0; i < 20_000; i++) {
            int[] packet = random.ints(12, 0, 256).toArray();
            packet[0] = codes[random.nextInt(codes.length)];
            packet[2] &= random.nextInt(4) == 0 ? 0xFF : 0;
            packet[3] &= random.nextInt(4) == 0 ? 0xFF : 0;
            host.packet(random.nextInt(8) == 0 ? 1 : 0, random.nextInt(65536), packet);
            for (int block = 0; block < 8; block++) {
                if (random.nextBoolean()) {
                    disc.drain();
                }
                host.readData(random.nextInt(300) * 2);
            }
            switch (random.nextInt(20)) {
                case 0 -> drive.eject(random.nextBoolean());
                case 1 -> drive.insert(disc);
                case 2 -> host.out(7, 0x08);
                case 3 -> host.control.write(0, 1, random.nextInt(8));
                case 4 -> host.channel.restore(host.channel.save());
                default -> {}
            }
        }
        assertThat(disc.outstanding.size()).isLessThan(1000);
    }
}
