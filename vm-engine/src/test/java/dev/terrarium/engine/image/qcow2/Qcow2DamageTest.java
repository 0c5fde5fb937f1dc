// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.AllowedFolders;
import dev.terrarium.engine.image.CheckReport;
import dev.terrarium.engine.image.CompressedWriter;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.FileByteStore;
import dev.terrarium.engine.image.FolderFiles;
import dev.terrarium.engine.image.ImageFiles;
import dev.terrarium.engine.image.ImageFormats;
import dev.terrarium.engine.image.MemoryByteStore;
import dev.terrarium.engine.image.Qemu;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Images that are wrong, by accident or by intent: a clear error, in bounded time and memory. */
class Qcow2DamageTest {
    private static final Qcow2Format FORMAT = new Qcow2Format();
    private static final Path PATH = Path.of("/nowhere/disk.qcow2");
    private static final ImageFiles FILES = FolderFiles.forNew(PATH, AllowedFolders.own());
    private static final int SIZE = 1 << 20;
    private static final MemoryByteStore GOOD = new MemoryByteStore();

    @TempDir
    Path folder;

    @BeforeAll
    static void makeAGoodOne() throws Exception {
        FORMAT.create(PATH, GOOD, SIZE, Map.of("cluster_size", "4k", "extended_l2", "off"), FILES);
        try (Qcow2Disk disk = Qcow2Format.open(PATH, new BorrowedStore(GOOD), false, FILES, 4096)) {
            byte[] bytes = new byte[SIZE / 4];
            new Random(1).nextBytes(bytes);
            disk.write(ByteBuffer.wrap(bytes), 0);
            CompressedWriter compressed = disk;
            for (int i = 100; i < 120; i++) {
                compressed.writeCompressed(new byte[4096], i * 4096L);
            }
            disk.createSnapshot("s", 0, 0);
            disk.write(ByteBuffer.wrap(bytes), 8192);
            disk.writeZeroes(0, 8192, true);
        }
    }

    /** Opens, uses and checks; what is said must be one line for a person. */
    private static void use(MemoryByteStore store) {
        try (DiskImage disk = FORMAT.open(PATH, new BorrowedStore(store), false, FILES)) {
            long size = Math.min(disk.size(), 2L * SIZE);
            ByteBuffer all = ByteBuffer.allocate((int) size);
            disk.read(all, 0);
            disk.write(ByteBuffer.allocate(5000), 0);
            disk.discard(0, size);
            for (long at = 0; at < size; ) {
                at += disk.extentAt(at, size - at).length();
            }
            ((Qcow2Disk) disk).createSnapshot("x", 0, 0);
            ((Qcow2Disk) disk).deleteSnapshot("x");
            ((Qcow2Disk) disk).applySnapshot("s");
        } catch (TerrariumException | IOException e) {
            assertThat(e.getMessage()).isNotNull().doesNotContain("\n", "this is a bug");
        }
    }

    private static void examine(MemoryByteStore store) {
        try {
            FORMAT.examine(PATH, store, CheckReport.Repair.ALL, FILES);
        } catch (TerrariumException | IOException e) {
            assertThat(e.getMessage()).isNotNull().doesNotContain("\n", "this is a bug");
        }
    }

    @Test
    void everyHeaderFieldWrongInTurn() throws Exception {
        long[] values = {0, 1, -1, 7, 1L << 31, 1L << 32, 1L << 55, 1L << 56, 1L << 62, Long.MIN_VALUE, 4097, 512};
        for (int at = 0; at < 128; at += 4) {
            for (long value : values) {
                for (int width : new int[] {4, 8}) {
                    MemoryByteStore bad = GOOD.copy();
                    ByteBuffer field = ByteBuffer.allocate(width);
                    if (width == 4) {
                        field.putInt(0, (int) value);
                    } else {
                        field.putLong(0, value);
                    }
                    bad.write(field, at);
                    use(bad);
                    examine(bad);
                }
            }
        }
    }

    @Test
    void anyWordOfTheTablesWrong() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        System.out.println("disk.seed " + seed);
        Header header = Header.read(PATH, GOOD);
        long[] places = {header.l1Offset, header.refcountTableOffset, header.snapshotsOffset, l2(header), block(header)
        };
        for (int i = 0; i < 3000; i++) {
            MemoryByteStore bad = GOOD.copy();
            for (int n = 0; n <= random.nextInt(3); n++) {
                long at = places[random.nextInt(places.length)]
                        + random.nextInt(random.nextBoolean() ? 64 : 4096) / 8 * 8;
                long value =
                        switch (random.nextInt(5)) {
                            case 0 -> random.nextLong();
                            case 1 -> (long) random.nextInt(400) << 12;
                            case 2 -> (long) random.nextInt(400) << 12 | 1L << 63;
                            case 3 -> 1L << 62 | random.nextInt(1 << 20);
                            default -> random.nextInt(3);
                        };
                bad.write(ByteBuffer.allocate(8).putLong(0, value), at);
            }
            use(bad);
            examine(bad);
        }
    }

    private static long l2(Header header) {
        ByteBuffer entry = ByteBuffer.allocate(8);
        GOOD.read(entry, header.l1Offset);
        return entry.getLong(0) & Entry.OFFSET_MASK;
    }

    private static long block(Header header) {
        ByteBuffer entry = ByteBuffer.allocate(8);
        GOOD.read(entry, header.refcountTableOffset);
        return entry.getLong(0);
    }

    @Test
    void unknownFeaturesAreRefusedByName() throws Exception {
        Path image = folder.resolve("disk.qcow2");
        Qemu.img("create", "-f", "qcow2", image.toString(), "1M");
        try (FileByteStore store = FileByteStore.open(image, false)) {
            store.write(ByteBuffer.allocate(8).putLong(0, 1L << 40 | 1L << 6), 72);
        }
        assertThatThrownBy(() -> FORMAT.open(image, FileByteStore.open(image, true), true, FILES))
                .isInstanceOf(TerrariumException.class)
                .hasMessageContaining("bit 6, bit 40");
        FileByteStore.open(image, false).close();
    }

    /** A table of four million entries that all lead to one L2 table of a sparse file. */
    @Test
    void aSmallFileDoesNotKeepUsBusy() throws Exception {
        MemoryByteStore bomb = new MemoryByteStore();
        FORMAT.create(
                PATH,
                bomb,
                1L << 40,
                Map.of("cluster_size", "512", "refcount_bits", "64").isEmpty()
                        ? Map.of()
                        : Map.of("cluster_size", "2M"),
                FILES);
        Header header = Header.read(PATH, bomb);
        header.l1Size = Geometry.LARGEST_L1_BYTES / 8;
        header.l1Offset = 64L << 21;
        header.size = 1L << 60;
        header.writeFields(bomb);
        ByteBuffer l1 = ByteBuffer.allocate(header.l1Size * 8);
        while (l1.hasRemaining()) {
            l1.putLong(128L << 21 | 1L << 63);
        }
        bomb.write(l1.flip(), header.l1Offset);
        bomb.write(ByteBuffer.allocate(8).putLong(0, 1L << 63 | 130L << 21), 128L << 21);
        bomb.truncate(1L << 40);
        long start = System.nanoTime();
        CheckReport report = FORMAT.examine(PATH, bomb, CheckReport.Repair.NONE, FILES);
        assertThat(report.corruptions()).isPositive();
        assertThat(report.messages()).hasSizeLessThan(300);
        assertThat(System.nanoTime() - start).isLessThan(20_000_000_000L);
    }

    @Test
    void aClusterThatUnpacksToMoreIsCut() throws Exception {
        byte[] gigabyte = new byte[1 << 26];
        java.util.zip.Deflater deflater = new java.util.zip.Deflater(9, true);
        deflater.setInput(gigabyte);
        deflater.finish();
        byte[] packed = new byte[1 << 20];
        int length = deflater.deflate(packed);
        deflater.end();
        assertThat(Codec.ZLIB.decompress(java.util.Arrays.copyOf(packed, length), 4096))
                .hasSize(4096);
        byte[] frame = com.github.luben.zstd.Zstd.compress(gigabyte);
        assertThat(Codec.ZSTD.decompress(frame, 4096)).hasSize(4096);
        assertThatThrownBy(() -> Codec.ZSTD.decompress(new byte[512], 4096)).hasMessageContaining("damaged");
        assertThatThrownBy(() -> Codec.ZLIB.decompress(new byte[512], 4096)).hasMessageContaining("damaged");
    }

    @Test
    void loopsAndStrangersInTheChainAreRefused(@TempDir Path elsewhere) throws Exception {
        Path a = folder.resolve("a");
        Path b = folder.resolve("b");
        Path secret = Files.write(elsewhere.resolve("secret"), new byte[512]);
        Qemu.img("create", "-f", "qcow2", "-u", "-b", "b", "-F", "qcow2", a.toString(), "1M");
        Qemu.img("create", "-f", "qcow2", "-u", "-b", "a", "-F", "qcow2", b.toString(), "1M");
        assertThatThrownBy(() -> ImageFormats.open(a, "qcow2", false, AllowedFolders.own()))
                .hasMessageContaining("which stands on it");
        for (String format : new String[] {"raw", "qcow2"}) {
            Qemu.img("create", "-f", "qcow2", "-u", "-b", secret.toString(), "-F", format, b.toString(), "1M");
            assertThatThrownBy(() -> ImageFormats.open(b, "", true, AllowedFolders.own()))
                    .hasMessageContaining("outside its folder");
        }
        Qemu.img("create", "-f", "qcow2", "-o", "data_file=" + elsewhere.resolve("data"), a.toString() + "2", "1M");
        assertThatThrownBy(() -> ImageFormats.open(Path.of(a + "2"), "", true, AllowedFolders.own()))
                .hasMessageContaining("outside its folder");
    }

    @Test
    void whatQemuLeakedOrBrokeWeMend() throws Exception {
        Path image = folder.resolve("disk.qcow2");
        Qemu.img("create", "-f", "qcow2", "-o", "cluster_size=4k", image.toString(), "4M");
        Qemu.io(image, "qcow2", java.util.List.of("write -P 1 0 1M"));
        // All refcounts gone, as with lazy refcounts and a cut, and a flag lost.
        try (FileByteStore store = FileByteStore.open(image, false)) {
            Header header = Header.read(PATH, store);
            ByteBuffer entry = ByteBuffer.allocate(8);
            store.read(entry, header.refcountTableOffset);
            store.write(ByteBuffer.allocate(4096), entry.getLong(0));
            store.write(ByteBuffer.allocate(2).putShort(0, (short) 3), entry.getLong(0) + 2000);
            header.incompatible |= Features.DIRTY;
            header.writeFields(store);
        }
        CheckReport found;
        try (FileByteStore store = FileByteStore.open(image, false)) {
            found = FORMAT.examine(image, store, CheckReport.Repair.NONE, FILES);
        }
        assertThat(found.corruptions()).isGreaterThan(200);
        assertThat(found.leaks()).isEqualTo(1);
        try (DiskImage disk = FORMAT.open(image, FileByteStore.open(image, false), false, FILES)) {
            ByteBuffer back = ByteBuffer.allocate(1 << 20);
            disk.read(back, 0);
            assertThat(back.array()).containsOnly(1);
        }
        Qemu.check(image, "qcow2");
        // The refcount table itself gone.
        try (FileByteStore store = FileByteStore.open(image, false)) {
            Header header = Header.read(PATH, store);
            store.write(ByteBuffer.allocate(8).putLong(0, 77), header.refcountTableOffset);
            assertThat(FORMAT.examine(image, store, CheckReport.Repair.LEAKS, FILES)
                            .corruptions())
                    .isPositive();
            CheckReport mended = FORMAT.examine(image, store, CheckReport.Repair.ALL, FILES);
            assertThat(mended.isSound()).isTrue();
            assertThat(mended.corruptionsFixed()).isPositive();
        }
        Qemu.check(image, "qcow2");
    }
}
