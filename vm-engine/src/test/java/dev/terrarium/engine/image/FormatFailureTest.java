// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A host disk that is full now and then, and several threads at once: nothing that was reported done is lost. */
class FormatFailureTest {
    private static final int SIZE = 6 << 20;

    static Stream<FormatCase> cases() {
        return FormatCase.all();
    }

    static Stream<FormatCase> oneFile() {
        return FormatCase.all().filter(FormatCase::isOneFile);
    }

    /** Tries until it is done, as a machine does that was paused for want of room. */
    private static void insist(Attempt attempt) throws IOException {
        for (int i = 0; i < 1000; i++) {
            try {
                attempt.run();
                return;
            } catch (IOException e) {
                assertThat(e).hasMessageContaining("No space left");
            }
        }
        throw new AssertionError("failed a thousand times");
    }

    @FunctionalInterface
    private interface Attempt {
        void run() throws IOException;
    }

    @ParameterizedTest
    @MethodSource("oneFile")
    void aFullHostDiskLosesNothing(FormatCase format) throws Exception {
        long seed = Long.getLong("format.seed", System.nanoTime());
        System.out.println(format + ": seed " + seed);
        Random random = new Random(seed);
        MemoryByteStore store = new MemoryByteStore();
        MemoryFiles files = new MemoryFiles();
        format.create(store, SIZE, files);
        byte[] model = new byte[SIZE];
        int failures = 0;
        for (int round = 0; round < 4; round++) {
            FailingStore failing = new FailingStore(store, random);
            DiskImage image = format.open(failing, false, files);
            failing.failOneIn(5);
            for (int i = 0; i < 60; i++) {
                int length = 512 * (1 + random.nextInt(i % 10 == 0 ? 1000 : 30));
                int at = 512 * random.nextInt((SIZE - length) / 512);
                byte[] data = new byte[length];
                random.nextBytes(data);
                if (i % 9 == 8) {
                    insist(image::flush);
                } else if (i % 9 == 7) {
                    insist(() -> image.writeZeroes(at, length, true));
                    Arrays.fill(model, at, at + length, (byte) 0);
                } else {
                    insist(() -> image.write(ByteBuffer.wrap(data), at));
                    System.arraycopy(data, 0, model, at, length);
                }
            }
            insist(image::flush);
            if (round % 2 == 0) {
                // As if the process had ended here, with what the host has.
                failing.failOneIn(0);
            }
            try {
                image.close();
            } catch (IOException e) {
                assertThat(e).hasMessageContaining("No space left");
            }
            failures += failing.failures();
            List<String> errors = format.implementation().check(FormatCase.PATH, store, false, files);
            assertThat(errors).as("seed " + seed).allMatch(error -> error.contains("leak"));
            try (DiskImage again = format.open(store.copy(), true, files)) {
                ByteBuffer all = ByteBuffer.allocate(SIZE);
                again.read(all, 0);
                assertThat(Arrays.mismatch(all.array(), model))
                        .as("seed " + seed + ", round " + round)
                        .isEqualTo(-1);
            }
        }
        assertThat(failures).isGreaterThan(10);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void severalThreadsWriteOneDisk(FormatCase format) throws Exception {
        MemoryByteStore store = new MemoryByteStore();
        MemoryFiles files = new MemoryFiles();
        format.create(store, SIZE, files);
        int threads = 4;
        int piece = 4096;
        byte[] model = new byte[SIZE];
        new Random(9).nextBytes(model);
        try (DiskImage image = format.open(store, false, files);
                ExecutorService pool = Executors.newFixedThreadPool(threads)) {
            List<Callable<Void>> writers = IntStream.range(0, threads)
                    .mapToObj(number -> (Callable<Void>) () -> {
                        Random random = new Random(number);
                        int[] pieces = random.ints(0, SIZE / piece / threads)
                                .distinct()
                                .limit(SIZE / piece / threads)
                                .toArray();
                        for (int each : pieces) {
                            int at = (each * threads + number) * piece;
                            image.write(ByteBuffer.wrap(model, at, piece), at);
                            ByteBuffer back = ByteBuffer.allocate(piece);
                            image.read(back, at);
                            assertThat(back.flip()).isEqualTo(ByteBuffer.wrap(model, at, piece));
                            if (random.nextInt(20) == 0) {
                                image.flush();
                            }
                        }
                        return null;
                    })
                    .toList();
            for (Future<Void> each : pool.invokeAll(writers)) {
                each.get();
            }
        }
        try (DiskImage image = format.open(store, true, files)) {
            ByteBuffer all = ByteBuffer.allocate(SIZE);
            image.read(all, 0);
            assertThat(Arrays.mismatch(all.array(), model)).isEqualTo(-1);
        }
        assertThat(format.implementation().check(FormatCase.PATH, store, false, files))
                .isEmpty();
    }
}
