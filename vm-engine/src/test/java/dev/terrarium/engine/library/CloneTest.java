// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.engine.CloneRequest;
import dev.terrarium.engine.Host;
import dev.terrarium.engine.Progress;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.engine.config.DriveIo;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import dev.terrarium.engine.config.Throttle;
import dev.terrarium.engine.guest.ChildProcess;
import dev.terrarium.engine.image.AllowedFolders;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.ImageFormats;
import dev.terrarium.engine.image.Qemu;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CloneTest {
    static final int SIZE = 24 << 20;

    @TempDir
    Path home;

    @TempDir
    Path elsewhere;

    private Host host;

    @BeforeEach
    void open() throws Exception {
        host = LocalHost.open(home);
    }

    @AfterEach
    void close() {
        host.close();
    }

    static CloneRequest full(String name) {
        return new CloneRequest(name, CloneRequest.Kind.FULL, Optional.empty());
    }

    static void fill(Path image, String format, long size, long seed) throws Exception {
        ImageFormats.create(image, format, size, Map.of(), AllowedFolders.own());
        byte[] bytes = new byte[(int) size / 3];
        new Random(seed).nextBytes(bytes);
        try (DiskImage disk = ImageFormats.open(image, format, false, AllowedFolders.own())) {
            disk.write(ByteBuffer.wrap(bytes), size / 2);
        }
    }

    private static byte[] content(String path, DriveConfig.Format format) throws Exception {
        try (DiskImage disk = ImageFormats.open(Path.of(path), format.imageFormat(), true, AllowedFolders.own())) {
            ByteBuffer all = ByteBuffer.allocate((int) disk.size());
            disk.read(all, 0);
            return all.array();
        }
    }

    private List<String> folders() throws Exception {
        try (var list = Files.list(home.resolve("machines"))) {
            return list.map(each -> each.getFileName().toString()).sorted().toList();
        }
    }

    @ParameterizedTest
    @EnumSource(value = DriveConfig.Format.class, mode = EnumSource.Mode.EXCLUDE, names = "AUTO")
    void aCopyHasItsOwnDisks(DriveConfig.Format format) throws Exception {
        Path image = elsewhere.resolve("my old one's disk." + format.imageFormat());
        fill(image, format.imageFormat(), SIZE, 1);
        DriveIo io =
                new DriveIo(DriveIo.Cache.UNSAFE, DriveIo.OnError.REPORT, DriveIo.Discard.IGNORE, false, Throttle.NONE);
        DriveConfig drive =
                TestConfigs.disk(image).withImage(image.toString(), format).withIo(io);
        VirtualMachine original = host.create(TestConfigs.named("my old one", drive), List.of());

        CloneRequest.Plan plan = host.clonePlan(original, full("a new one"));
        Path expected = home.resolve("machines/a new one/disks/a new one's disk." + format.imageFormat());
        assertThat(plan.disks()).hasSize(1);
        assertThat(plan.disks().getFirst().source()).isEqualTo(image);
        assertThat(plan.disks().getFirst().target()).isEqualTo(expected);
        assertThat(plan.bytes()).isBetween(SIZE / 3L, SIZE + (2L << 20));
        assertThat(folders()).containsExactly("my old one");

        List<Long> seen = new ArrayList<>();
        VirtualMachine copy = host.clone(original, full("a new one"), (done, total) -> {
            seen.add(done);
            assertThat(total).isBetween((long) SIZE, SIZE + 65_536L);
            return done <= total;
        });
        assertThat(seen).last().asInstanceOf(InstanceOfAssertFactories.LONG).isBetween((long) SIZE, SIZE + 65_536L);
        assertThat(copy.config().id()).isNotEqualTo(original.config().id());
        DriveConfig made = copy.config().disks().getFirst();
        assertThat(made).isEqualTo(drive.withImage(expected.toString(), format));
        assertThat(content(String.valueOf(made.path()), format)).isEqualTo(content(image.toString(), format));
        if (format == DriveConfig.Format.QCOW2) {
            Qemu.check(expected, "qcow2");
        }
        assertThat(host.find("a new one")).contains(copy);
        try (Host other = LocalHost.open(home)) {
            assertThat(other.find("a new one").orElseThrow().config()).isEqualTo(copy.config());
        }
        host.delete(original, true);
        assertThat(content(String.valueOf(made.path()), format)).hasSizeGreaterThanOrEqualTo(SIZE);
    }

    @Test
    void whatIsOnlyReadIsShared() throws Exception {
        Path base = elsewhere.resolve("base.img");
        fill(base, "raw", 1 << 20, 1);
        Path overlay = elsewhere.resolve("disk.qcow2");
        ImageFormats.create(
                overlay,
                "qcow2",
                1 << 20,
                Map.of("backing_file", "base.img", "backing_fmt", "raw"),
                AllowedFolders.own());
        DriveConfig read = new DriveConfig(
                DriveConfig.Kind.DISK, base.toString(), DriveConfig.Format.RAW, DriveConfig.Bus.IDE, true);
        DriveConfig empty =
                new DriveConfig(DriveConfig.Kind.CDROM, null, DriveConfig.Format.RAW, DriveConfig.Bus.IDE, true);
        DriveConfig written = TestConfigs.disk(overlay).withImage(overlay.toString(), DriveConfig.Format.QCOW2);
        VirtualMachine original = host.create(TestConfigs.named("a", read, empty, written), List.of());
        VirtualMachine copy = host.clone(original, full("b"), Progress.NONE);
        assertThat(copy.config().disks().get(0)).isEqualTo(read);
        assertThat(copy.config().disks().get(1)).isEqualTo(empty);
        String path = String.valueOf(copy.config().disks().get(2).path());
        assertThat(Qemu.img("info", path)).doesNotContain("backing");
        assertThat(content(path, DriveConfig.Format.QCOW2)).isEqualTo(content(base.toString(), DriveConfig.Format.RAW));
    }

    @Test
    void disksOfOneNameGetDifferentOnes() throws Exception {
        List<DriveConfig> drives = new ArrayList<>();
        for (String folder : List.of("x", "y")) {
            Path image = Files.createDirectory(elsewhere.resolve(folder)).resolve("disk.img");
            fill(image, "raw", 1 << 20, folder.hashCode());
            drives.add(TestConfigs.disk(image));
        }
        VirtualMachine original = host.create(TestConfigs.named("a", drives.toArray(new DriveConfig[0])), List.of());
        VirtualMachine copy = host.clone(original, full("b"), Progress.NONE);
        for (int i = 0; i < 2; i++) {
            assertThat(content(String.valueOf(copy.config().disks().get(i).path()), DriveConfig.Format.RAW))
                    .isEqualTo(content(String.valueOf(drives.get(i).path()), DriveConfig.Format.RAW));
        }
    }

    @Test
    void aCancelledCopyLeavesNothing() throws Exception {
        VirtualMachine original = host.create(TestConfigs.named("a"), List.of(new Host.NewDisk(1)));
        assertThatThrownBy(() -> host.clone(original, full("b"), (done, total) -> done < total / 2))
                .isInstanceOf(TerrariumException.class)
                .hasMessageContaining("cancelled");
        assertThat(folders()).containsExactly("a");
        host.clone(original, full("b"), Progress.NONE);
        assertThat(folders()).containsExactly("a", "b");
    }

    @Test
    void whatCannotBeCopiedIsSaidInOneLine() throws Exception {
        VirtualMachine original = host.create(TestConfigs.named("a"), List.of(new Host.NewDisk(1)));
        assertThatThrownBy(() -> host.clone(original, full("a"), Progress.NONE)).hasMessageContaining("exists");
        assertThatThrownBy(() -> host.clone(original, full("a/b"), Progress.NONE))
                .hasMessageContaining("cannot be a folder name");
        try (MachineFolder.RunLock lock =
                new MachineFolder(original.folder()).tryLock().orElseThrow()) {
            assertThat(lock.file()).exists();
            assertThatThrownBy(() -> host.clone(original, full("b"), Progress.NONE))
                    .hasMessageContaining("in use");
        }
        assertThat(folders()).containsExactly("a");
    }

    @Test
    void aCopyThatIsBeingMadeIsLeftAlone() throws Exception {
        VirtualMachine original = host.create(TestConfigs.named("a"), List.of(new Host.NewDisk(1)));
        host.clone(original, full("b"), (done, total) -> {
            try (Host other = LocalHost.open(home)) {
                assertThat(other.machines()).hasSize(1);
                assertThatThrownBy(() -> other.find("a").orElseThrow().start(dev.terrarium.engine.StartOptions.DEFAULT))
                        .hasMessageContaining("run or copied");
            } catch (TerrariumException e) {
                throw new AssertionError(e);
            }
            return true;
        });
        assertThat(folders()).containsExactly("a", "b");
    }

    @Test
    void whatAnotherMachineStandsOnIsNotDeleted() throws Exception {
        VirtualMachine original = host.create(TestConfigs.named("a"), List.of(new Host.NewDisk(1)));
        Path base = original.folder().resolve("disks/disk1.img");
        Path overlay = elsewhere.resolve("overlay.qcow2");
        ImageFormats.create(
                overlay,
                "qcow2",
                1 << 30,
                Map.of("backing_file", base.toString(), "backing_fmt", "raw"),
                AllowedFolders.own().and(base));
        DriveConfig drive =
                TestConfigs.disk(base).withOverlay(overlay.toString(), DriveConfig.Format.QCOW2, base.toString());
        VirtualMachine linked = host.create(TestConfigs.named("b", drive), List.of());
        try (Host other = LocalHost.open(home)) {
            assertThatThrownBy(() -> other.delete(other.find("a").orElseThrow(), true))
                    .isInstanceOf(TerrariumException.class)
                    .hasMessageContaining("\"b\" is a linked clone that stands on " + base);
        }
        assertThat(base).exists();
        VirtualMachine whole = host.clone(linked, full("c"), Progress.NONE);
        assertThat(whole.config().disks().getFirst().standsOn()).isEmpty();
        host.delete(linked, true);
        host.delete(original, true);
        assertThat(base).doesNotExist();
    }

    /** Run in a process of its own, which is killed: clones until then. */
    public static void main(String[] arguments) throws Exception {
        try (Host host = LocalHost.open(Path.of(arguments[0]))) {
            VirtualMachine original = host.find("a").orElseThrow();
            for (int i = 0; ; i++) {
                String name = "copy " + i;
                System.out.println(name);
                host.clone(original, full(name), Progress.NONE);
            }
        }
    }

    @Test
    void aKilledProcessLeavesWholeCopiesOnly() throws Exception {
        long seed = Long.getLong("clone.seed", System.nanoTime());
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        Path image = elsewhere.resolve("disk.qcow2");
        fill(image, "qcow2", SIZE, 1);
        DriveConfig drive = TestConfigs.disk(image).withImage(image.toString(), DriveConfig.Format.QCOW2);
        host.create(TestConfigs.named("a", drive), List.of());
        byte[] wanted = content(image.toString(), DriveConfig.Format.QCOW2);
        int kills = Integer.getInteger("clone.kills", 4);
        int leftovers = 0;
        int whole = 0;
        for (int i = 0; i < kills; i++) {
            Process process = ChildProcess.builder(CloneTest.class, home.toString())
                    .redirectError(home.resolve("errors").toFile())
                    .start();
            // The first copy is made by a process that is still loading its classes.
            assertThat(process.inputReader().lines().anyMatch("copy 1"::equals)).isTrue();
            java.util.concurrent.locks.LockSupport.parkNanos(random.nextLong(400_000_000));
            process.destroyForcibly().waitFor();
            assertThat(home.resolve("errors")).content().doesNotContain("Exception in thread");
            if (folders().stream().anyMatch(each -> each.startsWith("."))) {
                leftovers++;
            }
            try (Host next = LocalHost.open(home)) {
                assertThat(folders()).noneMatch(each -> each.startsWith("."));
                assertThat(next.damaged()).isEmpty();
                for (VirtualMachine each : next.machines()) {
                    if (!each.name().equals("a")) {
                        String path =
                                String.valueOf(each.config().disks().getFirst().path());
                        Qemu.check(Path.of(path), "qcow2");
                        assertThat(content(path, DriveConfig.Format.QCOW2)).isEqualTo(wanted);
                        next.delete(each, true);
                        whole++;
                    }
                }
            }
        }
        System.out.println(
                leftovers + " of " + kills + " kills came in the middle of a copy, " + whole + " copies were made");
        assertThat(leftovers + whole).isGreaterThanOrEqualTo(kills);
        assertThat(content(image.toString(), DriveConfig.Format.QCOW2)).isEqualTo(wanted);
    }
}
