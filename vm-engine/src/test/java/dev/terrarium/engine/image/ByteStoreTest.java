// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.engine.TerrariumException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every store behaves as the plain array of bytes that it stands for. */
class ByteStoreTest {
    @TempDir
    Path folder;

    private ByteStore store(String kind) throws TerrariumException {
        return switch (kind) {
            case "file" -> FileByteStore.create(folder.resolve("file"));
            case "memory" -> new MemoryByteStore();
            case "power cut" -> new PowerCutStore(new MemoryByteStore());
            default -> throw new IllegalArgumentException(kind);
        };
    }

    @ParameterizedTest
    @ValueSource(strings = {"file", "memory", "power cut"})
    void itIsAnArrayOfBytes(String kind) throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        byte[] model = new byte[100_000];
        int size = 0;
        try (ByteStore store = store(kind)) {
            for (int round = 0; round < 3000; round++) {
                int position = random.nextInt(90_000);
                int length = 1 + random.nextInt(random.nextBoolean() ? 9_000 : 100);
                switch (random.nextInt(8)) {
                    case 0 -> {
                        store.punchHole(position, length);
                        for (int i = position; i < Math.min(size, position + length); i++) {
                            model[i] = 0;
                        }
                    }
                    case 1 -> {
                        store.truncate(position);
                        java.util.Arrays.fill(model, position, model.length, (byte) 0);
                        size = position;
                    }
                    case 2 -> {
                        long data = store.nextData(position);
                        for (int i = position; i < data; i++) {
                            assertThat(model[i]).as("seed %d", seed).isZero();
                        }
                        long hole = store.nextHole(position);
                        assertThat(Math.min(data, hole)).isEqualTo(Math.min(position, size) < size ? position : size);
                        assertThat(Math.max(data, hole)).isLessThanOrEqualTo(size);
                    }
                    case 3, 4 -> {
                        byte[] bytes = new byte[length];
                        random.nextBytes(bytes);
                        store.write(ByteBuffer.wrap(bytes), position);
                        System.arraycopy(bytes, 0, model, position, length);
                        size = Math.max(size, position + length);
                    }
                    default -> {
                        ByteBuffer back = ByteBuffer.allocate(length);
                        store.read(back, position);
                        assertThat(back.array())
                                .as("seed %d", seed)
                                .isEqualTo(java.util.Arrays.copyOfRange(model, position, position + length));
                    }
                }
                assertThat(store.size()).as("seed %d", seed).isEqualTo(size);
            }
        }
    }

    @Test
    void aHoleGivesItsBlocksBack() throws Exception {
        Path path = folder.resolve("holes");
        try (ByteStore store = FileByteStore.create(path)) {
            store.write(ByteBuffer.wrap(new byte[1 << 20]), 0);
            store.flush();
            assertThat(blocks(path)).isGreaterThanOrEqualTo(2048);
            store.punchHole(0, 1 << 19);
            assertThat(blocks(path)).isLessThanOrEqualTo(1032);
            assertThat(store.nextData(0)).isEqualTo(1 << 19);
            store.truncate(1L << 40);
            assertThat(store.size()).isEqualTo(1L << 40);
            assertThat(store.nextHole(1 << 19)).isEqualTo(1 << 20);
            assertThat(store.nextData(1 << 20)).isEqualTo(1L << 40);
        }
    }

    private static long blocks(Path path) throws IOException, InterruptedException {
        Process stat = new ProcessBuilder("stat", "-c", "%b", path.toString()).start();
        String text = new String(stat.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        stat.waitFor();
        return Long.parseLong(text.strip());
    }

    @Test
    void aClosedFileRefusesEverything() throws Exception {
        ByteStore store = FileByteStore.create(folder.resolve("closed"));
        store.write(ByteBuffer.allocate(4096), 0);
        store.close();
        store.close();
        assertThatThrownBy(() -> store.punchHole(0, 100)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> store.nextData(0)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> store.read(ByteBuffer.allocate(1), 0)).isInstanceOf(IOException.class);
    }

    @Test
    void aFileIsMadeOnceAndReadByMany() throws Exception {
        Path path = folder.resolve("shared");
        FileByteStore.create(path).close();
        assertThatThrownBy(() -> FileByteStore.create(path)).hasMessageContaining("exists already");
        try (ByteStore one = FileByteStore.open(path, true);
                ByteStore two = FileByteStore.open(path, true)) {
            assertThat(one.size()).isEqualTo(two.size());
            assertThatThrownBy(() -> one.punchHole(0, 1)).hasMessageContaining("reading only");
            assertThatThrownBy(() -> FileByteStore.open(path, false)).hasMessageContaining("in use");
        }
    }

    @Test
    void aCutKeepsWhatWasFlushedAndSomeOfTheRest() throws Exception {
        PowerCutStore store = new PowerCutStore(new MemoryByteStore());
        store.write(ByteBuffer.wrap(bytes(1)), 0);
        store.flush();
        store.write(ByteBuffer.wrap(bytes(2)), 0);
        store.write(ByteBuffer.wrap(bytes(3)), 1024);
        Set<String> seen = new HashSet<>();
        for (int seed = 0; seed < 2000; seed++) {
            PowerCutStore.Cuts cuts = store.cuts();
            assertThat(content(cuts.after(2, new Random(seed)), 2)).containsOnly(1);
            MemoryByteStore left = cuts.after(store.steps(), new Random(seed));
            seen.add(content(left, 4).toString());
        }
        for (int a = 1; a <= 2; a++) {
            for (int b = 1; b <= 2; b++) {
                for (int c : new int[] {0, 3}) {
                    for (int d : new int[] {0, 3}) {
                        assertThat(seen).contains(List.of(a, b, c, d).toString());
                    }
                }
            }
        }
        assertThat(seen).hasSize(16);
    }

    private static byte[] bytes(int value) {
        byte[] bytes = new byte[1024];
        java.util.Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    private static List<Integer> content(MemoryByteStore store, int sectors) {
        List<Integer> values = new java.util.ArrayList<>();
        for (int i = 0; i < sectors; i++) {
            ByteBuffer sector = ByteBuffer.allocate(512);
            store.read(sector, i * 512L);
            for (byte each : sector.array()) {
                assertThat(each).isEqualTo(sector.get(0));
            }
            values.add((int) sector.get(0));
        }
        return values;
    }

    @Test
    void theRegistryOpensByNameAndNeverGuessesRaw() throws Exception {
        assertThat(ImageFormats.byName("raw").name()).isEqualTo("raw");
        assertThatThrownBy(() -> ImageFormats.byName("qed")).hasMessageContaining("use one of raw");
        Path path = Files.write(folder.resolve("x.img"), new byte[700]);
        assertThat(ImageFormats.probe(path)).isEmpty();
        try (DiskImage disk = ImageFormats.open(path, "raw", false, AllowedFolders.own())) {
            assertThat(disk.size()).isEqualTo(1024);
            disk.write(ByteBuffer.wrap(bytes(7)), 0);
            disk.writeZeroes(512, 512, true);
            Extent first = disk.extentAt(0, 1024);
            assertThat(first.data()).isTrue();
            assertThatThrownBy(() -> disk.write(ByteBuffer.allocate(2), 1023)).hasMessageContaining("outside");
        }
        FolderFiles files = FolderFiles.forNew(folder.resolve("new"), AllowedFolders.own());
        assertThatThrownBy(() -> files.openImage(folder.resolve("new"), "x.img", ""))
                .hasMessageContaining("does not say of what format");
        files.openImage(folder.resolve("new"), "x.img", "raw").close();
    }

    @Test
    void whatIsOutsideNeedsConsent(@TempDir Path elsewhere) throws Exception {
        Path secret = Files.write(elsewhere.resolve("secret"), new byte[512]);
        Path image = folder.resolve("image");
        Path link = Files.createSymbolicLink(folder.resolve("link"), secret);
        FolderFiles own = FolderFiles.forNew(image, AllowedFolders.own());
        for (String name : List.of(
                secret.toString(),
                folder.relativize(secret).toString(),
                link.getFileName().toString(),
                "file:" + secret)) {
            assertThatThrownBy(() -> own.openImage(image, name, "raw"))
                    .as(name)
                    .isInstanceOf(TerrariumException.class)
                    .hasMessageContaining("outside its folder");
            assertThatThrownBy(() -> own.openBytes(image, name, true)).hasMessageContaining("outside its folder");
            FolderFiles.forNew(image, AllowedFolders.own().and(elsewhere))
                    .openImage(image, name, "raw")
                    .close();
            FolderFiles.forNew(image, AllowedFolders.everywhere())
                    .openBytes(image, name, true)
                    .close();
        }
        for (String name : List.of("http://example/x", "nbd:localhost:1", "json:{}")) {
            assertThatThrownBy(() -> own.openImage(image, name, "raw")).hasMessageContaining("no file");
        }
    }
}
