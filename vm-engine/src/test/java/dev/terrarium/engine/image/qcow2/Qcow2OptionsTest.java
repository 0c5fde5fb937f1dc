// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.image.AllowedFolders;
import dev.terrarium.engine.image.CompressedWriter;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.DiskModel;
import dev.terrarium.engine.image.FileByteStore;
import dev.terrarium.engine.image.FolderFiles;
import dev.terrarium.engine.image.ImageFiles;
import dev.terrarium.engine.image.Qemu;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** For each option: images made by one are read, written, checked and compared by the other. */
class Qcow2OptionsTest {
    private static final Qcow2Format FORMAT = new Qcow2Format();

    @TempDir
    Path folder;

    private Path image;
    private ImageFiles files;
    private long seed;
    private Random random;

    @BeforeEach
    void names() {
        image = folder.resolve("disk.qcow2");
        files = FolderFiles.forNew(image, AllowedFolders.own());
        seed = Long.getLong("disk.seed", System.nanoTime());
        random = new Random(seed);
        System.out.println("disk.seed " + seed);
    }

    static List<String> options() {
        List<String> options = new ArrayList<>();
        for (String size : List.of("512", "1k", "4k", "64k", "2M")) {
            options.add("cluster_size=" + size);
        }
        for (int bits = 1; bits <= 64; bits *= 2) {
            options.add("cluster_size=512,refcount_bits=" + bits);
        }
        options.add("compat=0.10");
        options.add("compat=0.10,cluster_size=512");
        options.add("lazy_refcounts=on,cluster_size=1k");
        options.add("compression_type=zstd,cluster_size=4k");
        options.add("extended_l2=on,cluster_size=16k");
        options.add("extended_l2=on,cluster_size=64k");
        options.add("preallocation=metadata,cluster_size=4k");
        options.add("data_file=D,cluster_size=4k");
        options.add("data_file=D,data_file_raw=on,cluster_size=64k");
        options.add("data_file=D,extended_l2=on,cluster_size=16k");
        options.add("backing_file=B,backing_fmt=raw,cluster_size=512");
        options.add("backing_file=B,backing_fmt=raw,cluster_size=64k");
        options.add("backing_file=B,backing_fmt=raw,cluster_size=4k,compat=0.10");
        options.add("backing_file=B,backing_fmt=raw,extended_l2=on,cluster_size=16k");
        return options;
    }

    /** qemu-img finds a data file by the folder that it runs in, so its name has to be absolute. */
    private String absolute(String options) {
        return options.replace("=D", "=" + folder.resolve("D")).replace("=B", "=" + folder.resolve("B"));
    }

    private Map<String, String> map(String options) {
        Map<String, String> map = new LinkedHashMap<>();
        for (String each : absolute(options).split(",")) {
            map.put(each.substring(0, each.indexOf('=')), each.substring(each.indexOf('=') + 1));
        }
        return map;
    }

    private byte[] backing(String options, int size) throws Exception {
        byte[] content = new byte[size];
        if (options.contains("backing_file")) {
            byte[] part = new byte[size / 2 / 512 * 512 + 512];
            random.nextBytes(part);
            Files.write(folder.resolve("B"), part);
            System.arraycopy(part, 0, content, 0, part.length);
        }
        return content;
    }

    private Qcow2Disk open() throws Exception {
        // Few tables in memory, so that they come and go.
        return Qcow2Format.open(image, FileByteStore.open(image, false), false, files, 4096);
    }

    private void judge(DiskModel model) throws Exception {
        Qemu.check(image, "qcow2");
        Path raw = Files.write(folder.resolve("raw"), model.bytes());
        Qemu.compare(image, "qcow2", raw, "raw");
        if (Files.exists(folder.resolve("D"))) {
            if (Qemu.img("info", image.toString()).contains("data file raw: true")) {
                Qemu.compare(folder.resolve("D"), "raw", raw, "raw");
            }
        }
        try (DiskImage disk = FORMAT.open(image, FileByteStore.open(image, true), true, files)) {
            model.compareAll(disk);
        }
    }

    @ParameterizedTest
    @MethodSource("options")
    void whatWeMakeQemuReads(String options) throws Exception {
        int size = 3_000_000 / 512 * 512;
        DiskModel model = new DiskModel(backing(options, size), random);
        try (FileByteStore store = FileByteStore.create(image)) {
            FORMAT.create(image, store, size, map(options), files);
        }
        judge(model);
        for (int round = 0; round < 3; round++) {
            try (Qcow2Disk disk = open()) {
                if (disk instanceof CompressedWriter writer && writer.compressedUnit() > 0) {
                    compressed(writer, model);
                }
                for (int i = 0; i < 150; i++) {
                    model.step(disk, 1000);
                }
                model.compareAll(disk);
            }
            judge(model);
        }
    }

    private void compressed(CompressedWriter disk, DiskModel model) throws Exception {
        int unit = disk.compressedUnit();
        for (int i = 0; i < Math.min(40, model.bytes().length / unit); i++) {
            int cluster = random.nextInt((int) (disk.size() / unit) + 1);
            byte[] bytes = new byte[unit];
            random.nextBytes(bytes);
            java.util.Arrays.fill(bytes, random.nextInt(unit), unit, (byte) random.nextInt());
            int length = Math.min(unit, model.bytes().length - cluster * unit);
            if (length < unit) {
                java.util.Arrays.fill(bytes, Math.max(0, length), unit, (byte) 0);
            }
            if (length > 0) {
                disk.writeCompressed(bytes, (long) cluster * unit);
                System.arraycopy(bytes, 0, model.bytes(), cluster * unit, length);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("options")
    void whatQemuMakesWeReadAndWrite(String options) throws Exception {
        int size = 3_000_000 / 512 * 512;
        DiskModel model = new DiskModel(backing(options, size), random);
        Qemu.img("create", "-f", "qcow2", "-o", absolute(options), image.toString(), Integer.toString(size));
        List<String> commands = new ArrayList<>();
        int cluster = Integer.parseInt(Qemu.json("info", "--output=json", image.toString())
                .get("cluster-size")
                .asText());
        for (int i = 0; i < 40; i++) {
            int first = random.nextInt(size / 512);
            int count = Math.min(size / 512 - first, 1 + random.nextInt(random.nextInt(200) + 1));
            byte value = (byte) (1 + random.nextInt(255));
            if (i < size / cluster && i < 10 && !options.contains("data_file") && !options.contains("prealloc")) {
                // Compressed clusters are written once, so each of the first ones once.
                first = i * cluster / 512;
                count = cluster / 512;
                commands.add("write -c -P 0x%02x %d %d".formatted(value & 0xFF, first * 512L, count * 512L));
            } else if (random.nextInt(4) == 0) {
                commands.add("write -z -u %d %d".formatted(first * 512L, count * 512L));
                value = 0;
            } else {
                commands.add("write -P 0x%02x %d %d".formatted(value & 0xFF, first * 512L, count * 512L));
            }
            java.util.Arrays.fill(model.bytes(), first * 512, (first + count) * 512, value);
        }
        Qemu.io(image, "qcow2", commands);
        judge(model);
        try (Qcow2Disk disk = open()) {
            model.compareAll(disk);
            for (int i = 0; i < 200; i++) {
                model.step(disk, 1000);
            }
            disk.flush();
            model.compareAll(disk);
        }
        judge(model);
        String check = Qemu.json("check", "--output=json", image.toString()).toString();
        assertThat(check).doesNotContain("leaks\":1");
    }

    @ParameterizedTest
    @MethodSource("options")
    void aDiskThatChangesItsSizeKeepsTheRest(String options) throws Exception {
        int size = 1_500_000 / 512 * 512;
        byte[] content = backing(options, size);
        DiskModel model = new DiskModel(content, random);
        try (FileByteStore store = FileByteStore.create(image)) {
            FORMAT.create(image, store, size, map(options), files);
        }
        for (int round = 0; round < 4; round++) {
            int newSize = (1 + random.nextInt(5000)) * 512;
            try (Qcow2Disk disk = open()) {
                for (int i = 0; i < 50; i++) {
                    model.step(disk, 1000);
                }
                disk.resize(newSize);
                byte[] kept = java.util.Arrays.copyOf(model.bytes(), newSize);
                model = new DiskModel(kept, random);
                model.compareAll(disk);
                disk.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), newSize - 3);
                System.arraycopy(new byte[] {1, 2, 3}, 0, kept, newSize - 3, 3);
            }
            judge(model);
        }
    }
}
