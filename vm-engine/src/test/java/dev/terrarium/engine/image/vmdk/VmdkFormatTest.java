// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vmdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.AllowedFolders;
import dev.terrarium.engine.image.ByteStore;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.FileByteStore;
import dev.terrarium.engine.image.FolderFiles;
import dev.terrarium.engine.image.ImageFormats;
import dev.terrarium.engine.image.MemoryByteStore;
import dev.terrarium.engine.image.MemoryFiles;
import dev.terrarium.engine.image.Qemu;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.Inflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What VMDK has and other formats have not: several files, parents, streams. */
class VmdkFormatTest {
    private static final Path PATH = Path.of("disk.vmdk");

    @TempDir
    Path folder;

    private final VmdkFormat format = new VmdkFormat();

    private static DiskImage open(Path path, boolean readOnly) throws Exception {
        return ImageFormats.open(path, "vmdk", readOnly, AllowedFolders.own());
    }

    private Path create(String name, long size, Map<String, String> options) throws Exception {
        Path path = folder.resolve(name);
        try (ByteStore store = FileByteStore.create(path)) {
            format.create(path, store, size, options, FolderFiles.forNew(path, AllowedFolders.own()));
        }
        return path;
    }

    private static byte[] random(int length, int seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private static byte[] read(DiskImage image, long at, int length) throws IOException {
        ByteBuffer back = ByteBuffer.allocate(length);
        image.read(back, at);
        return back.array();
    }

    /** Across the border of two files of 2 GiB, written by each program and read by the other. */
    @ParameterizedTest
    @ValueSource(strings = {"twoGbMaxExtentSparse", "twoGbMaxExtentFlat"})
    void disksInPiecesAreOne(String subformat) throws Exception {
        long border = 2L << 30;
        Path path = create("split.vmdk", 5L << 30, Map.of("subformat", subformat));
        byte[] bytes = random(300_000 / 512 * 512, 1);
        try (DiskImage image = open(path, false)) {
            image.write(ByteBuffer.wrap(bytes), border - 100 * 512);
            image.write(ByteBuffer.wrap(bytes), (5L << 30) - bytes.length);
            image.writeZeroes(2 * border - 512, 1024, true);
        }
        Qemu.io(path, "vmdk", List.of("write -P 5 " + (2 * border - 65536) + " 128k"));
        try (DiskImage image = open(path, true)) {
            assertThat(image.size()).isEqualTo(5L << 30);
            assertThat(read(image, border - 100 * 512, bytes.length)).isEqualTo(bytes);
            assertThat(read(image, 2 * border - 65536, 131072)).containsOnly(5);
        }
        Path copy = folder.resolve("copy.vmdk");
        Qemu.img(
                "convert",
                "-q",
                "-f",
                "vmdk",
                "-O",
                "vmdk",
                "-o",
                "subformat=" + subformat,
                path.toString(),
                copy.toString());
        try (DiskImage image = open(copy, true)) {
            assertThat(read(image, (5L << 30) - bytes.length, bytes.length)).isEqualTo(bytes);
            assertThat(read(image, border - 100 * 512, bytes.length)).isEqualTo(bytes);
        }
        Qemu.compare(path, "vmdk", copy, "vmdk");
    }

    /** A child made by each program on a parent made by each. */
    @ParameterizedTest
    @ValueSource(strings = {"monolithicSparse", "streamOptimized", "twoGbMaxExtentSparse", "qemu"})
    void aChildShowsItsParentWhereNothingWasWritten(String subformat) throws Exception {
        byte[] below = random(4 << 20, 2);
        Path parent = create("parent.vmdk", 4 << 20, Map.of());
        try (DiskImage image = open(parent, false)) {
            image.write(ByteBuffer.wrap(below), 0);
        }
        Path child = folder.resolve("child.vmdk");
        if (subformat.equals("qemu")) {
            Qemu.img("create", "-q", "-f", "vmdk", "-b", "parent.vmdk", "-F", "vmdk", child.toString());
        } else {
            create("child.vmdk", 4 << 20, Map.of("subformat", subformat, "backing_file", "parent.vmdk"));
        }
        byte[] model = below.clone();
        try (DiskImage image = open(child, false)) {
            assertThat(read(image, 0, 4 << 20)).isEqualTo(below);
            for (int i = 0; i < 20; i++) {
                byte[] bytes = random(512 * (1 + i * 7), i);
                int at = 512 * new Random(i).nextInt(8000 - i * 7);
                image.write(ByteBuffer.wrap(bytes), at);
                System.arraycopy(bytes, 0, model, at, bytes.length);
            }
            image.writeZeroes(1 << 20, 200_704, true);
            Arrays.fill(model, 1 << 20, (1 << 20) + 200_704, (byte) 0);
            image.flush();
            assertThat(read(image, 0, 4 << 20)).isEqualTo(model);
            assertThat(image.extentAt(3 << 20, 1 << 20).depth()).isLessThan(2);
        }
        Path raw = folder.resolve("model.raw");
        Files.write(raw, model);
        Qemu.compare(child, "vmdk", raw, "raw");
        try (DiskImage image = open(parent, false)) {
            image.write(ByteBuffer.wrap(new byte[512]), 0);
        }
        assertThatThrownBy(() -> open(child, true))
                .isInstanceOf(TerrariumException.class)
                .hasMessageContaining("parent.vmdk, which was changed since");
    }

    /** Walks a stream as a program must that cannot seek: header, grains in order, tables, directory, footer, end. */
    @Test
    void aStreamCanBeReadFromBeginningToEnd() throws Exception {
        Path path = create("stream.vmdk", 100 << 20, Map.of("subformat", "streamOptimized"));
        byte[] model = new byte[100 << 20];
        try (DiskImage image = open(path, false)) {
            for (int at = 0; at + 200_000 < model.length; at += 5 << 20) {
                byte[] bytes = random(200_000, at);
                System.arraycopy(bytes, 0, model, at, bytes.length);
            }
            for (int at = 0; at < model.length; at += 1 << 20) {
                image.write(ByteBuffer.wrap(model, at, 1 << 20), at);
            }
            image.flush();
        }
        assertThat(Files.size(path)).isLessThan(6 << 20);
        ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(file.getInt(0)).isEqualTo(0x564D444B);
        assertThat(file.getLong(56)).as("directory at the end").isEqualTo(-1);
        byte[] found = new byte[model.length];
        List<Integer> kinds = new ArrayList<>();
        long lastGrain = -1;
        int at = (int) file.getLong(64) * 512;
        while (at < file.limit()) {
            long value = file.getLong(at);
            int length = file.getInt(at + 8);
            if (length > 0) {
                assertThat(value).isGreaterThan(lastGrain);
                lastGrain = value;
                Inflater inflater = new Inflater();
                inflater.setInput(file.array(), at + 12, length);
                assertThat(inflater.inflate(found, (int) value * 512, 65536)).isEqualTo(65536);
                inflater.end();
                at += (12 + length + 511) / 512 * 512;
            } else {
                kinds.add(file.getInt(at + 12));
                at += 512 + (int) value * 512;
            }
        }
        assertThat(kinds).containsExactly(1, 1, 1, 2, 3, 0);
        assertThat(Arrays.mismatch(found, model)).isEqualTo(-1);
        Path raw = folder.resolve("model.raw");
        Files.write(raw, model);
        Qemu.compare(path, "vmdk", raw, "raw");
    }

    @Test
    void aStreamThatIsWrittenAgainStaysWhole() throws Exception {
        Path path = create("stream.vmdk", 10 << 20, Map.of("subformat", "streamOptimized"));
        byte[] model = new byte[10 << 20];
        Random random = new Random(3);
        for (int session = 0; session < 5; session++) {
            try (DiskImage image = open(path, false)) {
                for (int i = 0; i < 30; i++) {
                    byte[] bytes = random(512 * (1 + random.nextInt(300)), i);
                    int at = 512 * random.nextInt((model.length - bytes.length) / 512);
                    image.write(ByteBuffer.wrap(bytes), at);
                    System.arraycopy(bytes, 0, model, at, bytes.length);
                }
            }
            Path raw = folder.resolve("model.raw");
            Files.write(raw, model);
            Qemu.compare(path, "vmdk", raw, "raw");
            Qemu.check(path, "vmdk");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"monolithicSparse", "monolithicFlat", "streamOptimized", "twoGbMaxExtentSparse"})
    void detailsAreThoseOfQemu(String subformat) throws Exception {
        Path path = create("info.vmdk", 3L << 30, Map.of("subformat", subformat));
        JsonNode theirs = Qemu.json("info", "-f", "vmdk", "--output=json", path.toString());
        try (DiskImage image = open(path, true)) {
            JsonNode ours = new ObjectMapper().valueToTree(format.details(image));
            JsonNode data = theirs.get("format-specific").get("data");
            assertThat(ours.get("cid").asLong()).isEqualTo(data.get("cid").asLong());
            assertThat(ours.get("parent-cid").asLong())
                    .isEqualTo(data.get("parent-cid").asLong());
            assertThat(ours.get("create-type")).isEqualTo(data.get("create-type"));
            assertThat(ours.get("extents").size()).isEqualTo(data.get("extents").size());
            for (int i = 0; i < data.get("extents").size(); i++) {
                JsonNode extent = ours.get("extents").get(i);
                JsonNode expected = data.get("extents").get(i);
                assertThat(extent.get("virtual-size").asLong())
                        .isEqualTo(expected.get("virtual-size").asLong());
                assertThat(extent.get("format")).isEqualTo(expected.get("format"));
                assertThat(extent.has("compressed")).isEqualTo(expected.has("compressed"));
                assertThat(expected.get("filename").asText())
                        .endsWith(extent.get("filename").asText());
            }
            assertThat(format.clusterSize(image))
                    .isEqualTo(theirs.path("cluster-size").asInt(0));
        }
    }

    private DiskImage openText(String extents, MemoryFiles files, boolean readOnly) throws Exception {
        String text =
                "# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=ffffffff\ncreateType=\"custom\"\n" + extents;
        MemoryByteStore store = new MemoryByteStore();
        store.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)), 0);
        return format.open(PATH, store, readOnly, files);
    }

    @Test
    void extentsOfManyKindsMakeOneDisk() throws Exception {
        MemoryFiles files = new MemoryFiles();
        MemoryByteStore flat = new MemoryByteStore();
        flat.write(ByteBuffer.wrap(random(8192, 4)), 1024);
        files.put("flat.vmdk", flat);
        String extents = "RW 16 FLAT \"flat.vmdk\" 2\nRW 8 ZERO\nRDONLY 16 FLAT \"flat.vmdk\" 2\n";
        try (DiskImage image = openText(extents, files, true)) {
            assertThat(image.size()).isEqualTo(40 * 512);
            assertThat(read(image, 0, 8192)).isEqualTo(random(8192, 4));
            assertThat(read(image, 8192, 4096)).containsOnly(0);
            assertThat(read(image, 12288, 8192)).isEqualTo(random(8192, 4));
        }
        assertThatThrownBy(() -> openText(extents, files, false)).hasMessageContaining("open it read-only");
        assertThatThrownBy(() -> openText("NOACCESS 16 FLAT \"flat.vmdk\" 2\n", files, true))
                .hasMessageContaining("does not allow access");
        assertThatThrownBy(() -> openText("RW 16 VMFSRDM \"flat.vmdk\"\n", files, true))
                .hasMessageContaining("kind VMFSRDM: convert");
        assertThatThrownBy(() -> openText("RW 16 SESPARSE \"flat.vmdk\"\n", files, true))
                .hasMessageContaining("kind SESPARSE: convert");
        assertThatThrownBy(() -> openText("RW 17 FLAT \"flat.vmdk\" 2\n", files, true))
                .hasMessageContaining("flat.vmdk is shorter than its extent");
        assertThatThrownBy(() -> openText("RW 999999999999999999 FLAT \"flat.vmdk\" 2\n", files, true))
                .hasMessageContaining("999999999999999999 sectors");
        assertThatThrownBy(() -> openText("", files, true)).hasMessageContaining("names no extents");
        assertThatThrownBy(() -> openText("RW 16 FLAT \"flat.vmdk\" 2\n".repeat(5000), files, true))
                .hasMessageContaining("5000 extents");
    }

    @Test
    void whatIsNotKnownIsRefusedByName() throws Exception {
        MemoryByteStore old = new MemoryByteStore();
        old.write(ByteBuffer.wrap("COWD".getBytes(StandardCharsets.US_ASCII)), 0);
        assertThat(ImageFormats.probe(old)).get().isInstanceOf(VmdkFormat.class);
        assertThatThrownBy(() -> format.open(PATH, old, true, new MemoryFiles()))
                .isInstanceOf(TerrariumException.class)
                .hasMessageContaining("an old ESX sparse extent: convert it");
        MemoryByteStore store = new MemoryByteStore();
        format.create(PATH, store, 1 << 20, Map.of(), new MemoryFiles());
        store.write(ByteBuffer.wrap(new byte[] {0x40}), 10);
        assertThatThrownBy(() -> format.open(PATH, store, true, new MemoryFiles()))
                .hasMessageContaining("unknown features 400000");
        assertThatThrownBy(() -> format.create(PATH, store, 1 << 20, Map.of("colour", "red"), new MemoryFiles()))
                .hasMessageContaining("vmdk images have no option \"colour\"");
        assertThatThrownBy(() -> format.create(PATH, store, 1 << 20, Map.of("subformat", "round"), new MemoryFiles()))
                .hasMessageContaining("no subformat \"round\": use one of monolithicSparse");
        assertThatThrownBy(() -> format.create(PATH, store, 3L << 40, Map.of(), new MemoryFiles()))
                .hasMessageContaining("below 2 TiB");
    }

    /** A directory whose entries all name one table, and a grain that says it unpacks to more than a grain. */
    @Test
    void bombsStaySmall() throws Exception {
        MemoryByteStore store = new MemoryByteStore();
        format.create(PATH, store, 1L << 40, Map.of(), new MemoryFiles());
        VmdkHeader header = VmdkHeader.read(PATH, store);
        ByteBuffer directory = ByteBuffer.allocate(4 * header.tables()).order(ByteOrder.LITTLE_ENDIAN);
        while (directory.hasRemaining()) {
            directory.putInt((int) header.overhead());
        }
        store.write(directory.flip(), header.directory() * 512);
        store.truncate((header.overhead() + 1000) * 512);
        byte[] table = new byte[2048];
        Arrays.fill(table, (byte) 1);
        store.write(ByteBuffer.wrap(table), header.overhead() * 512);
        assertThat(format.check(PATH, store, false, new MemoryFiles()))
                .singleElement()
                .asString()
                .contains("share byte");

        MemoryByteStore stream = new MemoryByteStore();
        format.create(PATH, stream, 1 << 20, Map.of("subformat", "streamOptimized"), new MemoryFiles());
        try (DiskImage image = format.open(PATH, stream, false, new MemoryFiles())) {
            image.write(ByteBuffer.wrap(random(65536, 1)), 0);
        }
        java.util.zip.Deflater deflater = new java.util.zip.Deflater();
        deflater.setInput(new byte[50 << 20]);
        deflater.finish();
        byte[] packed = new byte[100_000];
        int length = deflater.deflate(packed);
        assertThat(deflater.finished()).isTrue();
        deflater.end();
        stream.write(
                ByteBuffer.allocate(4)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putInt(length)
                        .flip(),
                65536 + 8);
        stream.write(ByteBuffer.wrap(packed, 0, length), 65536 + 12);
        stream.truncate(Math.max(stream.size(), 65536 + 12 + length));
        try (DiskImage image = format.open(PATH, stream, true, new MemoryFiles())) {
            assertThat(read(image, 0, 65536)).containsOnly(0);
        } catch (TerrariumException e) {
            assertThat(e).hasMessageContaining("damaged");
        }
    }
}
