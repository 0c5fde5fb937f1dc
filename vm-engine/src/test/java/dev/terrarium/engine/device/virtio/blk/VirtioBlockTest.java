// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.virtio.blk;

import static dev.terrarium.engine.device.virtio.TestRing.in;
import static dev.terrarium.engine.device.virtio.TestRing.out;
import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.device.storage.MemoryBackend;
import dev.terrarium.engine.device.virtio.Features;
import dev.terrarium.engine.device.virtio.GuestRam;
import dev.terrarium.engine.device.virtio.TestDriver;
import dev.terrarium.engine.device.virtio.TestRing;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The block device by the clauses of VIRTIO 1.2, section 5.2. */
class VirtioBlockTest {
    private static final int HEADER = 0x8_0000;
    private static final int STATUS = 0x8_0800;
    private static final int DATA = 0x9_0000;
    private static final long ALL = Features.COMMON & ~Features.EVENT_INDEX | 0x7E44;

    private final GuestRam ram = new GuestRam();
    private final MemoryBackend disk = new MemoryBackend(4 << 20);
    private TestDriver driver = driver(1);

    private TestDriver driver(int queues) {
        return new TestDriver(ram, new VirtioBlock("disk", ram, disk, "TRV00001", queues));
    }

    private TestRing start(long features) {
        return driver.start(features & driver.offered() | Features.VERSION_1, 64)
                .getFirst();
    }

    private void header(int type, long sector) {
        ram.writeInt(HEADER, type);
        ram.writeInt(HEADER + 4, 0);
        ram.writeLong(HEADER + 8, sector);
        ram.bytes[STATUS] = (byte) 0xEE;
    }

    private int status() {
        return ram.bytes[STATUS];
    }

    /** Does a request with data in guest memory, or none if {@code length} is 0; returns its status. */
    private int request(TestRing ring, int type, long sector, int length, boolean toGuest) {
        header(type, sector);
        if (length == 0) {
            ring.add(out(HEADER, 16), in(STATUS, 1));
        } else {
            ring.add(out(HEADER, 16), toGuest ? in(DATA, length) : out(DATA, length), in(STATUS, 1));
        }
        ring.kick();
        disk.drain();
        return status();
    }

    @Test
    void s5_2_4_configurationTellsCapacityAndLimits() {
        assertThat(driver.read(TestDriver.CONFIG, 8)).isEqualTo(8192);
        assertThat(driver.read(TestDriver.CONFIG + 12, 4)).isEqualTo(254);
        assertThat(driver.read(TestDriver.CONFIG + 20, 4)).isEqualTo(512);
        assertThat(driver.read(TestDriver.CONFIG + 34, 2)).isEqualTo(1);
        assertThat(driver.offered()).isEqualTo(Features.COMMON | 0x6E44);
        driver = driver(4);
        assertThat(driver.read(TestDriver.CONFIG + 34, 2)).isEqualTo(4);
        assertThat(driver.offered()).isEqualTo(Features.COMMON | 0x7E44);
        disk.readOnly = true;
        assertThat(driver(1).offered()).isEqualTo(Features.COMMON | 0x0E64);
    }

    @Test
    void s5_2_6_readsAndWrites() {
        TestRing ring = start(ALL);
        assertThat(request(ring, 0, 3, 1024, true)).isZero();
        assertThat(Arrays.copyOfRange(ram.bytes, DATA, DATA + 1024))
                .isEqualTo(Arrays.copyOfRange(disk.content, 1536, 2560));
        assertThat(ring.usedLength(0)).isEqualTo(1025);
        new Random(1).nextBytes(ram.bytes.clone());
        Arrays.fill(ram.bytes, DATA, DATA + 512, (byte) 0x77);
        assertThat(request(ring, 1, 8191, 512, false)).isZero();
        assertThat(Arrays.copyOfRange(disk.content, disk.content.length - 512, disk.content.length))
                .containsOnly(0x77);
        assertThat(ring.usedLength(1)).isEqualTo(1);
    }

    /** The header shares a descriptor with data, the status lies apart: section 2.7.4.1. */
    @Test
    void s2_7_4_1_framingSaysNothing() {
        TestRing ring = start(ALL);
        header(1, 5);
        Arrays.fill(ram.bytes, HEADER + 16, HEADER + 16 + 512, (byte) 0x66);
        ring.add(out(HEADER, 7), out(HEADER + 7, 309), out(HEADER + 316, 212), in(STATUS, 1));
        ring.kick();
        disk.drain();
        assertThat(status()).isZero();
        assertThat(Arrays.copyOfRange(disk.content, 2560, 3072)).containsOnly(0x66);
    }

    @Test
    void s5_2_6_longRequestsGoPieceByPiece() {
        TestRing ring = start(ALL);
        header(0, 0);
        TestRing.Part[] parts = new TestRing.Part[27];
        Arrays.fill(parts, in(DATA, 64 << 10));
        parts[0] = out(HEADER, 16);
        parts[26] = in(STATUS, 1);
        ring.add(parts);
        ring.kick();
        int pieces = 0;
        while (!disk.outstanding.isEmpty()) {
            assertThat(disk.outstanding).hasSize(1);
            disk.outstanding.remove().run();
            pieces++;
        }
        assertThat(pieces).isEqualTo(4); // 25 * 64 KiB in pieces of 512 KiB
        assertThat(status()).isZero();
        assertThat(ring.usedLength(0)).isEqualTo((25 << 16) + 1);
        assertThat(Arrays.copyOfRange(ram.bytes, DATA, DATA + 65536))
                .isEqualTo(Arrays.copyOfRange(disk.content, 24 << 16, 25 << 16));
    }

    @Test
    void s5_2_6_2_requestsBeyondTheDiskOrNotOfWholeSectorsFail() {
        TestRing ring = start(ALL);
        assertThat(request(ring, 0, 8191, 1024, true)).isEqualTo(1);
        assertThat(request(ring, 1, 8192, 512, false)).isEqualTo(1);
        assertThat(request(ring, 0, -1, 512, true)).isEqualTo(1);
        assertThat(request(ring, 0, Long.MAX_VALUE / 512, 512, true)).isEqualTo(1);
        assertThat(request(ring, 0, 1L << 55, 512, true)).isEqualTo(1);
        assertThat(request(ring, 0, 0, 100, true)).isEqualTo(1);
        assertThat(request(ring, 1, 0, 513, false)).isEqualTo(1);
        assertThat(driver.status()).isEqualTo(15);
    }

    @Test
    void s5_2_6_2_unknownRequestsAreUnsupported() {
        TestRing ring = start(ALL);
        for (int type : new int[] {2, 5, 10, 12, 14, -1}) {
            assertThat(request(ring, type, 0, 0, false)).isEqualTo(2);
        }
    }

    @Test
    void s5_2_6_1_readOnlyDisksAreNotWritten() {
        disk.readOnly = true;
        driver = driver(1);
        TestRing ring = start(ALL);
        assertThat(request(ring, 1, 0, 512, false)).isEqualTo(1);
        assertThat(request(ring, 13, 0, 16, false)).isEqualTo(1);
        assertThat(request(ring, 0, 0, 512, true)).isZero();
    }

    @Test
    void s5_2_6_hostErrorsAreIoErrors() {
        TestRing ring = start(ALL);
        disk.failing = true;
        assertThat(request(ring, 0, 0, 512, true)).isEqualTo(1);
        assertThat(request(ring, 1, 0, 512, false)).isEqualTo(1);
        assertThat(request(ring, 4, 0, 0, false)).isEqualTo(1);
    }

    @Test
    void s5_2_6_idIsTheSerialNumber() {
        TestRing ring = start(ALL);
        assertThat(request(ring, 8, 0, 20, true)).isZero();
        assertThat(new String(ram.bytes, DATA, 20, StandardCharsets.US_ASCII)).isEqualTo("TRV00001" + "\0".repeat(12));
    }

    private void segment(int at, long sector, int sectors, int flags) {
        ram.writeLong(DATA + 16L * at, sector);
        ram.writeInt(DATA + 16L * at + 8, sectors);
        ram.writeInt(DATA + 16L * at + 12, flags);
    }

    @Test
    void s5_2_6_discardAndWriteZeroes() {
        TestRing ring = start(ALL);
        segment(0, 2, 1, 1);
        segment(1, 7, 2, 0);
        assertThat(request(ring, 13, 0, 32, false)).isZero();
        assertThat(Arrays.copyOfRange(disk.content, 1024, 1536)).containsOnly(0);
        assertThat(Arrays.copyOfRange(disk.content, 3584, 4608)).containsOnly(0);
        assertThat(disk.content[4608 + 1]).isNotZero();
        segment(0, 20, 1, 0);
        assertThat(request(ring, 11, 0, 16, false)).isZero();
        assertThat(Arrays.copyOfRange(disk.content, 10240, 10752)).containsOnly(0);
    }

    @Test
    void s5_2_6_2_discardsThatAreNotRightAreRefusedWhole() {
        TestRing ring = start(ALL);
        segment(0, 20, 1, 1); // unmap is a flag of write zeroes only
        assertThat(request(ring, 11, 0, 16, false)).isEqualTo(2);
        segment(0, 20, 1, 2);
        assertThat(request(ring, 13, 0, 16, false)).isEqualTo(2);
        segment(0, 20, 1, 0);
        segment(1, 8191, 2, 0);
        assertThat(request(ring, 13, 0, 32, false)).isEqualTo(1);
        segment(1, Long.MAX_VALUE, -1, 0);
        assertThat(request(ring, 13, 0, 32, false)).isEqualTo(1);
        assertThat(request(ring, 13, 0, 20, false)).isEqualTo(1);
        assertThat(request(ring, 13, 0, 17 * 16, false)).isEqualTo(1);
        assertThat(request(ring, 11, 0, 0, false)).isEqualTo(1);
        assertThat(disk.content[10240 + 1]).isNotZero();
    }

    @Test
    void s5_2_6_2_withoutFlushOrWriteBackAWriteIsDurableWhenItEnds() {
        TestRing ring = start(0);
        request(ring, 1, 0, 512, false);
        assertThat(disk.flushes).isEqualTo(1);
        ring = start(1 << 9);
        request(ring, 1, 0, 512, false);
        assertThat(disk.flushes).isEqualTo(1);
        ring = start(1 << 9 | 1 << 11);
        driver.write(TestDriver.CONFIG + 32, 1, 0);
        assertThat(driver.read(TestDriver.CONFIG + 32, 1)).isZero();
        request(ring, 1, 0, 512, false);
        assertThat(disk.flushes).isEqualTo(2);
        driver.write(TestDriver.STATUS, 1, 0);
        assertThat(driver.read(TestDriver.CONFIG + 32, 1)).isEqualTo(1);
    }

    @Test
    void s5_2_6_requestsWithoutRoomForHeaderOrStatusNeedAReset() {
        TestRing ring = start(ALL);
        ring.add(out(HEADER, 16));
        ring.kick();
        assertThat(driver.status() & 0x40).isNotZero();
        ring = start(ALL);
        ring.add(out(HEADER, 15), in(STATUS, 1));
        ring.kick();
        assertThat(driver.status() & 0x40).isNotZero();
    }

    @Test
    void s5_2_5_queuesWorkSideBySideAndEndInAnyOrder() {
        driver = driver(2);
        List<TestRing> rings = driver.start(driver.offered() & ~Features.EVENT_INDEX, 64);
        driver.useMessages(2);
        header(0, 1);
        rings.get(0).add(out(HEADER, 16), in(DATA, 512), in(STATUS, 1));
        rings.get(0).kick();
        rings.get(1).add(out(HEADER, 16), in(DATA + 512, 512), in(STATUS, 1));
        rings.get(1).kick();
        disk.outstanding.removeLast().run();
        assertThat(driver.messages).containsExactly("fee00000:2");
        disk.drain();
        assertThat(driver.messages).containsExactly("fee00000:2", "fee00000:1");
        assertThat(Arrays.copyOfRange(ram.bytes, DATA, DATA + 512))
                .isEqualTo(Arrays.copyOfRange(ram.bytes, DATA + 512, DATA + 1024));
    }

    @Test
    void requestsUnderWayAreLimitedAndAllEnd() {
        TestRing ring = start(ALL);
        header(0, 0);
        for (int i = 0; i < 21; i++) {
            ring.add(out(HEADER, 16), in(DATA, 512), in(STATUS, 1));
        }
        TestRing.Part[] request = {out(HEADER, 16), in(DATA, 512), in(STATUS, 1)};
        for (int i = 0; i < 40; i++) {
            ring.addIndirect(0xA_0000, request);
        }
        ring.kick();
        assertThat(disk.outstanding).hasSize(32);
        disk.drain();
        assertThat(ring.usedIndex()).isEqualTo(61);
    }

    /** Section 2.4: after a reset the device touches no buffer; and an old write does not overtake a new one. */
    @Test
    void s2_4_aRequestUnderWayAtAResetIsForgotten() {
        TestRing ring = start(ALL);
        header(0, 0);
        ring.add(out(HEADER, 16), in(DATA, 512), in(STATUS, 1));
        ring.kick();
        Runnable old = disk.outstanding.remove();
        ring = start(ALL);
        header(0, 1);
        ring.add(out(HEADER, 16), in(DATA + 512, 512), in(STATUS, 1));
        ring.kick();
        assertThat(disk.outstanding).as("new requests wait for the old one").isEmpty();
        old.run();
        assertThat(ram.bytes[DATA + 1]).isZero();
        assertThat(ring.usedIndex()).isZero();
        assertThat(disk.outstanding).hasSize(1);
        disk.drain();
        assertThat(ring.usedIndex()).isEqualTo(1);
        assertThat(ram.bytes[DATA + 512 + 1]).isNotZero();
    }

    /** A restored device does what was under way again. */
    @Test
    void requestsUnderWayAreDoneAgainAfterRestore() {
        TestRing ring = start(ALL);
        header(0, 1);
        ring.add(out(HEADER, 16), in(DATA, 512), in(STATUS, 1));
        ring.kick();
        VirtioBlock.State state = (VirtioBlock.State) driver.function().save();
        assertThat(state.transport().queues().getFirst().outstanding()).hasSize(1);
        disk.outstanding.clear();
        VirtioBlock copy = new VirtioBlock("disk", ram, disk, "TRV00001", 1);
        TestDriver again = new TestDriver(ram, copy);
        copy.restore(state);
        disk.drain();
        assertThat(ring.usedIndex()).isEqualTo(1);
        assertThat(status()).isZero();
        assertThat(again.pin).isTrue();
    }
}
