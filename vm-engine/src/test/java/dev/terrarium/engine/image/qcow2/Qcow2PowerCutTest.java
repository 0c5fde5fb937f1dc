// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.AllowedFolders;
import dev.terrarium.engine.image.ByteStore;
import dev.terrarium.engine.image.CheckReport;
import dev.terrarium.engine.image.CompressedWriter;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.FolderFiles;
import dev.terrarium.engine.image.ImageFiles;
import dev.terrarium.engine.image.MemoryByteStore;
import dev.terrarium.engine.image.PowerCutRun;
import dev.terrarium.engine.image.SnapshotImage;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * After a power cut the image opens, what was flushed is there, and at worst clusters leak. {@code -Ddisk.cuts=100000} for
 * more cuts, {@code -Ddisk.seed=} for the same ones again.
 */
class Qcow2PowerCutTest {
    private static final Qcow2Format FORMAT = new Qcow2Format();
    private static final Path PATH = Path.of("/nowhere/disk.qcow2");
    private static final ImageFiles FILES = FolderFiles.forNew(PATH, AllowedFolders.own());
    private static final int CUTS_A_RUN = 60;

    private final Map<String, byte[]> kept = new HashMap<>();

    private final class Subject implements PowerCutRun.Subject {
        private final boolean snapshots;
        private final boolean version2;
        private int names;

        Subject(boolean snapshots, boolean version2) {
            this.snapshots = snapshots;
            this.version2 = version2;
        }

        @Override
        public DiskImage open(ByteStore store) throws Exception {
            return Qcow2Format.open(PATH, store, false, FILES, 4096);
        }

        @Override
        public void judge(MemoryByteStore left, boolean opened) throws Exception {
            Header header = Header.read(PATH, left);
            boolean dirty = (header.incompatible & Features.DIRTY) != 0;
            CheckReport report = FORMAT.examine(PATH, left, CheckReport.Repair.NONE, FILES);
            if (!dirty && !(snapshots && version2)) {
                assertThat(report.corruptions()).as("%s", report.messages()).isZero();
            }
            if (opened) {
                assertThat(dirty).isFalse();
                report = FORMAT.examine(PATH, left, CheckReport.Repair.ALL, FILES);
                assertThat(report.isSound()).as("%s", report.messages()).isTrue();
            }
        }

        @Override
        public void special(DiskImage disk, PowerCutRun run) throws Exception {
            Random random = run.random();
            if (disk instanceof CompressedWriter writer && random.nextBoolean()) {
                byte[] unit = new byte[writer.compressedUnit()];
                java.util.Arrays.fill(unit, (byte) random.nextInt());
                int at = random.nextInt(run.content().length / unit.length) * unit.length;
                byte[] content = run.content().clone();
                System.arraycopy(unit, 0, content, at, unit.length);
                run.replaced(content);
                writer.writeCompressed(unit, at);
            } else if (snapshots && disk instanceof SnapshotImage image) {
                snapshot(image, run);
            }
        }

        private void snapshot(SnapshotImage image, PowerCutRun run) throws Exception {
            int count = image.snapshots().size();
            if (count == 0 || count < 4 && run.random().nextBoolean()) {
                String name = "s" + names++;
                kept.put(name, run.content().clone());
                image.createSnapshot(name, 0, 0);
                run.flushed();
                return;
            }
            String name = image.snapshots().get(run.random().nextInt(count)).name();
            if (run.random().nextBoolean()) {
                run.replaced(kept.get(name));
                image.applySnapshot(name);
            } else {
                image.deleteSnapshot(name);
            }
            run.flushed();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "cluster_size=512",
                "cluster_size=512,refcount_bits=1",
                "cluster_size=512,refcount_bits=64",
                "cluster_size=512,compat=0.10",
                "cluster_size=1k,lazy_refcounts=on",
                "cluster_size=4k,compression_type=zstd",
                "cluster_size=16k,extended_l2=on",
            })
    void whatWasFlushedStays(String options) throws Exception {
        cut(options, new Subject(false, options.contains("compat")), 600);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "cluster_size=512",
                "cluster_size=512,compat=0.10",
                "cluster_size=1k,lazy_refcounts=on",
                "cluster_size=16k,extended_l2=on",
            })
    void snapshotsAreWholeOrNotThere(String options) throws Exception {
        cut(options, new Subject(true, options.contains("compat")), 420);
    }

    private void cut(String options, Subject subject, int usual) throws Exception {
        long seed = Long.getLong("disk.seed", System.nanoTime());
        int wanted = Integer.getInteger("disk.cuts", usual);
        Random seeds = new Random(seed);
        int done = 0;
        while (done < wanted) {
            long each = seeds.nextLong();
            try {
                PowerCutRun run = new PowerCutRun(subject, image(options), new byte[300 * 512], new Random(each));
                run.work(150);
                done += run.cut(CUTS_A_RUN);
            } catch (AssertionError | Exception e) {
                throw new AssertionError("disk.seed=" + seed + ", run " + each + ": " + e.getMessage(), e);
            }
        }
        System.out.println(options + ": " + done + " cuts, disk.seed=" + seed);
    }

    private static MemoryByteStore image(String options) throws Exception {
        MemoryByteStore store = new MemoryByteStore();
        FORMAT.create(PATH, store, 300 * 512, map(options), FILES);
        return store;
    }

    private static Map<String, String> map(String options) throws TerrariumException {
        Map<String, String> map = new HashMap<>();
        for (String each : options.split(",")) {
            String[] pair = each.split("=");
            map.put(pair[0], pair[1]);
        }
        return map;
    }
}
