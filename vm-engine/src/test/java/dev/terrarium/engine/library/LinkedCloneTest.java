// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.engine.CloneRequest;
import dev.terrarium.engine.Host;
import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.Progress;
import dev.terrarium.engine.Snapshot;
import dev.terrarium.engine.StartOptions;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import dev.terrarium.engine.image.AllowedFolders;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.ImageFormats;
import dev.terrarium.engine.image.Qemu;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Clones of snapshots, of machines that run, and clones that go on standing on the original's images. */
class LinkedCloneTest {
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

    private static CloneRequest request(String name, CloneRequest.Kind kind, Optional<String> snapshot) {
        return new CloneRequest(name, kind, snapshot);
    }

    private static CloneRequest linked(String name) {
        return request(name, CloneRequest.Kind.LINKED, Optional.empty());
    }

    private static Snapshot snapshot(VirtualMachine machine, String name, Snapshot.Storage storage) throws Exception {
        return machine.snapshots().create(new Snapshot.Request(name, "", false, storage), Progress.NONE);
    }

    private DiskImage disk(VirtualMachine machine, boolean readOnly) throws Exception {
        DriveConfig drive = machine.config().disks().getFirst();
        return ImageFormats.open(
                Path.of(String.valueOf(drive.path())),
                drive.format().imageFormat(),
                readOnly,
                AllowedFolders.own().and(home).and(elsewhere));
    }

    private void write(VirtualMachine machine, int at, int value) throws Exception {
        byte[] bytes = new byte[70_000];
        java.util.Arrays.fill(bytes, (byte) value);
        try (DiskImage disk = disk(machine, false)) {
            disk.write(ByteBuffer.wrap(bytes), (long) at << 20);
        }
    }

    private void requireContent(VirtualMachine machine, int... values) throws Exception {
        try (DiskImage disk = disk(machine, true)) {
            for (int i = 0; i < values.length; i++) {
                ByteBuffer bytes = ByteBuffer.allocate(70_000);
                disk.read(bytes, (long) i << 20);
                for (byte each : bytes.array()) {
                    assertThat(each).as("%s at %d MiB", machine.name(), i).isEqualTo((byte) values[i]);
                }
            }
        }
    }

    private static void check(VirtualMachine machine) throws Exception {
        DriveConfig drive = machine.config().disks().getFirst();
        if (drive.format() == DriveConfig.Format.QCOW2) {
            Qemu.check(Path.of(String.valueOf(drive.path())), "qcow2");
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = DriveConfig.Format.class,
            names = {"RAW", "QCOW2"})
    void aLinkedCloneAndItsOriginalGoTheirOwnWays(DriveConfig.Format format) throws Exception {
        Path image = elsewhere.resolve("a's disk");
        CloneTest.fill(image, format.imageFormat(), 12 << 20, 1);
        DriveConfig drive = TestConfigs.disk(image).withImage(image.toString(), format);
        VirtualMachine a = host.create(TestConfigs.named("a", drive), java.util.List.of());
        write(a, 0, 1);
        write(a, 1, 1);

        assertThat(host.clonePlan(a, linked("b")).bytes()).isLessThan(1 << 20);
        VirtualMachine b = host.clone(a, linked("b"), Progress.NONE);
        DriveConfig made = b.config().disks().getFirst();
        assertThat(made.path())
                .isEqualTo(home.resolve("machines/b/disks/b's disk.qcow2").toString());
        assertThat(made.standsOn()).containsExactly(image.toString());
        assertThat(a.config().disks().getFirst().path()).isNotEqualTo(image.toString());
        requireContent(b, 1, 1);

        write(a, 1, 2);
        write(b, 0, 3);
        requireContent(a, 1, 2);
        requireContent(b, 3, 1);
        VirtualMachine c = host.clone(b, linked("c"), Progress.NONE);
        write(b, 1, 4);
        requireContent(c, 3, 1);
        requireContent(b, 3, 4);
        for (VirtualMachine each : new VirtualMachine[] {a, b, c}) {
            check(each);
        }
        for (VirtualMachine each : new VirtualMachine[] {a, b, c}) {
            each.start(StartOptions.DEFAULT);
        }
        for (VirtualMachine each : new VirtualMachine[] {a, b, c}) {
            each.forceOff();
        }
        requireContent(c, 3, 1);
    }

    @Test
    void whatAClonesStandsOnStaysUntilItIsDeleted() throws Exception {
        VirtualMachine a = host.create(TestConfigs.named("a"), java.util.List.of(new Host.NewDisk(1)));
        Path base = Path.of(String.valueOf(a.config().disks().getFirst().path()));
        write(a, 0, 1);
        Snapshot first = snapshot(a, "first", Snapshot.Storage.OVERLAY);
        write(a, 0, 2);
        VirtualMachine b = host.clone(a, request("b", CloneRequest.Kind.LINKED, Optional.of("first")), Progress.NONE);
        requireContent(b, 1);
        assertThat(a.snapshots().tree().snapshots()).hasSize(1);

        assertThat(a.snapshots().removal("first").kept().orElseThrow()).contains("stays while \"b\" stands on it");
        a.snapshots().delete(first.id().toString(), Progress.NONE);
        assertThat(base).exists();
        requireContent(b, 1);
        requireContent(a, 2);
        assertThatThrownBy(() -> host.delete(a, true)).hasMessageContaining("linked clone");

        host.delete(b, true);
        snapshot(a, "second", Snapshot.Storage.OVERLAY);
        a.snapshots().delete("second", Progress.NONE);
        assertThat(base).as("nobody needs it any more").doesNotExist();
        requireContent(a, 2);
        check(a);
        host.delete(a, true);
    }

    @Test
    void aSnapshotIsClonedWhole() throws Exception {
        VirtualMachine a = host.create(
                TestConfigs.named("a"),
                java.util.List.of(new Host.NewDisk(1, DriveConfig.Format.QCOW2, DriveConfig.Bus.IDE)));
        write(a, 0, 1);
        Snapshot inside = snapshot(a, "inside", Snapshot.Storage.INTERNAL);
        write(a, 0, 2);
        assertThatThrownBy(() ->
                        host.clone(a, request("b", CloneRequest.Kind.LINKED, Optional.of("inside")), Progress.NONE))
                .isInstanceOf(TerrariumException.class)
                .hasMessageContaining("snapshot inside an image");
        VirtualMachine b = host.clone(
                a, request("b", CloneRequest.Kind.FULL, Optional.of(inside.id().toString())), Progress.NONE);
        requireContent(b, 1);
        requireContent(a, 2);
        assertThat(b.config().disks().getFirst().standsOn()).isEmpty();
        assertThat(b.snapshots().tree().snapshots()).isEmpty();
        a.snapshots().delete("inside", Progress.NONE);
        Snapshot above = snapshot(a, "above", Snapshot.Storage.OVERLAY);
        write(a, 0, 3);
        VirtualMachine c =
                host.clone(a, request("c", CloneRequest.Kind.FULL, Optional.of(above.name())), Progress.NONE);
        requireContent(c, 2);
        host.delete(a, true);
        requireContent(c, 2);
        check(c);
        assertThatThrownBy(
                        () -> host.clone(c, request("d", CloneRequest.Kind.FULL, Optional.of("none")), Progress.NONE))
                .hasMessageContaining("has no snapshot \"none\"");
    }

    @ParameterizedTest
    @EnumSource(CloneRequest.Kind.class)
    void aMachineThatRunsIsCloned(CloneRequest.Kind kind) throws Exception {
        VirtualMachine a = host.create(
                TestConfigs.named("a"),
                java.util.List.of(new Host.NewDisk(1, DriveConfig.Format.QCOW2, DriveConfig.Bus.IDE)));
        write(a, 0, 1);
        a.start(StartOptions.DEFAULT);
        assertThat(host.clonePlan(a, request("b", kind, Optional.empty())).disks())
                .hasSize(1);
        VirtualMachine b = host.clone(a, request("b", kind, Optional.empty()), Progress.NONE);
        assertThat(a.state()).isEqualTo(MachineState.RUNNING);
        requireContent(b, 1);
        assertThat(a.snapshots().tree().snapshots()).hasSize(kind == CloneRequest.Kind.FULL ? 0 : 1);
        b.start(StartOptions.DEFAULT);
        b.forceOff();
        a.forceOff();
        write(a, 0, 2);
        requireContent(b, 1);
        requireContent(a, 2);
        check(a);
        check(b);
    }

    @Test
    void filesAreNamedAfterTheImageBelowAndTheNewMachine() throws Exception {
        VirtualMachine a = host.create(TestConfigs.named("a"), java.util.List.of(new Host.NewDisk(1)));
        snapshot(a, "one", Snapshot.Storage.OVERLAY);
        snapshot(a, "two", Snapshot.Storage.OVERLAY);
        for (CloneRequest.Kind kind : CloneRequest.Kind.values()) {
            VirtualMachine copy = host.clone(a, request("b" + kind, kind, Optional.empty()), Progress.NONE);
            assertThat(copy.config().disks().getFirst().path())
                    .isEqualTo(copy.folder().resolve("disks/disk1.qcow2").toString());
        }
        Path image = elsewhere.resolve("web-data webcam.img");
        CloneTest.fill(image, "raw", 1 << 20, 1);
        VirtualMachine web = host.create(TestConfigs.named("web", TestConfigs.disk(image)), java.util.List.of());
        VirtualMachine copy = host.clone(web, request("mail", CloneRequest.Kind.FULL, Optional.empty()), Progress.NONE);
        assertThat(copy.config().disks().getFirst().path()).endsWith("/mail-data webcam.img");
    }

    @Test
    void aCancelledCloneLeavesTheOriginalAsItWas() throws Exception {
        VirtualMachine a = host.create(TestConfigs.named("a"), java.util.List.of(new Host.NewDisk(1)));
        write(a, 0, 1);
        assertThatThrownBy(() -> host.clone(a, linked("b"), (done, total) -> false))
                .hasMessageContaining("cancelled");
        assertThat(host.find("b")).isEmpty();
        assertThat(a.snapshots().tree().snapshots()).isEmpty();
        requireContent(a, 1);
        check(a);
    }
}
