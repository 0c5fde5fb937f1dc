// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Random requests with reopening, against an array of bytes. {@code -Dformat.model=N} for N operations a format. */
class FormatModelTest {
    private static final int SIZE = 7 << 20;
    private static final int OPERATIONS = Integer.getInteger("format.model", 400);

    static Stream<FormatCase> cases() {
        return FormatCase.all();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void aDiskHoldsWhatWasWritten(FormatCase format) throws Exception {
        long seed = Long.getLong("format.seed", System.nanoTime());
        System.out.println(format + ": seed " + seed);
        Random random = new Random(seed);
        MemoryFiles files = new MemoryFiles();
        MemoryByteStore store = new MemoryByteStore();
        format.create(store, SIZE, files);
        DiskImage image = format.open(store, false, files);
        byte[] model = new byte[(int) image.size()];
        assertThat(model.length).isGreaterThanOrEqualTo(SIZE);
        for (int i = 0; i < OPERATIONS; i++) {
            int length = 1 + random.nextInt(random.nextInt(8) == 0 ? 3 << 20 : 9000);
            int at = random.nextInt(model.length - Math.min(length, model.length) + 1);
            length = Math.min(length, model.length - at);
            if (random.nextBoolean()) {
                at = at / 512 * 512;
                length = Math.max(512, length / 512 * 512);
            }
            switch (random.nextInt(12)) {
                case 0, 1, 2, 3 -> {
                    byte[] data = new byte[length];
                    random.nextBytes(data);
                    image.write(ByteBuffer.wrap(data), at);
                    System.arraycopy(data, 0, model, at, length);
                }
                case 4 -> {
                    image.writeZeroes(at, length, random.nextBoolean());
                    Arrays.fill(model, at, at + length, (byte) 0);
                }
                case 5 -> {
                    image.discard(at, length);
                    readDiscarded(image, model, at, length);
                }
                case 6 -> image.flush();
                case 7 -> {
                    image.close();
                    assertThat(format.implementation().check(FormatCase.PATH, store, false, files))
                            .as("check, seed " + seed)
                            .isEmpty();
                    image = format.open(store, false, files);
                }
                case 8 -> extents(image, model, seed);
                default -> {
                    ByteBuffer back = ByteBuffer.allocate(length);
                    image.read(back, at);
                    assertThat(Arrays.equals(back.array(), 0, length, model, at, at + length))
                            .as("read of " + length + " at " + at + ", seed " + seed)
                            .isTrue();
                }
            }
        }
        image.close();
        try (DiskImage again = format.open(store, true, files)) {
            ByteBuffer all = ByteBuffer.allocate(model.length);
            again.read(all, 0);
            assertThat(Arrays.mismatch(all.array(), model)).as("seed " + seed).isEqualTo(-1);
        }
    }

    static Stream<FormatCase> oneFile() {
        return FormatCase.all().filter(FormatCase::isGrowing);
    }

    /** Bytes that a cut left behind the end, of which no table knows. */
    @ParameterizedTest
    @MethodSource("oneFile")
    void whatLeakedIsNotSeenInNewBlocks(FormatCase format) throws Exception {
        MemoryFiles files = new MemoryFiles();
        MemoryByteStore store = new MemoryByteStore();
        format.create(store, SIZE, files);
        byte[] garbage = new byte[9 << 20];
        new Random(1).nextBytes(garbage);
        store.write(ByteBuffer.wrap(garbage), store.size());
        try (DiskImage image = format.open(store, false, files)) {
            byte[] model = new byte[(int) image.size()];
            for (int at = 0; at < SIZE; at += 1_300_000) {
                model[at] = 1;
                image.write(ByteBuffer.wrap(model, at, 1), at);
            }
            ByteBuffer all = ByteBuffer.allocate(model.length);
            image.read(all, 0);
            assertThat(Arrays.mismatch(all.array(), model)).isEqualTo(-1);
        }
    }

    /** Each sector reads as zeros, or as before. */
    private static void readDiscarded(DiskImage image, byte[] model, int at, int length) throws Exception {
        ByteBuffer back = ByteBuffer.allocate(length);
        image.read(back, at);
        for (int i = 0; i < length; i++) {
            assertThat(back.get(i) == 0 || back.get(i) == model[at + i]).isTrue();
        }
        System.arraycopy(back.array(), 0, model, at, length);
    }

    private static void extents(DiskImage image, byte[] model, long seed) throws Exception {
        long at = 0;
        while (at < model.length) {
            Extent extent = image.extentAt(at, model.length - at);
            assertThat(extent.start()).isEqualTo(at);
            assertThat(extent.length()).isBetween(1L, model.length - at);
            if (extent.zero()) {
                for (int i = 0; i < extent.length(); i++) {
                    if (model[(int) at + i] != 0) {
                        throw new AssertionError(extent + " is not zero, seed " + seed);
                    }
                }
            }
            assertThat(List.of(extent.zero(), extent.data())).contains(true);
            at += extent.length();
        }
    }
}
