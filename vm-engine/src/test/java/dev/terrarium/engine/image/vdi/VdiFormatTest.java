// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vdi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.CheckReport;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.MemoryByteStore;
import dev.terrarium.engine.image.MemoryFiles;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What VDI has and other formats have not: a count of blocks, discarded blocks, kinds of parents. */
class VdiFormatTest {
    private static final Path PATH = Path.of("disk.vdi");

    private final VdiFormat format = new VdiFormat();
    private final MemoryFiles files = new MemoryFiles();

    private MemoryByteStore create(long size, Map<String, String> options) throws Exception {
        MemoryByteStore store = new MemoryByteStore();
        format.create(PATH, store, size, options, files);
        return store;
    }

    private static void putInt(MemoryByteStore store, long at, int value) throws Exception {
        store.write(
                ByteBuffer.allocate(4)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putInt(value)
                        .flip(),
                at);
    }

    @Test
    void blocksOfEverySizeHoldTheirBytes() throws Exception {
        for (String size : new String[] {"4k", "64k", "2M", "256M"}) {
            MemoryByteStore store = create(9_000_000, Map.of("block_size", size));
            try (DiskImage image = format.open(PATH, store, false, files)) {
                assertThat(image.size()).isEqualTo(9_000_448);
                image.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 8_999_999);
            }
            try (DiskImage image = format.open(PATH, store, true, files)) {
                ByteBuffer back = ByteBuffer.allocate(3);
                image.read(back, 8_999_999);
                assertThat(back.array()).containsExactly(1, 2, 3);
            }
            assertThat(format.check(PATH, store, false, files)).isEmpty();
        }
    }

    @Test
    void aCountThatIsTooHighIsALeakAndMended() throws Exception {
        MemoryByteStore store = create(8 << 20, Map.of());
        try (DiskImage image = format.open(PATH, store, false, files)) {
            image.write(ByteBuffer.wrap(new byte[512]), 3 << 20);
        }
        putInt(store, 0x184, 5);
        assertThat(format.check(PATH, store, false, files))
                .singleElement()
                .asString()
                .contains("leak");
        CheckReport report = format.examine(PATH, store, CheckReport.Repair.LEAKS, files);
        assertThat(report.leaksFixed()).isEqualTo(1);
        assertThat(report.isSound()).isTrue();
        assertThat(format.check(PATH, store, false, files)).isEmpty();
    }

    @Test
    void twoBlocksInOnePlaceAreNotWrittenTo() throws Exception {
        MemoryByteStore store = create(8 << 20, Map.of("static", "on"));
        putInt(store, 512 + 4, 0);
        assertThatThrownBy(() -> format.open(PATH, store, false, files))
                .isInstanceOf(TerrariumException.class)
                .hasMessageContaining("block 1 stands where another one does: open it read-only");
        format.open(PATH, store, true, files).close();
    }

    @Test
    void discardedBlocksAreZeros() throws Exception {
        MemoryByteStore store = create(8 << 20, Map.of());
        putInt(store, 512, VdiMap.DISCARDED);
        try (DiskImage image = format.open(PATH, store, false, files)) {
            assertThat(image.extentAt(0, 1 << 20).present()).isTrue();
            assertThat(image.extentAt(0, 1 << 20).zero()).isTrue();
            image.write(ByteBuffer.wrap(new byte[] {5}), 9);
            ByteBuffer back = ByteBuffer.allocate(2);
            image.read(back, 9);
            assertThat(back.array()).containsExactly(5, 0);
        }
    }

    @Test
    void whatIsNotKnownIsRefusedByName() throws Exception {
        MemoryByteStore store = create(8 << 20, Map.of());
        putInt(store, 0x4C, 4);
        assertThatThrownBy(() -> format.open(PATH, store, true, files))
                .hasMessage("disk.vdi is a differencing VDI image: merge it into its parent with VirtualBox first");
        putInt(store, 0x4C, 9);
        assertThatThrownBy(() -> format.open(PATH, store, true, files)).hasMessageContaining("unknown type 9");
        putInt(store, 0x4C, 1);
        putInt(store, 0x44, 0x00020000);
        assertThatThrownBy(() -> format.open(PATH, store, true, files)).hasMessageContaining("of version 2.0");
        assertThatThrownBy(() -> create(8 << 20, Map.of("block_size", "3M")))
                .hasMessageContaining("block_size is 3145728: use a power of two");
        assertThatThrownBy(() -> create(8 << 20, Map.of("block_size", "soon")))
                .hasMessageContaining("block_size is soon: write a number");
    }
}
