// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.storage;

import dev.terrarium.engine.device.DeviceConformance;
import dev.terrarium.engine.device.DeviceMemory;
import dev.terrarium.engine.device.RegisterWindow;
import dev.terrarium.engine.device.TestLine;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The conformance suite over the IDE channel, the bus master and the PCI function. */
class StorageConformanceTest extends DeviceConformance {
    private static final int[] COMMANDS = {
        0x20, 0x24, 0x25, 0x30, 0x35, 0x90, 0xA0, 0xA1, 0xC4, 0xC5, 0xC8, 0xCA, 0xE7, 0xEC
    };

    /** Memory that forgets: states of two rigs must not differ by it. */
    private static final DeviceMemory ZEROS = new DeviceMemory() {
        @Override
        public void read(long physical, byte[] target, int offset, int length) {
            Arrays.fill(target, offset, offset + length, (byte) 0);
        }

        @Override
        public void write(long physical, byte[] source, int offset, int length) {}

        @Override
        public int readInt(long physical) {
            return 0;
        }

        @Override
        public void writeInt(long physical, int value) {}
    };

    /** A disk and a CD whose media never change. */
    private static final class Media {
        final MemoryBackend disk = new MemoryBackend(1 << 20);
        final MemoryBackend disc = new MemoryBackend(1 << 20);
        final AtapiCdrom cdrom = new AtapiCdrom(Optional.of(disc), "TR0002");

        Media() {
            disk.discarding = true;
        }

        Optional<IdeDrive> first() {
            return Optional.of(new AtaDisk(disk, "TR0001"));
        }

        Optional<IdeDrive> second() {
            return Optional.of(cdrom);
        }

        void addTo(Rig rig, RegisterWindow command) {
            rig.stimulus(random -> disk.drain())
                    .stimulus(random -> disc.drain())
                    .stimulus(random -> command.write(7, 1, COMMANDS[random.nextInt(COMMANDS.length)]))
                    .stimulus(random -> {
                        command.write(6, 1, random.nextInt(2) << 4 | 0x40);
                        for (int port = 2; port < 6; port++) {
                            command.write(port, 1, random.nextInt(4));
                        }
                    })
                    .stimulus(random -> {
                        for (int i = 0; i < 256; i++) {
                            command.read(0, 2);
                        }
                    })
                    .stimulus(random -> {
                        for (int i = 0; i < 6; i++) {
                            command.write(0, 2, i == 0 ? 0x28 : i == 4 ? 0x0100 : 0);
                        }
                    });
        }
    }

    @Override
    protected List<Subject> subjects() {
        return List.of(
                subject("channel", rig -> {
                    Media media = new Media();
                    IdeChannel channel = new IdeChannel("ide0", new TestLine(), media.first(), media.second());
                    RegisterWindow command = channel.commandBlock();
                    rig.device(channel).window(command, 8).window(channel.controlBlock(), 1);
                    media.addTo(rig, command);
                }),
                subject("bus master", rig -> {
                    Media media = new Media();
                    IdeChannel channel = new IdeChannel("ide0", new TestLine(), media.first(), media.second());
                    IdeChannel other = new IdeChannel("ide1", new TestLine(), Optional.empty(), Optional.empty());
                    BusMasterIde busMaster = new BusMasterIde("ide-dma", ZEROS, channel, other);
                    rig.companion(channel).companion(other);
                    rig.device(busMaster).window(busMaster.registers(), BusMasterIde.PORTS);
                    media.addTo(rig, channel.commandBlock());
                }),
                subject("PCI function", rig -> {
                    Media media = new Media();
                    PciIde ide = new PciIde(
                            ZEROS,
                            new TestLine(),
                            new TestLine(),
                            List.of(media.first(), Optional.empty(), media.second(), Optional.empty()));
                    rig.pci(ide);
                    rig.stimulus(random -> media.disk.drain()).stimulus(random -> media.disc.drain());
                }));
    }

    /**
     * Seeds that once failed. 2 and 4: a reset waited for a request, and the restored drive was ready at once. 5: bytes
     * that the host had yet to bring were saved as whatever the buffer held before.
     */
    @ParameterizedTest
    @ValueSource(longs = {2, 4, 5})
    void seedsThatOnceFailed(long failed) {
        subjects().forEach(subject -> goOnAfterRestoring(subject, failed));
    }

    /** Seeds that forged a request far outside the medium, whose end overflowed in the check. */
    @ParameterizedTest
    @ValueSource(longs = {15, 22})
    void seedsWhoseForgeriesWereAccepted(long failed) {
        subjects().forEach(subject -> restoreForgeries(subject, failed));
    }
}
