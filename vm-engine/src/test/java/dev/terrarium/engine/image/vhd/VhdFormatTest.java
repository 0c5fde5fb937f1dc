// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vhd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.MemoryByteStore;
import dev.terrarium.engine.image.MemoryFiles;
import dev.terrarium.engine.image.Qemu;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What VHD has and other formats have not: footers, geometry, bitmaps. */
class VhdFormatTest {
    private static final Path PATH = Path.of("disk.vhd");

    @TempDir
    Path folder;

    private final VhdFormat format = new VhdFormat();
    private final MemoryFiles files = new MemoryFiles();

    private MemoryByteStore create(long size, Map<String, String> options) throws Exception {
        MemoryByteStore store = new MemoryByteStore();
        format.create(PATH, store, size, options, files);
        return store;
    }

    private DiskImage open(MemoryByteStore store, boolean readOnly) throws Exception {
        return format.open(PATH, store, readOnly, files);
    }

    private static void change(MemoryByteStore store, int at, byte[] bytes) throws IOException {
        store.write(ByteBuffer.wrap(bytes), at);
        byte[] footer = new byte[512];
        store.read(ByteBuffer.wrap(footer), 0);
        ByteBuffer sum = ByteBuffer.allocate(4).putInt(VhdFooter.checksum(ByteBuffer.wrap(footer), 512, 64));
        store.write(sum.flip(), 64);
        store.read(ByteBuffer.wrap(footer), 0);
        store.write(ByteBuffer.wrap(footer), store.size() - 512);
    }

    /** Sizes of all three ways to count sectors a track, and of their borders. */
    @Test
    void geometriesAreThoseOfQemu() throws Exception {
        Random random = new Random(11);
        Path theirs = folder.resolve("theirs.vhd");
        for (int i = 0; i < 60; i++) {
            long size = 512 * (1 + random.nextLong(1L << 5 + random.nextInt(24)));
            java.nio.file.Files.deleteIfExists(theirs);
            Qemu.img("create", "-q", "-f", "vpc", theirs.toString(), Long.toString(size));
            ByteBuffer footer = ByteBuffer.wrap(java.nio.file.Files.readAllBytes(theirs), 0, 512);
            ByteBuffer ours = ByteBuffer.allocate(512);
            create(size, Map.of()).read(ours, 0);
            assertThat(ours.getInt(56)).as("geometry for " + size).isEqualTo(footer.getInt(56));
            assertThat(ours.getLong(48)).as("size for " + size).isEqualTo(footer.getLong(48));
        }
    }

    @Test
    void whoMadeTheImageTellsWhatItsSizeIs() throws Exception {
        MemoryByteStore store = create(10_000_000 / 512 * 512, Map.of());
        long byGeometry = VhdGeometry.atLeast(10_000_000 / 512).total() * 512;
        change(store, 48, ByteBuffer.allocate(8).putLong(9_000_448).array());
        for (String creator : new String[] {"vpc ", "qemu", "win ", "qem2", "vbox", "tap\0"}) {
            change(store, 28, creator.getBytes(StandardCharsets.US_ASCII));
            boolean geometry = creator.equals("vpc ") || creator.equals("qemu");
            try (DiskImage image = open(store, true)) {
                assertThat(image.size()).as(creator).isEqualTo(geometry ? byGeometry : 9_000_448);
            }
        }
    }

    @Test
    void sectorsNeverWrittenAreZerosWhateverStandsThere() throws Exception {
        MemoryByteStore store = create(8 << 20, Map.of("force_size", "on"));
        byte[] block = new byte[2 << 20];
        new Random(1).nextBytes(block);
        try (DiskImage image = open(store, false)) {
            image.write(ByteBuffer.wrap(block), 2 << 20);
        }
        ByteBuffer entry = ByteBuffer.allocate(8);
        store.read(entry, 1536);
        long bitmap = entry.getInt(4) * 512L;
        byte[] bits = new byte[512];
        bits[0] = (byte) 0b1100_0000;
        bits[100] = 1;
        store.write(ByteBuffer.wrap(bits), bitmap);
        byte[] model = new byte[2 << 20];
        System.arraycopy(block, 0, model, 0, 1024);
        System.arraycopy(block, 807 * 512, model, 807 * 512, 512);
        ByteBuffer back = ByteBuffer.allocate(2 << 20);
        try (DiskImage image = open(store, true)) {
            image.read(back, 2 << 20);
            assertThat(back.array()).isEqualTo(model);
            assertThat(image.extentAt((2 << 20) + 1024, 1 << 20).zero()).isTrue();
        }
        try (DiskImage image = open(store, false)) {
            image.write(ByteBuffer.wrap(block, 5000, 1000), (2 << 20) + 5000);
            System.arraycopy(block, 5000, model, 5000, 1000);
            image.read(back.clear(), 2 << 20);
            assertThat(back.array()).isEqualTo(model);
        }
        try (DiskImage image = open(store, true)) {
            image.read(back.clear(), 2 << 20);
            assertThat(back.array()).isEqualTo(model);
        }
        store.read(ByteBuffer.wrap(bits), bitmap);
        assertThat(bits).containsOnly(-1);
    }

    @Test
    void oneFooterOfADynamicImageIsEnough() throws Exception {
        MemoryByteStore store = create(8 << 20, Map.of());
        try (DiskImage image = open(store, false)) {
            image.write(ByteBuffer.wrap(new byte[] {7}), 1000);
        }
        byte[] head = new byte[512];
        byte[] tail = new byte[512];
        store.read(ByteBuffer.wrap(head), 0);
        store.read(ByteBuffer.wrap(tail), store.size() - 512);
        assertThat(tail).isEqualTo(head);
        for (long at : new long[] {0, store.size() - 512}) {
            MemoryByteStore damaged = store.copy();
            damaged.write(ByteBuffer.wrap(new byte[] {99}), at + 50);
            try (DiskImage image = open(damaged, true)) {
                ByteBuffer back = ByteBuffer.allocate(1);
                image.read(back, 1000);
                assertThat(back.get(0)).isEqualTo((byte) 7);
            }
        }
    }

    @Test
    void aCopyOfTheFooterThatIsMissingIsMadeBeforeItIsNeeded() throws Exception {
        MemoryByteStore store = create(8 << 20, Map.of());
        byte[] footer = new byte[512];
        store.read(ByteBuffer.wrap(footer), 0);
        store.write(ByteBuffer.wrap(new byte[512]), 0);
        try (DiskImage image = open(store, false)) {
            image.write(ByteBuffer.wrap(new byte[] {7}), 1000);
            byte[] copy = new byte[512];
            store.read(ByteBuffer.wrap(copy), 0);
            assertThat(copy).isEqualTo(footer);
        }
    }

    /** A guest owns the first sector of a fixed image. */
    @Test
    void aFixedImageStaysFixedWhateverTheGuestWrites() throws Exception {
        MemoryByteStore store = create(8 << 20, Map.of("subformat", "fixed"));
        byte[] footer = new byte[512];
        create(8 << 20, Map.of()).read(ByteBuffer.wrap(footer), 0);
        try (DiskImage image = open(store, false)) {
            image.write(ByteBuffer.wrap(footer), 0);
        }
        try (DiskImage image = open(store, true)) {
            ByteBuffer back = ByteBuffer.allocate(512);
            image.read(back, 0);
            assertThat(back.array()).isEqualTo(footer);
        }
    }

    @Test
    void whatIsNotKnownIsRefusedByName() throws Exception {
        MemoryByteStore store = create(8 << 20, Map.of());
        change(store, 63, new byte[] {4});
        assertThatThrownBy(() -> open(store, true))
                .isInstanceOf(TerrariumException.class)
                .hasMessage("disk.vhd is a differencing VHD image: merge it into its parent first");
        change(store, 63, new byte[] {9});
        assertThatThrownBy(() -> open(store, true)).hasMessageContaining("unknown type 9");
        change(store, 63, new byte[] {3});
        change(store, 11, new byte[] {10});
        assertThatThrownBy(() -> open(store, true)).hasMessageContaining("unknown features 8");
        assertThatThrownBy(() -> create(3L << 40, Map.of())).hasMessageContaining("up to 2040 GiB");
    }
}
