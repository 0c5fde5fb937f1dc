// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.engine.image.AllowedFolders;
import dev.terrarium.engine.image.DiskModel;
import dev.terrarium.engine.image.FileByteStore;
import dev.terrarium.engine.image.FolderFiles;
import dev.terrarium.engine.image.ImageFiles;
import dev.terrarium.engine.image.ImageSnapshot;
import dev.terrarium.engine.image.Qemu;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Internal snapshots, ours and qemu-img's, read and changed by each other. */
class Qcow2SnapshotsTest {
    @TempDir
    Path folder;

    private Path image;
    private ImageFiles files;
    private final Random random = new Random(7);

    @BeforeEach
    void names() {
        image = folder.resolve("disk.qcow2");
        files = FolderFiles.forNew(image, AllowedFolders.own());
    }

    private Qcow2Disk open() throws Exception {
        return Qcow2Format.open(image, FileByteStore.open(image, false), false, files, 4096);
    }

    private void judge(byte[] content, String snapshot) throws Exception {
        Qemu.check(image, "qcow2");
        Path raw = Files.write(folder.resolve("raw"), content);
        Path copy = folder.resolve("copy");
        if (snapshot.isEmpty()) {
            Qemu.compare(image, "qcow2", raw, "raw");
        } else {
            Qemu.img("convert", "-f", "qcow2", "-O", "raw", "-l", snapshot, image.toString(), copy.toString());
            assertThat(Files.mismatch(copy, raw)).isEqualTo(-1);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "cluster_size=512",
                "compat=0.10,cluster_size=4k",
                "cluster_size=64k,refcount_bits=4",
                "extended_l2=on,cluster_size=16k",
                "lazy_refcounts=on,cluster_size=2k,compression_type=zstd"
            })
    void manySnapshotsOfADiskAtWork(String options) throws Exception {
        Qemu.img("create", "-f", "qcow2", "-o", options, image.toString(), "2000384");
        DiskModel model = new DiskModel(new byte[2_000_384], random);
        Map<String, byte[]> kept = new HashMap<>();
        int names = 0;
        for (int round = 0; round < 5; round++) {
            String byQemu = "q" + round;
            try (Qcow2Disk disk = open()) {
                for (int turn = 0; turn < 3; turn++) {
                    for (int i = 0; i < 30; i++) {
                        model.step(disk, 500);
                    }
                    List<ImageSnapshot> there = disk.snapshots();
                    if (there.size() < 4) {
                        String name = "s" + names++;
                        disk.createSnapshot(name, 0, 0);
                        kept.put(name, model.bytes().clone());
                    } else if (turn == 1) {
                        String name = there.get(random.nextInt(there.size())).name();
                        disk.applySnapshot(name);
                        model = new DiskModel(kept.get(name).clone(), random);
                    } else {
                        String name = there.get(random.nextInt(there.size())).name();
                        disk.deleteSnapshot(name);
                        kept.remove(name);
                    }
                    model.compareAll(disk);
                }
                assertThat(disk.snapshots()).extracting(ImageSnapshot::name).containsAll(kept.keySet());
            }
            judge(model.bytes(), "");
            for (Map.Entry<String, byte[]> each : kept.entrySet()) {
                judge(each.getValue(), each.getKey());
            }
            Qemu.img("snapshot", "-c", byQemu, image.toString());
            kept.put(byQemu, model.bytes().clone());
            if (round % 2 == 1) {
                String name = kept.keySet().iterator().next();
                Qemu.img("snapshot", "-a", name, image.toString());
                model = new DiskModel(kept.get(name).clone(), random);
                Qemu.img("snapshot", "-d", name, image.toString());
                kept.remove(name);
            }
            judge(model.bytes(), "");
        }
    }

    @Test
    void theMachinesStateIsKept() throws Exception {
        Qemu.img("create", "-f", "qcow2", "-o", "cluster_size=4k", image.toString(), "1M");
        byte[] state = new byte[3_000_001];
        random.nextBytes(state);
        try (Qcow2Disk disk = open()) {
            disk.write(ByteBuffer.wrap(new byte[] {5}), 1000);
            disk.writeVmState(ByteBuffer.wrap(state, 0, 1_000_000), 0);
            disk.writeVmState(ByteBuffer.wrap(state, 1_000_000, 2_000_001), 1_000_000);
            ImageSnapshot made = disk.createSnapshot("running", state.length, 5_000_000_000L);
            assertThat(made.vmStateSize()).isEqualTo(state.length);
            disk.write(ByteBuffer.wrap(new byte[] {6}), 1000);
            disk.createSnapshot("later", 0, 0);
        }
        Qemu.check(image, "qcow2");
        assertThat(Qemu.img("snapshot", "-l", image.toString())).contains("running", "2.86 MiB", "00:00:05.000");
        try (Qcow2Disk disk = open()) {
            disk.resize(3 << 20);
            disk.applySnapshot("running");
            assertThat(disk.size()).isEqualTo(1 << 20);
            assertThat(DiskModel.read(disk, 1000, 1)).containsExactly(5);
            ByteBuffer back = ByteBuffer.allocate(state.length + 10);
            disk.readVmState("running", back, 0);
            assertThat(java.util.Arrays.copyOf(back.array(), state.length)).isEqualTo(state);
            disk.deleteSnapshot("running");
        }
        Qemu.check(image, "qcow2");
        assertThat(Qemu.json("info", "--output=json", image.toString()).get("snapshots"))
                .hasSize(1);
    }

    @Test
    void whatCannotBeIsRefused() throws Exception {
        Qemu.img("create", "-f", "qcow2", "-o", "refcount_bits=1", image.toString(), "1M");
        try (Qcow2Disk disk = open()) {
            assertThatThrownBy(() -> disk.createSnapshot("x", 0, 0)).hasMessageContaining("refcounts of one bit");
            assertThatThrownBy(() -> disk.applySnapshot("x")).hasMessageContaining("has no snapshot \"x\"");
        }
        Qemu.check(image, "qcow2");
    }

    /** L1 and L2 entries get COPIED back when the last snapshot that shared them goes. */
    @Test
    void afterTheLastSnapshotEverythingIsWrittenInPlaceAgain() throws Exception {
        Qemu.img("create", "-f", "qcow2", "-o", "cluster_size=4k", image.toString(), "1M");
        try (Qcow2Disk disk = open()) {
            disk.write(ByteBuffer.allocate(1 << 20), 0);
            disk.createSnapshot("s", 0, 0);
            disk.write(ByteBuffer.allocate(4096), 0);
            disk.deleteSnapshot("s");
            long before = disk.extentAt(8192, 4096).offset().getAsLong();
            disk.write(ByteBuffer.allocate(4096), 8192);
            assertThat(disk.extentAt(8192, 4096).offset()).hasValue(before);
        }
        Qemu.check(image, "qcow2");
    }

    /** A file that is snapshotted, overwritten and cleaned for ever does not grow for ever. */
    @Test
    void churnDoesNotGrowTheFile() throws Exception {
        Qemu.img("create", "-f", "qcow2", "-o", "cluster_size=4k", image.toString(), "1M");
        long size = 0;
        for (int round = 0; round < 20; round++) {
            try (Qcow2Disk disk = open()) {
                for (int i = 0; i < 10; i++) {
                    disk.createSnapshot("s", 0, 0);
                    disk.write(ByteBuffer.allocate(1 << 20), 0);
                    disk.deleteSnapshot("s");
                    disk.discard(0, 1 << 19);
                    disk.flush();
                }
            }
            if (round == 2) {
                size = Files.size(image);
            }
        }
        assertThat(Files.size(image)).isLessThanOrEqualTo(size);
        Qemu.check(image, "qcow2");
    }
}
