// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vhdx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.AllowedFolders;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.ImageFormats;
import dev.terrarium.engine.image.MemoryByteStore;
import dev.terrarium.engine.image.MemoryFiles;
import dev.terrarium.engine.image.PowerCutStore;
import dev.terrarium.engine.image.Qemu;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The log, written and replayed ([MS-VHDX] 2.3). */
class VhdxLogTest {
    private static final Path PATH = Path.of("disk.vhdx");
    private static final int BLOCK = 1 << 20;
    private static final int BLOCKS = 400;

    @TempDir
    Path folder;

    private final VhdxFormat format = new VhdxFormat();
    private final MemoryFiles files = new MemoryFiles();

    private MemoryByteStore create() throws Exception {
        MemoryByteStore store = new MemoryByteStore();
        format.create(PATH, store, (long) BLOCKS * BLOCK, Map.of("block_size", "1M"), files);
        return store;
    }

    private static ByteBuffer content(int block) {
        byte[] bytes = new byte[512];
        new Random(block).nextBytes(bytes);
        return ByteBuffer.wrap(bytes);
    }

    private static boolean holds(DiskImage image, int block) throws IOException {
        ByteBuffer back = ByteBuffer.allocate(512);
        image.read(back, (long) block * BLOCK);
        return back.flip().equals(content(block));
    }

    private static byte[] bytes(MemoryByteStore store) throws IOException {
        byte[] bytes = new byte[(int) store.size()];
        store.read(ByteBuffer.wrap(bytes), 0);
        return bytes;
    }

    /** One block and one flush at a time, so that the log is gone around several times. */
    @Test
    void theLogIsARing() throws Exception {
        PowerCutStore store = new PowerCutStore(create());
        DiskImage image = format.open(PATH, store, false, files);
        int[] stepsAfter = new int[BLOCKS];
        for (int block = 0; block < BLOCKS; block++) {
            image.write(content(block), (long) block * BLOCK);
            image.flush();
            stepsAfter[block] = store.steps();
        }
        long seed = System.nanoTime();
        Random random = new Random(seed);
        PowerCutStore.Cuts cuts = store.cuts();
        int pending = 0;
        int[] places = random.ints(150, 0, store.steps() + 1).sorted().toArray();
        for (int place : places) {
            MemoryByteStore left = cuts.after(place, random);
            VhdxHeader header = VhdxHeader.read(PATH, left);
            pending += VhdxLog.pending(PATH, left, header).size();
            long hash = left.size();
            try (DiskImage again = format.open(PATH, left, true, files)) {
                check(again, stepsAfter, place, "read-only, seed " + seed);
            }
            assertThat(left.size()).isEqualTo(hash);
            try (DiskImage again = format.open(PATH, left, false, files)) {
                check(again, stepsAfter, place, "seed " + seed);
            }
            assertThat(VhdxHeader.read(PATH, left).logGuid()).isEqualTo(Vhdx.NIL);
        }
        assertThat(pending).isGreaterThan(100);
    }

    private static void check(DiskImage image, int[] stepsAfter, int place, String what) throws IOException {
        for (int block = 0; block < BLOCKS && stepsAfter[block] <= place; block++) {
            assertThat(holds(image, block)).as("block " + block + ", " + what).isTrue();
        }
    }

    /** An image whose table lacks what its log has: the power was cut between the two. */
    private MemoryByteStore withPendingLog() throws Exception {
        PowerCutStore store = new PowerCutStore(create());
        DiskImage image = format.open(PATH, store, false, files);
        for (int block = 0; block < 7; block++) {
            image.write(content(block), (long) block * BLOCK);
        }
        image.flush();
        int steps = store.steps();
        for (int place = steps; place > 0; place--) {
            for (int seed = 0; seed < 20; seed++) {
                MemoryByteStore left = store.cuts().after(place, new Random(seed));
                VhdxHeader header = VhdxHeader.read(PATH, left);
                ByteBuffer entry = ByteBuffer.allocate(8);
                left.read(entry, 3 << 20);
                if (!VhdxLog.pending(PATH, left, header).isEmpty() && entry.get(0) != VhdxMap.PRESENT) {
                    return left;
                }
            }
        }
        throw new AssertionError("no cut left a log that matters");
    }

    @Test
    void whoMayOnlyReadSeesTheLogReplayedAndChangesNothing() throws Exception {
        MemoryByteStore store = withPendingLog();
        byte[] before = bytes(store);
        try (DiskImage image = format.open(PATH, store, true, files)) {
            for (int block = 0; block < 7; block++) {
                assertThat(holds(image, block)).isTrue();
            }
        }
        assertThat(format.check(PATH, store, false, files)).isEmpty();
        assertThat(bytes(store)).isEqualTo(before);
    }

    @Test
    void qemuReplaysOurLog() throws Exception {
        Path path = folder.resolve("cut.vhdx");
        Files.write(path, bytes(withPendingLog()));
        assertThat(Qemu.img("check", "-f", "vhdx", "-r", "all", path.toString()))
                .contains("No errors were found");
        try (DiskImage image = ImageFormats.open(path, "vhdx", true, AllowedFolders.own())) {
            for (int block = 0; block < 7; block++) {
                assertThat(holds(image, block)).isTrue();
            }
        }
        Qemu.io(path, "vhdx", List.of("read -v 0 512"));
    }

    @Test
    void theLogOfQemuIsReplayedHere() throws Exception {
        Path path = folder.resolve("killed.vhdx");
        Qemu.img("create", "-q", "-f", "vhdx", "-o", "block_size=1M", path.toString(), "64M");
        Qemu.Outcome killed = Qemu.run(List.of(
                "qemu-io",
                "-f",
                "vhdx",
                "-c",
                "write -P 7 0 3M",
                "-c",
                "write -P 9 40M 1M",
                "-c",
                "flush",
                "-c",
                "abort",
                path.toString()));
        assertThat(killed.status()).isNotZero();
        for (boolean readOnly : new boolean[] {true, false}) {
            try (DiskImage image = ImageFormats.open(path, "vhdx", readOnly, AllowedFolders.own())) {
                ByteBuffer back = ByteBuffer.allocate(512);
                image.read(back, (3 << 20) - 512);
                assertThat(back.get(0)).isEqualTo((byte) 7);
                image.read(back.clear(), 40 << 20);
                assertThat(back.get(511)).isEqualTo((byte) 9);
            }
        }
        Qemu.check(path, "vhdx");
    }

    @Test
    void aFileShorterThanItsLogSaysIsRefused() throws Exception {
        MemoryByteStore store = withPendingLog();
        store.truncate(store.size() - (1 << 20));
        assertThatThrownBy(() -> format.open(PATH, store, true, files))
                .isInstanceOf(TerrariumException.class)
                .hasMessageContaining("shorter than its log says");
    }

    @Test
    void aDamagedHeaderLeavesTheOther() throws Exception {
        MemoryByteStore store = create();
        for (int block = 0; block < 5; block++) {
            try (DiskImage image = format.open(PATH, store, false, files)) {
                image.write(content(block), (long) block * BLOCK);
            }
            MemoryByteStore torn = store.copy();
            int newest = VhdxHeader.read(PATH, torn).slot();
            torn.write(ByteBuffer.wrap(new byte[512]), newest == 0 ? 64 << 10 : 128 << 10);
            try (DiskImage image = format.open(PATH, torn, false, files)) {
                assertThat(holds(image, block)).isTrue();
            }
        }
    }

    @Test
    void everyWritersSessionHasNewIdentifiers() throws Exception {
        MemoryByteStore store = create();
        VhdxHeader before = VhdxHeader.read(PATH, store);
        format.open(PATH, store, false, files).close();
        assertThat(VhdxHeader.read(PATH, store)).isEqualTo(before);
        try (DiskImage image = format.open(PATH, store, false, files)) {
            image.write(content(1), 0);
        }
        VhdxHeader after = VhdxHeader.read(PATH, store);
        assertThat(after.dataWriteGuid()).isNotEqualTo(before.dataWriteGuid());
        assertThat(after.fileWriteGuid()).isNotEqualTo(before.fileWriteGuid());
    }

    /** Entries that all claim the whole log: a reader that believed them would go through it once for each. */
    @Test
    void aLogOfEntriesWithinOneAnotherIsRefused() throws Exception {
        MemoryByteStore store = new MemoryByteStore();
        format.create(PATH, store, BLOCK, Map.of("log_size", "64M"), files);
        VhdxHeader header = VhdxHeader.read(PATH, store);
        java.util.UUID guid = java.util.UUID.randomUUID();
        header.update(store, guid, guid, guid);
        ByteBuffer entry = ByteBuffer.allocate(64).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        entry.putInt(0, VhdxLogEntry.SIGNATURE).putInt(8, 64 << 20);
        Vhdx.putGuid(entry, 32, guid);
        for (int at = 0; at < 64 << 20; at += 4096) {
            store.write(entry.clear(), header.logOffset() + at);
        }
        assertThatThrownBy(() -> format.open(PATH, store, true, files))
                .isInstanceOf(TerrariumException.class)
                .hasMessageContaining("entries within one another");
    }

    @Test
    void whatIsNotKnownIsRefusedByName() throws Exception {
        MemoryByteStore store = create();
        MemoryByteStore region = store.copy();
        region.write(ByteBuffer.wrap(new byte[] {3}), (192 << 10) + 8);
        byte[] table = new byte[65536];
        region.read(ByteBuffer.wrap(table), 192 << 10);
        ByteBuffer bytes = ByteBuffer.wrap(table).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        Vhdx.putGuid(bytes, 80, java.util.UUID.fromString("00112233-4455-6677-8899-aabbccddeeff"));
        bytes.putLong(96, 3 << 20).putInt(104, 1 << 20).putInt(108, 1);
        bytes.putLong(16 + 16, 400L << 20);
        region.truncate(500L << 20);
        bytes.putInt(4, Vhdx.checksum(bytes, 4));
        region.write(ByteBuffer.wrap(table), 192 << 10);
        assertThatThrownBy(() -> format.open(PATH, region, true, files))
                .hasMessageContaining("unknown VHDX region 00112233-4455-6677-8899-aabbccddeeff");
        MemoryByteStore child = store.copy();
        child.write(ByteBuffer.wrap(new byte[] {2}), (2 << 20) + 65536 + 4);
        assertThatThrownBy(() -> format.open(PATH, child, true, files))
                .hasMessageContaining("differencing VHDX image: merge");
    }
}
