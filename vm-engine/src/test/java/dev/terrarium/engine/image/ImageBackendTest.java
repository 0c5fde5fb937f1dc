// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.engine.TerrariumException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageBackendTest {
    @TempDir
    Path folder;

    private static ImageBackend open(Path path, boolean readOnly) throws TerrariumException, IOException {
        DiskImage disk = ImageFormats.open(path, "raw", readOnly, AllowedFolders.own());
        return new ImageBackend(path, disk, IoThreads.shared(), Runnable::run);
    }

    private static void create(Path path, long size) throws TerrariumException, IOException {
        ImageFormats.create(path, "raw", size, Map.of(), AllowedFolders.own());
    }

    private static boolean await(
            java.util.function.Consumer<dev.terrarium.engine.device.StorageBackend.Completion> request)
            throws Exception {
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        request.accept(done::complete);
        return done.get(5, TimeUnit.SECONDS);
    }

    @Test
    void createdDisksAreSparseAndKeepWhatIsWritten() throws Exception {
        Path path = folder.resolve("disk.raw");
        create(path, 1L << 30);
        assertThat(Files.size(path)).isEqualTo(1L << 30);
        assertThat((long) (int) Files.getAttribute(path, "unix:nlink")).isEqualTo(1);
        byte[] data = new byte[1024];
        data[5] = 42;
        try (ImageBackend image = open(path, false)) {
            assertThat(image.size()).isEqualTo(1L << 30);
            assertThat(await(c -> image.write(4096, data, 0, 1024, c))).isTrue();
            assertThat(await(image::flush)).isTrue();
        }
        try (ImageBackend image = open(path, true)) {
            byte[] back = new byte[1030];
            assertThat(await(c -> image.read(4096, back, 6, 1024, c))).isTrue();
            assertThat(back[11]).isEqualTo((byte) 42);
            assertThat(await(c -> image.write(0, data, 0, 512, c))).isFalse();
            assertThat(await(c -> image.read(1L << 30, back, 0, 512, c))).isFalse();
            assertThat(await(c -> image.read(-1, back, 0, 512, c))).isFalse();
        }
        assertThatThrownBy(() -> create(path, 512))
                .isInstanceOf(TerrariumException.class)
                .hasMessageContaining("exists already");
    }

    @Test
    void zerosAndDiscardsReachTheImage() throws Exception {
        Path path = folder.resolve("disk.raw");
        create(path, 1 << 20);
        byte[] data = new byte[1 << 16];
        java.util.Arrays.fill(data, (byte) 7);
        try (ImageBackend image = open(path, false)) {
            assertThat(await(c -> image.write(0, data, 0, data.length, c))).isTrue();
            assertThat(await(c -> image.writeZeroes(4096, 4096, false, c))).isTrue();
            assertThat(await(c -> image.discard(16_384, 16_384, c))).isTrue();
            byte[] back = new byte[1 << 16];
            assertThat(await(c -> image.read(0, back, 0, back.length, c))).isTrue();
            for (int i = 0; i < back.length; i++) {
                boolean gone = i >= 4096 && i < 8192 || i >= 16_384 && i < 32_768;
                assertThat(back[i]).as("byte %d", i).isEqualTo((byte) (gone ? 0 : 7));
            }
            assertThat(await(c -> image.writeZeroes(1 << 20, 512, false, c))).isFalse();
            assertThat(await(c -> image.discard(-512, 512, c))).isFalse();
        }
    }

    @Test
    void anOddEndReadsAsZeros() throws Exception {
        Path path = Files.write(folder.resolve("odd"), new byte[] {1, 2, 3});
        try (ImageBackend image = open(path, false)) {
            assertThat(image.size()).isEqualTo(512);
            byte[] back = new byte[512];
            java.util.Arrays.fill(back, (byte) 9);
            assertThat(await(c -> image.read(0, back, 0, 512, c))).isTrue();
            assertThat(back).startsWith(1, 2, 3, 0, 0).endsWith(0);
        }
    }

    @Test
    void aDiskBelongsToOneMachine() throws Exception {
        Path path = folder.resolve("disk.raw");
        create(path, 4096);
        Path link = Files.createSymbolicLink(folder.resolve("link"), path);
        try (ImageBackend first = open(path, false)) {
            assertThat(first.readOnly()).isFalse();
            for (boolean readOnly : new boolean[] {false, true}) {
                assertThatThrownBy(() -> open(link, readOnly))
                        .isInstanceOf(TerrariumException.class)
                        .hasMessageContaining("in use by another machine");
            }
        }
        try (ImageBackend one = open(path, true);
                ImageBackend two = open(link, true)) {
            assertThat(one.size()).isEqualTo(two.size());
            assertThatThrownBy(() -> open(path, false)).hasMessageContaining("in use");
            one.close();
            assertThat(await(c -> two.read(0, new byte[512], 0, 512, c))).isTrue();
        }
        open(path, false).close();
    }

    @Test
    void aDiskBelongsToOneProcess() throws Exception {
        Path path = folder.resolve("disk.raw");
        create(path, 4096);
        try (OtherProcess other = new OtherProcess(path, "LOCK_EX")) {
            assertThatThrownBy(() -> open(path, false))
                    .isInstanceOf(TerrariumException.class)
                    .hasMessageContaining("in use by another process: stop");
            assertThatThrownBy(() -> open(path, true)).hasMessageContaining("in use by another process: stop");
            assertThatThrownBy(() -> ImageFormats.openShared(path)).hasMessageContaining("in use by another process");
        }
        open(path, false).close();
    }

    @Test
    void whatAnotherProcessReadsIsNotWrittenAlone() throws Exception {
        Path path = folder.resolve("disk.raw");
        create(path, 4096);
        try (OtherProcess other = new OtherProcess(path, "LOCK_SH")) {
            assertThatThrownBy(() -> open(path, false))
                    .isInstanceOf(TerrariumException.class)
                    .hasMessageContaining("in use by another process, which reads it, or has a disk that stands on it");
            open(path, true).close();
            ImageFormats.openShared(path).close();
        }
        open(path, false).close();
    }

    /** A backing file is read, by whatever disk stands on it: a machine that would write it is refused. */
    @Test
    void aBackingFileIsNotWritten() throws Exception {
        Path base = folder.resolve("base.raw");
        create(base, 65_536);
        Map<String, String> options = Map.of("backing_file", "base.raw", "backing_fmt", "raw");
        for (String name : new String[] {"one", "two"}) {
            ImageFormats.create(folder.resolve(name), "qcow2", 65_536, options, AllowedFolders.own());
        }
        try (DiskImage one = ImageFormats.open(folder.resolve("one"), "qcow2", false, AllowedFolders.own());
                DiskImage two = ImageFormats.open(folder.resolve("two"), "qcow2", false, AllowedFolders.own())) {
            assertThat(one.size()).isEqualTo(two.size());
            assertThatThrownBy(() -> open(base, false)).hasMessageContaining("has a disk that stands on it");
            assertThatThrownBy(() -> ImageFormats.openShared(base)).hasMessageContaining("in use by another machine");
        }
        open(base, false).close();
    }

    @Test
    void machinesThatAgreeShareADisk() throws Exception {
        Path path = folder.resolve("disk.raw");
        create(path, 4096);
        byte[] data = new byte[512];
        data[0] = 42;
        try (DiskImage one = ImageFormats.openShared(path);
                DiskImage reader = ImageFormats.open(path, "raw", true, AllowedFolders.own())) {
            try (DiskImage two = ImageFormats.openShared(path)) {
                two.write(ByteBuffer.wrap(data), 1024);
                assertThatThrownBy(() -> open(path, false)).hasMessageContaining("in use by another machine");
            }
            for (DiskImage each : new DiskImage[] {one, reader}) {
                ByteBuffer back = ByteBuffer.allocate(512);
                each.read(back, 1024);
                assertThat(back.array()).isEqualTo(data);
            }
            one.write(ByteBuffer.wrap(data), 0);
            assertThatThrownBy(() -> reader.write(ByteBuffer.wrap(data), 0)).hasMessageContaining("read-only");
        }
        open(path, false).close();
    }

    /** Python, holding a lock on a file. */
    private final class OtherProcess implements AutoCloseable {
        private final Process process;

        OtherProcess(Path path, String lock) throws IOException {
            Path ready = folder.resolve("ready");
            process = new ProcessBuilder(
                            "python3",
                            "-c",
                            "import fcntl,sys\nf=open(sys.argv[1],'r+b')\nfcntl.lockf(f,fcntl." + lock
                                    + ")\nopen(sys.argv[2],'w').close()\nsys.stdin.read()",
                            path.toString(),
                            ready.toString())
                    .start();
            while (!Files.exists(ready) && process.isAlive()) {
                Thread.onSpinWait();
            }
        }

        @Override
        public void close() throws InterruptedException {
            process.destroy();
            process.waitFor();
        }
    }

    @Test
    void aLockTakenElsewhereInThisProcessIsRespected() throws IOException, TerrariumException {
        Path path = folder.resolve("disk.raw");
        create(path, 4096);
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
            assertThat(channel.tryLock()).isNotNull();
            assertThatThrownBy(() -> open(path, false)).hasMessageContaining("in use");
        }
    }

    @Test
    void whatIsNotThereIsSaidInOneLine() {
        assertThatThrownBy(() -> open(folder.resolve("nothing"), true))
                .isInstanceOf(TerrariumException.class)
                .hasMessageContaining("does not exist");
        assertThatThrownBy(() -> open(folder, true)).hasMessageContaining("is a folder");
        assertThatThrownBy(() -> open(Files.createFile(folder.resolve("empty")), true))
                .hasMessageContaining("empty");
    }
}
