// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.engine.image.AllowedFolders;
import dev.terrarium.engine.image.ByteStore;
import dev.terrarium.engine.image.DiskModel;
import dev.terrarium.engine.image.FileByteStore;
import dev.terrarium.engine.image.FolderFiles;
import dev.terrarium.engine.image.ImageFiles;
import dev.terrarium.engine.image.MemoryByteStore;
import dev.terrarium.engine.image.Qemu;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Several queues on one image, and a host that refuses a write now and then. */
class Qcow2ConcurrencyTest {
    private static final int THREADS = 4;
    private static final int SIZE = 4 << 20;

    @TempDir
    Path folder;

    /** Each thread has every fourth group of sectors, so that clusters are shared and bytes are not. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "cluster_size=512",
                "cluster_size=64k",
                "cluster_size=16k,extended_l2=on",
                "cluster_size=4k,refcount_bits=64",
                "cluster_size=2k,lazy_refcounts=on"
            })
    void threadsShareClustersAndLoseNothing(String options) throws Exception {
        Path path = folder.resolve("disk.qcow2");
        ImageFiles files = FolderFiles.forNew(path, AllowedFolders.own());
        Qemu.img("create", "-f", "qcow2", "-o", options, path.toString(), Integer.toString(SIZE));
        byte[] model = new byte[SIZE];
        AtomicBoolean going = new AtomicBoolean(true);
        long seed = System.nanoTime();
        try (Qcow2Disk disk = Qcow2Format.open(path, FileByteStore.open(path, false), false, files, 16384);
                ExecutorService pool = Executors.newFixedThreadPool(THREADS + 1)) {
            List<Future<?>> workers = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                int mine = i;
                workers.add(pool.submit(() -> {
                    work(disk, model, mine, new Random(seed + mine));
                    return null;
                }));
            }
            Future<?> snapshots = pool.submit(() -> {
                while (going.get()) {
                    disk.createSnapshot("s", 0, 0);
                    disk.flush();
                    disk.deleteSnapshot("s");
                }
                return null;
            });
            for (Future<?> each : workers) {
                each.get();
            }
            going.set(false);
            snapshots.get();
            assertThat(DiskModel.read(disk, 0, SIZE)).as("seed %d", seed).isEqualTo(model);
        }
        Qemu.check(path, "qcow2");
    }

    private static void work(Qcow2Disk disk, byte[] model, int mine, Random random) throws IOException {
        int group = 1024;
        for (int i = 0; i < 400; i++) {
            int position = (random.nextInt(SIZE / group / THREADS) * THREADS + mine) * group;
            int kind = random.nextInt(10);
            if (kind == 0) {
                disk.writeZeroes(position, group, random.nextBoolean());
                java.util.Arrays.fill(model, position, position + group, (byte) 0);
            } else if (kind == 1) {
                disk.flush();
            } else if (kind < 4) {
                assertThat(DiskModel.read(disk, position, group))
                        .isEqualTo(java.util.Arrays.copyOfRange(model, position, position + group));
            } else {
                byte[] bytes = new byte[group];
                random.nextBytes(bytes);
                disk.write(ByteBuffer.wrap(bytes), position);
                System.arraycopy(bytes, 0, model, position, group);
            }
        }
    }

    /** A store whose writes fail at times, as on a full disk; a part of what was to be written may be there. */
    private static final class FailingStore implements ByteStore {
        private final MemoryByteStore store = new MemoryByteStore();
        private final Random random;
        private final AtomicInteger failures = new AtomicInteger();
        private boolean failing;

        FailingStore(Random random) {
            this.random = random;
        }

        private void maybeFail() throws IOException {
            if (failing && random.nextInt(8) == 0) {
                failures.incrementAndGet();
                throw new IOException("no space left on device");
            }
        }

        @Override
        public long size() {
            return store.size();
        }

        @Override
        public void read(ByteBuffer target, long position) {
            store.read(target, position);
        }

        @Override
        public void write(ByteBuffer source, long position) throws IOException {
            if (failing && random.nextInt(8) == 0) {
                store.write(source.slice(0, source.remaining() / 2), position);
                failures.incrementAndGet();
                throw new IOException("no space left on device");
            }
            store.write(source, position);
        }

        @Override
        public void flush() throws IOException {
            maybeFail();
        }

        @Override
        public void truncate(long size) {
            store.truncate(size);
        }

        @Override
        public void punchHole(long position, long length) throws IOException {
            maybeFail();
            store.punchHole(position, length);
        }

        @Override
        public long nextData(long position) {
            return store.nextData(position);
        }

        @Override
        public long nextHole(long position) {
            return store.nextHole(position);
        }

        @Override
        public void close() {}
    }

    @Test
    void aWriteThatFailsIsToldAndTheImageStaysSound() throws Exception {
        Path path = folder.resolve("disk.qcow2");
        ImageFiles files = FolderFiles.forNew(path, AllowedFolders.own());
        for (int round = 0; round < 30; round++) {
            long seed = System.nanoTime();
            Random random = new Random(seed);
            FailingStore store = new FailingStore(random);
            new Qcow2Format().create(path, store, 1 << 20, Map.of("cluster_size", "512"), files);
            byte[] model = new byte[1 << 20];
            try (Qcow2Disk disk = Qcow2Format.open(path, store, false, files, 4096)) {
                for (int i = 0; i < 200; i++) {
                    byte[] bytes = new byte[(1 + random.nextInt(20)) * 512];
                    random.nextBytes(bytes);
                    int position = random.nextInt((model.length - bytes.length) / 512) * 512;
                    store.failing = i > 20;
                    if (random.nextInt(5) == 0) {
                        tolerate(disk::flush);
                    }
                    if (random.nextInt(5) == 0) {
                        int cluster = random.nextInt(model.length / 512) * 512;
                        boolean zeroed = tolerate(() -> disk.discard(cluster, 512));
                        assertThat(zeroed || store.failing).isTrue();
                        Arrays.fill(model, cluster, cluster + 512, (byte) 0);
                        store.failing = false;
                        disk.discard(cluster, 512);
                        store.failing = i > 20;
                    }
                    boolean done = tolerate(() -> disk.write(ByteBuffer.wrap(bytes), position));
                    store.failing = false;
                    // What a failed write left is neither here nor there; write it again as a guest would.
                    if (!done) {
                        disk.write(ByteBuffer.wrap(bytes), position);
                    }
                    System.arraycopy(bytes, 0, model, position, bytes.length);
                }
                assertThat(DiskModel.read(disk, 0, model.length))
                        .as("seed %d", seed)
                        .isEqualTo(model);
            }
            assertThat(store.failures.get()).isPositive();
            assertThat(new Qcow2Format().check(path, store.store, false, files))
                    .as("seed %d", seed)
                    .isEmpty();
            try (Qcow2Disk disk = Qcow2Format.open(path, store, true, files, 4096)) {
                assertThat(DiskModel.read(disk, 0, model.length))
                        .as("seed %d", seed)
                        .isEqualTo(model);
                assertThatThrownBy(() -> disk.write(ByteBuffer.allocate(1), 0)).hasMessageContaining("read-only");
            }
        }
    }

    private interface Attempt {
        void run() throws IOException;
    }

    private static boolean tolerate(Attempt attempt) {
        try {
            attempt.run();
            return true;
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("no space left");
            return false;
        }
    }
}
