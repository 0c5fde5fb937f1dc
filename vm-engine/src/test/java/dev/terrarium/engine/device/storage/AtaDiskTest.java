// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.engine.device.InvalidStateException;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class AtaDiskTest {
    private static final int SECTORS = 4096;

    private final MemoryBackend backend = new MemoryBackend(SECTORS * 512);
    private final IdeHost host = new IdeHost(Optional.of(new AtaDisk(backend, "TR0001")), Optional.empty());

    private byte[] sectors(int lba, int count) {
        return Arrays.copyOfRange(backend.content, lba * 512, (lba + count) * 512);
    }

    private static int word(byte[] data, int index) {
        return data[2 * index] & 0xFF | (data[2 * index + 1] & 0xFF) << 8;
    }

    @Test
    void resetShowsTheAtaSignature() {
        host.control.write(0, 1, 4);
        assertThat(host.alternateStatus()).isEqualTo(0x80);
        host.control.write(0, 1, 0);
        assertThat(host.alternateStatus()).isEqualTo(0x50);
        assertThat(new int[] {host.in(1), host.in(2), host.in(3), host.in(4), host.in(5)})
                .containsExactly(1, 1, 1, 0, 0);
    }

    @Test
    void identifyTellsSizeAndName() {
        host.out(6, 0xA0);
        host.out(7, 0xEC);
        assertThat(host.irq).isTrue();
        assertThat(host.in(7)).isEqualTo(0x58);
        assertThat(host.irq).isFalse();
        byte[] data = host.readData(512);
        assertThat(host.in(7)).isEqualTo(0x50);
        assertThat(word(data, 60) | word(data, 61) << 16).isEqualTo(SECTORS);
        assertThat(word(data, 100)).isEqualTo(SECTORS);
        assertThat(word(data, 169) & 1).as("TRIM").isEqualTo(1);
        assertThat(word(data, 105)).isEqualTo(8);
        assertThat(word(data, 69)).isEqualTo(0x4000);
        assertThat(new String(
                        new byte[] {data[55], data[54], data[57], data[56]},
                        java.nio.charset.StandardCharsets.US_ASCII))
                .isEqualTo("TERR");
    }

    @Test
    void anAbsentDriveReadsAsZero() {
        host.out(6, 0xB0);
        assertThat(host.in(7)).isZero();
        host.out(2, 0x55);
        assertThat(host.in(2)).isZero();
        host.out(7, 0xEC);
        assertThat(host.irq).isFalse();
        IdeHost nobody = new IdeHost(Optional.empty(), Optional.empty());
        assertThat(nobody.in(7)).isZero();
        assertThat(nobody.alternateStatus()).isZero();
    }

    @Test
    void readSectorsInterruptsForEverySector() {
        host.lba28(0x20, 7, 3);
        assertThat(host.alternateStatus()).isEqualTo(0x80);
        backend.drain();
        for (int i = 0; i < 3; i++) {
            assertThat(host.irq).isTrue();
            assertThat(host.in(7)).isEqualTo(0x58);
            assertThat(host.readData(512)).isEqualTo(sectors(7 + i, 1));
        }
        assertThat(host.irq).isFalse();
        assertThat(host.in(7)).isEqualTo(0x50);
    }

    @Test
    void readMultipleInterruptsForEveryBlock() {
        host.out(2, 8);
        host.out(7, 0xC6);
        assertThat(host.in(7)).isEqualTo(0x50);
        host.edges = 0;
        host.lba28(0xC4, 0, 20);
        backend.drain();
        assertThat(host.in(7)).isEqualTo(0x58);
        assertThat(host.readData(8 * 512)).isEqualTo(sectors(0, 8));
        assertThat(host.in(7)).isEqualTo(0x58);
        assertThat(host.readData(8 * 512)).isEqualTo(sectors(8, 8));
        assertThat(host.in(7)).isEqualTo(0x58);
        assertThat(host.readData(4 * 512)).isEqualTo(sectors(16, 4));
        assertThat(host.edges).isEqualTo(3);
    }

    @Test
    void chsAddressesAreTranslated() {
        host.out(2, 1);
        host.out(3, 5);
        host.out(4, 2);
        host.out(5, 0);
        host.out(6, 0xA3);
        host.out(7, 0x20);
        backend.drain();
        assertThat(host.readData(512)).isEqualTo(sectors((2 * 16 + 3) * 63 + 4, 1));
    }

    @Test
    void extendedCommandsTakeTheHighBytesAndLongCounts() {
        host.lba48(0x24, 100, 600);
        backend.drain();
        for (int i = 0; i < 600; i++) {
            backend.drain();
            assertThat(host.in(7)).isEqualTo(0x58);
            assertThat(host.readData(512)).isEqualTo(sectors(100 + i, 1));
        }
        assertThat(host.in(7)).isEqualTo(0x50);
        host.lba48(0x24, 1L << 32, 1);
        assertThat(host.in(7) & 1).isEqualTo(1);
        assertThat(host.in(1)).isEqualTo(0x10);
    }

    @Test
    void writtenSectorsReachTheMedium() {
        byte[] data = new byte[2 * 512];
        new Random(1).nextBytes(data);
        host.lba28(0x30, 9, 2);
        assertThat(host.irq).isFalse();
        assertThat(host.in(7)).isEqualTo(0x58);
        host.writeData(data, 0, 512);
        assertThat(host.irq).isTrue();
        host.writeData(data, 512, 512);
        assertThat(host.alternateStatus()).isEqualTo(0x80);
        backend.drain();
        assertThat(host.in(7)).isEqualTo(0x50);
        assertThat(sectors(9, 2)).isEqualTo(data);
        host.out(7, 0xE7);
        backend.drain();
        assertThat(backend.flushes).isEqualTo(1);
        assertThat(host.in(7)).isEqualTo(0x50);
    }

    @Test
    void aHostErrorIsAnUncorrectableSector() {
        backend.failing = true;
        host.lba28(0x20, 7, 1);
        backend.drain();
        assertThat(host.in(7)).isEqualTo(0x51);
        assertThat(host.in(1)).isEqualTo(0x40);
        assertThat(host.in(3)).isEqualTo(7);
    }

    @Test
    void unknownCommandsAbort() {
        for (int code : new int[] {0xB0, 0x06, 0xA1, 0xFF, 0x00}) {
            host.out(7, code);
            assertThat(host.in(7)).isEqualTo(0x51);
            assertThat(host.in(1)).isEqualTo(4);
        }
        backend.readOnly = true;
        host.lba28(0x30, 0, 1);
        assertThat(host.in(7)).isEqualTo(0x51);
    }

    @Test
    void aResetWaitsForTheOutstandingRequest() {
        host.lba28(0x20, 7, 1);
        host.control.write(0, 1, 4);
        host.control.write(0, 1, 0);
        assertThat(host.alternateStatus()).isEqualTo(0x80);
        host.lba28(0x20, 8, 1);
        assertThat(backend.outstanding).hasSize(1);
        backend.drain();
        assertThat(host.alternateStatus()).isEqualTo(0x50);
        assertThat(host.irq).isFalse();
    }

    @Test
    void aDiskRestoredWhileItsResetWaitsIsStillBusy() {
        host.lba28(0x20, 7, 1);
        host.control.write(0, 1, 4);
        IdeChannelState held = host.channel.save();
        host.control.write(0, 1, 0);
        IdeChannelState waiting = host.channel.save();
        backend.drain();

        IdeHost other = new IdeHost(Optional.of(new AtaDisk(backend, "TR0001")), Optional.empty());
        other.channel.restore(waiting);
        assertThat(other.alternateStatus()).isEqualTo(0x80);
        backend.drain();
        assertThat(other.alternateStatus()).isEqualTo(0x50);
        assertThat(other.irq).isFalse();

        other.channel.restore(held);
        backend.drain();
        assertThat(other.alternateStatus()).isEqualTo(0x80);
        other.control.write(0, 1, 0);
        assertThat(other.alternateStatus()).isEqualTo(0x50);
    }

    @Test
    void disabledInterruptsStayOff() {
        host.control.write(0, 1, 2);
        host.lba28(0x20, 7, 1);
        backend.drain();
        assertThat(host.irq).isFalse();
        host.control.write(0, 1, 0);
        assertThat(host.irq).isTrue();
    }

    @Test
    void aRestoredDiskGoesOnWhereItWas() {
        host.lba28(0x20, 7, 2);
        IdeChannelState waiting = host.channel.save();
        backend.drain();
        host.readData(100);
        IdeChannelState reading = host.channel.save();

        IdeHost other = new IdeHost(Optional.of(new AtaDisk(backend, "TR0001")), Optional.empty());
        other.channel.restore(reading);
        assertThat(other.readData(412)).isEqualTo(Arrays.copyOfRange(sectors(7, 1), 100, 512));
        assertThat(other.readData(512)).isEqualTo(sectors(8, 1));
        assertThat(other.alternateStatus()).isEqualTo(0x50);

        other.channel.restore(waiting);
        assertThat(other.alternateStatus()).isEqualTo(0x80);
        backend.drain();
        assertThat(other.irq).isTrue();
        assertThat(other.readData(1024)).isEqualTo(sectors(7, 2));
    }

    @Test
    void aForgedStateIsRefused() {
        IdeChannelState good = host.channel.save();
        DriveState drive = good.drive0();
        DriveState forged = new DriveState(
                drive.kind(),
                drive.taskFile(),
                drive.status(),
                drive.interrupt(),
                DriveState.Phase.PIO_IN,
                new byte[10],
                4,
                11,
                0,
                0,
                0,
                0,
                drive.disk(),
                drive.cdrom());
        assertThatThrownBy(() -> host.channel.restore(new IdeChannelState(0, 0, forged, good.drive1())))
                .isInstanceOf(InvalidStateException.class);
    }

    @Test
    void randomAccessesNeverThrow() {
        long seed = Long.getLong("seed", 20261120L);
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        for (int i = 0; i < 300_000; i++) {
            int port = random.nextInt(8);
            int size = 1 << random.nextInt(4);
            if (random.nextBoolean()) {
                host.command.read(port, size);
            } else {
                host.command.write(port, random.nextInt(4) == 0 ? size : port == 0 ? 2 : 1, random.nextInt(256));
            }
            if (random.nextInt(50) == 0) {
                host.control.write(0, 1, random.nextInt(256));
            }
            if (random.nextInt(5) == 0) {
                backend.drain();
            }
            if (random.nextInt(200) == 0) {
                host.channel.restore(host.channel.save());
            }
        }
        assertThat(backend.outstanding.size()).isLessThan(200);
    }
}
