// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.device.ByteRegisters;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BusMasterIdeTest {
    private static final int TABLE = 0x1000;

    private final MemoryBackend backend = new MemoryBackend(4096 * 512);
    private final IdeHost host = new IdeHost(Optional.of(new AtaDisk(backend, "TR0001")), Optional.empty());
    private final MemoryBackend disc = new MemoryBackend(200 * 2048);
    private final IdeHost second =
            new IdeHost(Optional.of(new AtapiCdrom(Optional.of(disc), "TR0002")), Optional.empty());
    private final TestMemory memory = new TestMemory();
    private final BusMasterIde busMaster = new BusMasterIde("ide-dma", memory, host.channel, second.channel);
    private final ByteRegisters registers = busMaster.registers();

    private void descriptor(int index, int address, int count, boolean last) {
        memory.writeInt(TABLE + 8 * index, address);
        memory.writeInt(TABLE + 8 * index + 4, count & 0xFFFF | (last ? 0x8000_0000 : 0));
    }

    private byte[] memory(int at, int length) {
        return Arrays.copyOfRange(memory.bytes, at, at + length);
    }

    @Test
    void readsAreScatteredByTheTable() {
        descriptor(0, 0x20000, 0x300, false);
        descriptor(1, 0x30000, 0x500, true);
        registers.write(4, 4, TABLE);
        registers.write(0, 1, 8);
        host.lba48(0x25, 10, 4);
        registers.write(0, 1, 9);
        assertThat(registers.read(2, 1)).isEqualTo(1);
        backend.drain();
        assertThat(host.irq).isTrue();
        assertThat(registers.read(2, 1) & 5).isEqualTo(4);
        assertThat(host.in(7)).isEqualTo(0x50);
        registers.write(0, 1, 0);
        registers.write(2, 1, 4);
        assertThat(registers.read(2, 1)).isZero();
        assertThat(memory(0x20000, 0x300)).isEqualTo(Arrays.copyOfRange(backend.content, 5120, 5120 + 0x300));
        assertThat(memory(0x30000, 0x500)).isEqualTo(Arrays.copyOfRange(backend.content, 5120 + 0x300, 5120 + 0x800));
    }

    @Test
    void longWritesAreGathered() {
        new Random(3).nextBytes(memory.bytes);
        for (int i = 0; i < 5; i++) {
            descriptor(i, 0x20000 + i * 0x10000, 0, i == 4);
        }
        registers.write(4, 4, TABLE);
        registers.write(0, 1, 1);
        host.lba48(0x35, 64, 640);
        backend.drain();
        assertThat(host.in(7)).isEqualTo(0x50);
        assertThat(Arrays.copyOfRange(backend.content, 64 * 512, 704 * 512)).isEqualTo(memory(0x20000, 640 * 512));
    }

    private void range(int index, long lba, int count) {
        memory.writeInt(0x20000 + 8 * index, (int) lba);
        memory.writeInt(0x20000 + 8 * index + 4, (int) (lba >>> 32) & 0xFFFF | count << 16);
    }

    private void trim(int features, int blocks) {
        descriptor(0, 0x20000, blocks * 512, true);
        registers.write(4, 4, TABLE);
        registers.write(0, 1, 0);
        registers.write(0, 1, 1);
        host.out(1, features);
        host.lba48(0x06, 0, blocks);
    }

    @Test
    void trimmedRangesAreDiscardedTogetherWhereTheyMeet() {
        byte[] before = backend.content.clone();
        range(0, 10, 2);
        range(1, 12, 3);
        range(2, 0, 0);
        range(3, 100, 1);
        range(64, 4095, 1);
        trim(1, 2);
        int requests = 0;
        while (!backend.outstanding.isEmpty()) {
            backend.outstanding.remove().run();
            requests++;
        }
        assertThat(requests).isEqualTo(3);
        assertThat(host.in(7)).isEqualTo(0x50);
        assertThat(registers.read(2, 1) & 5).isEqualTo(4);
        Arrays.fill(before, 10 * 512, 15 * 512, (byte) 0);
        Arrays.fill(before, 100 * 512, 101 * 512, (byte) 0);
        Arrays.fill(before, 4095 * 512, 4096 * 512, (byte) 0);
        assertThat(backend.content).isEqualTo(before);
    }

    @Test
    void aTrimOutsideTheDiskDiscardsNothing() {
        byte[] before = backend.content.clone();
        range(0, 10, 2);
        range(1, 4095, 2);
        trim(1, 1);
        backend.drain();
        assertThat(host.in(7)).isEqualTo(0x51);
        assertThat(host.in(1)).isEqualTo(0x10);
        assertThat(backend.content).isEqualTo(before);
        range(1, (1L << 48) - 1, 0xFFFF);
        trim(1, 1);
        backend.drain();
        assertThat(host.in(7)).isEqualTo(0x51);
        assertThat(backend.content).isEqualTo(before);
    }

    @Test
    void dataSetManagementIsTrimOfAFewBlocksOrNothing() {
        for (int[] each : new int[][] {{0, 1}, {1, 0}, {1, 9}, {1, 0x101}}) {
            trim(each[0], each[1]);
            assertThat(host.in(7)).isEqualTo(0x51);
            assertThat(host.in(1)).isEqualTo(4);
        }
        backend.readOnly = true;
        trim(1, 1);
        assertThat(host.in(1)).isEqualTo(4);
    }

    @Test
    void aTrimGoesOnAfterRestoring() {
        range(0, 10, 2);
        range(1, 20, 2);
        range(2, 30, 2);
        trim(1, 1);
        backend.outstanding.remove().run();
        MemoryBackend copy = new MemoryBackend(backend.content.length);
        System.arraycopy(backend.content, 0, copy.content, 0, copy.content.length);
        IdeHost restored = new IdeHost(Optional.of(new AtaDisk(copy, "TR0001")), Optional.empty());
        restored.channel.restore(host.channel.save());
        copy.drain();
        backend.drain();
        assertThat(copy.content).isEqualTo(backend.content);
        assertThat(copy.content[30 * 512 + 1]).isZero();
        assertThat(restored.in(7)).isEqualTo(0x50);
    }

    @Test
    void theDriveMayBeReadyBeforeTheBusMaster() {
        descriptor(0, 0x20000, 512, true);
        registers.write(4, 4, TABLE);
        host.lba28(0xC8, 3, 1);
        backend.drain();
        assertThat(host.irq).isFalse();
        registers.write(0, 1, 9);
        assertThat(host.irq).isTrue();
        assertThat(memory(0x20000, 512)).isEqualTo(Arrays.copyOfRange(backend.content, 3 * 512, 4 * 512));
    }

    @Test
    void aTableThatIsTooShortStopsTheTransfer() {
        descriptor(0, 0x20000, 256, true);
        registers.write(4, 4, TABLE);
        registers.write(0, 1, 9);
        host.lba28(0xC8, 3, 2);
        backend.drain();
        assertThat(host.irq).isFalse();
        assertThat(registers.read(2, 1) & 1).isZero();
        host.control.write(0, 1, 4);
        host.control.write(0, 1, 0);
        assertThat(host.alternateStatus()).isEqualTo(0x50);
    }

    @Test
    void aTableWithoutEndIsBounded() {
        for (int at = 0; at < memory.bytes.length; at += 8) {
            memory.writeInt(at, 0x7FFF_FFFE);
            memory.writeInt(at + 4, 2);
        }
        registers.write(4, 4, 0);
        registers.write(0, 1, 9);
        host.lba48(0x25, 0, 256);
        backend.drain();
        assertThat(host.in(7)).isEqualTo(0x50);
    }

    @Test
    void packetsReadByDma() {
        descriptor(0, 0x20000, 0, false);
        descriptor(1, 0x30000, 0, false);
        descriptor(2, 0x40000, 0, false);
        descriptor(3, 0x50000, 0, true);
        registers.write(12, 4, TABLE);
        second.packet(1, 0, 0x28, 0, 0, 0, 0, 2, 0, 0, 100);
        registers.write(8, 1, 9);
        disc.drain();
        assertThat(second.irq).isTrue();
        assertThat(second.in(7)).isEqualTo(0x50);
        assertThat(second.in(2)).isEqualTo(3);
        assertThat(memory(0x20000, 100 * 2048)).isEqualTo(Arrays.copyOfRange(disc.content, 4096, 4096 + 100 * 2048));
    }

    @Test
    void stateComesBack() {
        descriptor(0, 0x20000, 0x300, false);
        registers.write(4, 4, TABLE);
        registers.write(0, 1, 9);
        BusMasterIde.State state = busMaster.save();
        busMaster.reset();
        assertThat(registers.read(4, 4)).isZero();
        busMaster.restore(state);
        assertThat(busMaster.save()).isEqualTo(state);
        assertThat(registers.read(4, 4)).isEqualTo(TABLE);
    }
}
