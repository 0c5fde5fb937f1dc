// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.virtio;

import static dev.terrarium.engine.device.virtio.TestRing.in;
import static dev.terrarium.engine.device.virtio.TestRing.out;
import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.device.storage.MemoryBackend;
import dev.terrarium.engine.device.virtio.blk.VirtioBlock;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Mostly valid rings of a disk with one thing wrong now and then. Each right request ends exactly once and with the right status; each
 * wrong one ends, or the device needs a reset and works again after it.
 */
class VirtioFuzzTest {
    private static final long SEED = Long.getLong("seed", 20261121);
    private static final int ROUNDS = 3_000;
    private static final int[] TYPES = {0, 0, 0, 1, 1, 4, 8, 11, 13, 5};

    private final Random random = new Random(SEED);
    private final GuestRam ram = new GuestRam();
    private final MemoryBackend disk = new MemoryBackend(1 << 20);
    private final TestDriver driver = new TestDriver(ram, new VirtioBlock("disk", ram, disk, "TRV00001", 2));

    private void drainSome() {
        for (int i = random.nextInt(4); i > 0 && !disk.outstanding.isEmpty(); i--) {
            (random.nextBoolean() ? disk.outstanding.removeFirst() : disk.outstanding.removeLast()).run();
        }
    }

    private TestRing.Part[] request(int slot) {
        int at = 0x8_0000 + slot * 0x1000;
        int type = TYPES[random.nextInt(TYPES.length)];
        ram.writeInt(at, type);
        ram.writeLong(at + 8, random.nextInt(16) == 0 ? random.nextLong() : random.nextInt(2040));
        boolean toGuest = type == 0 || type == 8;
        int length = type == 4 ? 0 : type >= 11 ? 16 * (1 + random.nextInt(2)) : 512 * (1 + random.nextInt(4));
        List<TestRing.Part> parts = new ArrayList<>(List.of(out(at, 16)));
        for (int done = 0; done < length; ) {
            int part = Math.min(length - done, 1 + random.nextInt(1024));
            parts.add(new TestRing.Part(at + 0x100 + done, part, toGuest));
            done += part;
        }
        parts.add(in(at + 0xFFF, 1));
        return parts.toArray(TestRing.Part[]::new);
    }

    /** Damages something that the driver owns. */
    private void damage(TestRing ring) {
        long place =
                switch (random.nextInt(4)) {
                    case 0 -> ring.descriptors + random.nextInt(16 * ring.size);
                    case 1 -> ring.available + random.nextInt(4 + 2 * ring.size);
                    case 2 -> 0xC_0000 + random.nextInt(256); // tables
                    default -> ring.descriptors + 16L * random.nextInt(ring.size) + 8 + random.nextInt(8);
                };
        ram.bytes[(int) place] = (byte) random.nextInt(256);
    }

    private boolean needsReset() {
        return (driver.status() & 0x40) != 0;
    }

    @Test
    void wrongRingsHarmNobody() {
        System.out.println("seed " + SEED);
        int resets = 0;
        int completed = 0;
        for (int round = 0; round < ROUNDS; round++) {
            long features = driver.offered() & (random.nextBoolean() ? -1L : ~Features.EVENT_INDEX);
            List<TestRing> rings = driver.start(features, 32);
            for (int i = 0; i < 20; i++) {
                TestRing ring = rings.get(random.nextInt(2));
                TestRing.Part[] request = request(i);
                if (random.nextBoolean()) {
                    ring.addIndirect(0xC_0000 + i * 256L, request);
                } else {
                    ring.add(request);
                }
                if (random.nextInt(30) == 0) {
                    damage(ring);
                }
                ring.kick();
                drainSome();
            }
            disk.drain();
            if (needsReset()) {
                resets++;
            } else {
                completed += rings.get(0).usedIndex() + rings.get(1).usedIndex();
            }
        }
        System.out.println(resets + " resets needed, " + completed + " requests completed in rounds without");
        assertThat(resets).isPositive();
        assertThat(completed).isGreaterThan(ROUNDS);
        List<TestRing> rings = driver.start(Features.VERSION_1, 32);
        rightRequestsEnd(rings.getFirst());
    }

    private void rightRequestsEnd(TestRing ring) {
        for (int i = 0; i < 5; i++) {
            int at = 0x8_0000;
            ram.writeInt(at, 0);
            ram.writeLong(at + 8, i);
            ram.bytes[at + 0xFFF] = -1;
            ring.add(out(at, 16), in(at + 0x100, 512), in(at + 0xFFF, 1));
            ring.kick();
            disk.drain();
            assertThat(ring.usedIndex()).isEqualTo(i + 1);
            assertThat(ram.bytes[at + 0xFFF]).isZero();
        }
    }
}
