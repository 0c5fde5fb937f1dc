// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Images made by one of qemu-img and Terrarium are written, read, checked and compared by the other. */
class FormatQemuTest {
    private static final int SIZE = 12 << 20;
    private static final Set<String> CHECKED = Set.of("vdi", "vmdk", "vhdx", "qcow2");

    @TempDir
    Path folder;

    static Stream<FormatCase> cases() {
        return FormatCase.all();
    }

    private final Random random = new Random(5);
    private final byte[] model = new byte[SIZE + (1 << 20)];

    private static DiskImage open(FormatCase format, Path path, boolean readOnly) throws Exception {
        return ImageFormats.open(path, format.format(), readOnly, AllowedFolders.own());
    }

    private void make(FormatCase format, Path path, long size) throws Exception {
        try (ByteStore store = FileByteStore.create(path)) {
            format.implementation()
                    .create(path, store, size, format.options(), FolderFiles.forNew(path, AllowedFolders.own()));
        }
    }

    private static void makeByQemu(FormatCase format, Path path, long size) throws Exception {
        List<String> line = new ArrayList<>(List.of("create", "-q", "-f", format.format()));
        if (!format.options().isEmpty()) {
            line.addAll(List.of("-o", format.optionText()));
        }
        line.addAll(List.of(path.toString(), Long.toString(size)));
        Qemu.img(line.toArray(String[]::new));
    }

    /** Writes by Terrarium: whole blocks and single sectors, zeros and holes. */
    private void write(DiskImage image) throws Exception {
        for (int i = 0; i < 30; i++) {
            int length = 512 * (1 + random.nextInt(i % 5 == 0 ? 4000 : 20));
            int at = 512 * random.nextInt((SIZE - length) / 512 + 1);
            if (i % 7 == 6) {
                image.writeZeroes(at, length, i % 2 == 0);
                Arrays.fill(model, at, at + length, (byte) 0);
            } else if (i % 7 == 5) {
                image.discard(at, length);
                ByteBuffer back = ByteBuffer.allocate(length);
                image.read(back, at);
                back.get(0, model, at, length);
            } else {
                byte[] data = new byte[length];
                random.nextBytes(data);
                image.write(ByteBuffer.wrap(data), at);
                System.arraycopy(data, 0, model, at, length);
            }
        }
        image.write(
                ByteBuffer.wrap(
                        "the last sector, padded to 512 bytes".repeat(15).getBytes(US_ASCII), 0, 512),
                SIZE - 512);
        byte[] last =
                Arrays.copyOf("the last sector, padded to 512 bytes".repeat(15).getBytes(US_ASCII), 512);
        System.arraycopy(last, 0, model, SIZE - 512, 512);
    }

    private void writeByQemu(FormatCase format, Path path) throws Exception {
        List<String> commands = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            int length = 65536 * (1 + random.nextInt(i % 4 == 0 ? 40 : 3));
            int at = 65536 * random.nextInt((SIZE - length) / 65536 + 1);
            int pattern = 1 + random.nextInt(255);
            if (i % 5 == 4) {
                commands.add("write -z " + at + " " + length);
                pattern = 0;
            } else {
                commands.add("write -P " + pattern + " " + at + " " + length);
            }
            Arrays.fill(model, at, at + length, (byte) pattern);
        }
        Qemu.io(path, format.format(), commands);
    }

    private static long virtualSize(FormatCase format, Path path) throws Exception {
        return Qemu.json("info", "-f", format.format(), "--output=json", path.toString())
                .get("virtual-size")
                .asLong();
    }

    /** Both programs find the model in the image, and no fault. */
    private void judge(FormatCase format, Path path) throws Exception {
        if (CHECKED.contains(format.format()) && !path.toString().contains("flat")) {
            Qemu.check(path, format.format());
        }
        int size;
        try (DiskImage image = open(format, path, true)) {
            size = (int) image.size();
            ByteBuffer all = ByteBuffer.allocate(size);
            image.read(all, 0);
            assertThat(Arrays.mismatch(all.array(), 0, size, model, 0, size)).isEqualTo(-1);
        }
        assertThat(virtualSize(format, path)).isEqualTo(size);
        Path raw = folder.resolve("model.raw");
        Files.write(raw, Arrays.copyOf(model, size));
        Qemu.compare(path, format.format(), raw, "raw");
        try (ByteStore store = FileByteStore.open(path, true)) {
            assertThat(format.implementation()
                            .check(path, store, false, FolderFiles.forNew(path, AllowedFolders.own())))
                    .isEmpty();
            assertThat(ImageFormats.probe(store).map(ImageFormat::name)).contains(format.format());
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void madeHereIsReadAndWrittenByQemu(FormatCase format) throws Exception {
        Path path = folder.resolve("ours.img");
        make(format, path, SIZE);
        judge(format, path);
        try (DiskImage image = open(format, path, false)) {
            write(image);
        }
        judge(format, path);
        if (!format.toString().contains("streamOptimized")) {
            writeByQemu(format, path);
            judge(format, path);
        }
        try (DiskImage image = open(format, path, false)) {
            write(image);
        }
        judge(format, path);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void madeByQemuIsReadAndWrittenHere(FormatCase format) throws Exception {
        Path path = folder.resolve("theirs.img");
        makeByQemu(format, path, SIZE);
        judge(format, path);
        if (!format.toString().contains("streamOptimized")) {
            writeByQemu(format, path);
            judge(format, path);
        }
        try (DiskImage image = open(format, path, false)) {
            write(image);
        }
        judge(format, path);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void convertedByQemuIsTheSame(FormatCase format) throws Exception {
        for (int i = 0; i < 10; i++) {
            int at = random.nextInt(SIZE - 300_000);
            byte[] data = new byte[300_000];
            random.nextBytes(data);
            System.arraycopy(data, 0, model, at, data.length);
        }
        Path raw = folder.resolve("source.raw");
        Files.write(raw, Arrays.copyOf(model, SIZE));
        Path path = folder.resolve("converted.img");
        List<String> line = new ArrayList<>(List.of("convert", "-q", "-f", "raw", "-O", format.format()));
        if (!format.options().isEmpty()) {
            line.addAll(List.of("-o", format.optionText()));
        }
        line.addAll(List.of(raw.toString(), path.toString()));
        Qemu.img(line.toArray(String[]::new));
        judge(format, path);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void sizesAreThoseOfQemu(FormatCase format) throws Exception {
        if (format.toString().matches(".*(static|fixed|Flat).*")) {
            return;
        }
        for (long size : List.of(512L, 1L << 20, 1_000_000_000L / 512 * 512, 40L << 30, (1L << 40) + 512)) {
            if (format.toString().contains("twoGb") && size > 40L << 30) {
                continue; // 512 files
            }
            Path ours = folder.resolve("ours-" + size);
            Path theirs = folder.resolve("theirs-" + size);
            make(format, ours, size);
            makeByQemu(format, theirs, size);
            long expected = virtualSize(format, theirs);
            assertThat(virtualSize(format, ours)).isEqualTo(expected);
            try (DiskImage image = open(format, theirs, true)) {
                assertThat(image.size()).isEqualTo(expected);
            }
            try (DiskImage image = open(format, ours, true)) {
                assertThat(image.size()).isEqualTo(expected);
            }
            Files.delete(ours);
            Files.delete(theirs);
        }
    }
}
