// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What is left of an image after the power was cut: it opens, each sector is as at the last flush that returned or as
 * written after it, and at worst blocks leak. {@code -Dpower.cuts=N} for N cuts a format.
 */
class FormatPowerCutTest {
    private static final int CUTS = Integer.getInteger("power.cuts", 1500);
    private static final int SIZE = 6 << 20;
    private static final int SECTOR = 512;
    private static final int CUTS_A_RUN = 100;

    /** What was in a spot's sectors, and from which operation on. */
    private record Version(int operation, byte[] bytes) {}

    /** Sectors that are written as a whole or in part, with their history. */
    private static final class Spot {
        final long position;
        final List<List<Version>> sectors = new ArrayList<>();

        Spot(long position, int count) {
            this.position = position;
            for (int i = 0; i < count; i++) {
                sectors.add(new ArrayList<>(List.of(new Version(-1, new byte[SECTOR]))));
            }
        }
    }

    static Stream<FormatCase> cases() {
        return FormatCase.all().filter(FormatCase::isOneFile);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void nothingAcknowledgedIsLost(FormatCase format) throws Exception {
        long seed = Long.getLong("format.seed", System.nanoTime());
        System.out.println(format + ": seed " + seed);
        for (int done = 0; done < CUTS; done += CUTS_A_RUN) {
            new Run(format, seed + done).go(Math.min(CUTS_A_RUN, CUTS - done));
        }
    }

    private static final class Run {
        final FormatCase format;
        final Random random;
        final long seed;
        final MemoryFiles files = new MemoryFiles();
        final List<Spot> spots = new ArrayList<>();

        /** After each operation: how many steps the store had seen; and whether it was a flush. */
        final List<Integer> stepsAfter = new ArrayList<>();

        final List<Boolean> flushes = new ArrayList<>();

        Run(FormatCase format, long seed) {
            this.format = format;
            this.seed = seed;
            this.random = new Random(seed);
        }

        void go(int cuts) throws Exception {
            MemoryByteStore initial = new MemoryByteStore();
            format.create(initial, SIZE, files);
            PowerCutStore store = new PowerCutStore(initial);
            DiskImage image = format.open(store, false, files);
            for (int i = 0; i < 12; i++) {
                int count = 1 + random.nextInt(20);
                long at = (long) i * SIZE / 12 + random.nextInt(SIZE / 12 / SECTOR - count) * SECTOR;
                spots.add(new Spot(at, count));
            }
            for (int operation = 0; operation < 40; operation++) {
                boolean flush = false;
                switch (random.nextInt(8)) {
                    case 0, 1 -> {
                        image.flush();
                        flush = true;
                    }
                    case 2 -> {
                        image.close();
                        flush = true;
                        image = format.open(store, false, files);
                    }
                    default -> change(image, operation);
                }
                stepsAfter.add(store.steps());
                flushes.add(flush);
            }
            image.close();
            PowerCutStore.Cuts left = store.cuts();
            int[] places = random.ints(cuts, 0, store.steps() + 1).sorted().toArray();
            for (int place : places) {
                examine(left.after(place, random), place);
            }
        }

        private void change(DiskImage image, int operation) throws Exception {
            Spot spot = spots.get(random.nextInt(spots.size()));
            int first = random.nextInt(spot.sectors.size());
            int count = 1 + random.nextInt(spot.sectors.size() - first);
            byte[] bytes = new byte[count * SECTOR];
            int kind = random.nextInt(6);
            if (kind > 1) {
                random.nextBytes(bytes);
            }
            long at = spot.position + (long) first * SECTOR;
            if (kind == 0) {
                image.writeZeroes(at, bytes.length, random.nextBoolean());
            } else if (kind == 1) {
                image.discard(at, bytes.length);
                // Some formats keep what they cannot let go of.
                image.read(ByteBuffer.wrap(bytes), at);
            } else {
                image.write(ByteBuffer.wrap(bytes), at);
            }
            for (int i = 0; i < count; i++) {
                spot.sectors
                        .get(first + i)
                        .add(new Version(operation, Arrays.copyOfRange(bytes, i * SECTOR, (i + 1) * SECTOR)));
            }
        }

        private void examine(MemoryByteStore left, int place) throws Exception {
            int flushed = -1;
            int begun = 0;
            while (begun < stepsAfter.size() && stepsAfter.get(begun) <= place) {
                if (flushes.get(begun)) {
                    flushed = begun;
                }
                begun++;
            }
            String what = format + ", seed " + seed + ", cut after step " + place;
            byte[] mark = new byte[SECTOR];
            random.nextBytes(mark);
            long markAt = spots.get(random.nextInt(spots.size())).position;
            try (DiskImage image = format.open(left, true, files)) {
                compare(image, flushed, begun, -1, what + ", read-only");
            }
            try (DiskImage image = format.open(left, false, files)) {
                compare(image, flushed, begun, -1, what);
                image.write(ByteBuffer.wrap(mark), markAt);
            }
            List<String> errors = format.implementation().check(FormatCase.PATH, left, true, files);
            assertThat(errors).as(what).allMatch(error -> error.contains("leak"));
            try (DiskImage image = format.open(left, true, files)) {
                ByteBuffer back = ByteBuffer.allocate(SECTOR);
                image.read(back, markAt);
                assertThat(back.array()).as(what).isEqualTo(mark);
                compare(image, flushed, begun, markAt, what + ", written to again");
            }
        }

        /** @param except the sector written to since, if there is one */
        private void compare(DiskImage image, int flushed, int begun, long except, String what) throws Exception {
            for (Spot spot : spots) {
                ByteBuffer bytes = ByteBuffer.allocate(spot.sectors.size() * SECTOR);
                image.read(bytes, spot.position);
                for (int i = 0; i < spot.sectors.size(); i++) {
                    byte[] sector = Arrays.copyOfRange(bytes.array(), i * SECTOR, (i + 1) * SECTOR);
                    if (spot.position + (long) i * SECTOR != except
                            && !allowed(spot.sectors.get(i), sector, flushed, begun)) {
                        throw new AssertionError(what + ": sector " + (spot.position / SECTOR + i) + " was lost");
                    }
                }
            }
        }

        private static boolean allowed(List<Version> history, byte[] sector, int flushed, int begun) {
            for (int i = history.size() - 1; i >= 0; i--) {
                Version version = history.get(i);
                if (version.operation() <= begun && Arrays.equals(version.bytes(), sector)) {
                    return true;
                }
                if (version.operation() <= flushed) {
                    return false;
                }
            }
            return false;
        }
    }
}
