// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.engine.Engine;
import dev.terrarium.engine.Host;
import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.Progress;
import dev.terrarium.engine.Snapshot;
import dev.terrarium.engine.Snapshot.Content;
import dev.terrarium.engine.Snapshot.Storage;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.Accelerator;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import dev.terrarium.engine.image.AllowedFolders;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.ImageFormats;
import dev.terrarium.engine.image.Qemu;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Snapshots of a machine in the middle of its work. */
class SnapshotsRunningTest {
    private static final long DISK_BYTES = 4 << 20;
    private static final int ROUNDS = 90;

    @TempDir
    Path home;

    @TempDir
    Path folder;

    private Path kernel;
    private final WorkerGuest guest = new WorkerGuest();

    @BeforeEach
    void assemble() throws Exception {
        WorkerGuest.require();
        kernel = WorkerGuest.kernel(folder);
    }

    private MachineConfig config(DriveConfig.Format format) throws TerrariumException, IOException {
        Path image = folder.resolve("disk." + format.imageFormat());
        ImageFormats.create(image, format.imageFormat(), DISK_BYTES, Map.of(), AllowedFolders.own());
        DriveConfig disk = new DriveConfig(DriveConfig.Kind.DISK, image.toString(), format, DriveConfig.Bus.IDE, false);
        return WorkerGuest.config("worker", kernel, ROUNDS, Accelerator.SOFTWARE, disk);
    }

    private static int soundSectors(VirtualMachine machine) throws TerrariumException, IOException {
        DriveConfig disk = machine.config().disks().getFirst();
        int[] sums = WorkerGuest.sums(ROUNDS);
        try (DiskImage image = ImageFormats.open(
                Path.of(disk.path()), disk.format().imageFormat(), true, AllowedFolders.everywhere())) {
            for (int round = 0; round < ROUNDS; round++) {
                ByteBuffer sector = ByteBuffer.allocate(512).order(ByteOrder.LITTLE_ENDIAN);
                image.read(sector, round * 512L);
                if (sector.getInt(508) != sums[round]) {
                    return round;
                }
            }
        }
        return ROUNDS;
    }

    private void checkImages(VirtualMachine machine) throws Exception {
        for (Path each : List.of(folder, machine.folder().resolve("disks"))) {
            try (Stream<Path> files = Files.list(each)) {
                for (Path file :
                        files.filter(name -> name.toString().endsWith(".qcow2")).toList()) {
                    Qemu.check(file, "qcow2");
                }
            }
        }
    }

    private void awaitGoodEnd(VirtualMachine machine) throws Exception {
        assertThat(machine.awaitEnd()).isEqualTo(WorkerGuest.GOOD_END);
        assertThat(guest.said()).endsWith(WorkerGuest.printed(ROUNDS) + "\n");
        assertThat(soundSectors(machine)).isEqualTo(ROUNDS);
        checkImages(machine);
    }

    private static Snapshot.Request request(String name, boolean memory, Storage storage) {
        return new Snapshot.Request(name, "", memory, storage);
    }

    @ParameterizedTest
    @CsvSource({"OVERLAY, RAW", "OVERLAY, QCOW2", "OVERLAY, VDI", "INTERNAL, QCOW2"})
    void workGoesOnFromEachMoment(Storage storage, DriveConfig.Format format) throws Exception {
        try (Host host = Engine.open(home)) {
            VirtualMachine machine = host.create(config(format), List.of());
            machine.start(guest.options());
            guest.awaitRounds(machine, 10);
            Snapshot one = machine.snapshots().create(request("one", true, storage), Progress.NONE);
            assertThat(one.content()).isEqualTo(Content.RUNNING);
            assertThat(one.memoryBytes()).isPositive();
            assertThat(one.picture()).isPresent();
            guest.awaitRounds(machine, 10);
            Snapshot two = machine.snapshots().create(request("two", true, storage), Progress.NONE);
            assertThat(two.parent()).contains(one.id());
            guest.awaitRounds(machine, 5);
            // It runs, and goes on running where it was.
            machine.snapshots().revert("one", Progress.NONE);
            assertThat(machine.state()).isEqualTo(MachineState.RUNNING);
            int before = guest.rounds();
            awaitGoodEnd(machine);
            assertThat(guest.rounds() - before).as("rounds done again").isBetween(ROUNDS - 20, ROUNDS - 10);
            // It is off: the next start goes on.
            machine.snapshots().revert("two", Progress.NONE);
            assertThat(machine.state()).isEqualTo(MachineState.SAVED);
            assertThat(machine.snapshots().tree().current()).contains(two.id());
            machine.start(guest.options());
            awaitGoodEnd(machine);
            machine.snapshots().delete("one", Progress.NONE);
            assertThat(soundSectors(machine)).isEqualTo(ROUNDS);
            machine.snapshots().revert("two", Progress.NONE);
            machine.start(guest.options());
            awaitGoodEnd(machine);
            machine.snapshots().delete("two", Progress.NONE);
            assertThat(soundSectors(machine)).isEqualTo(ROUNDS);
            checkImages(machine);
        }
    }

    @ParameterizedTest
    @EnumSource
    void theDisksAloneAreThoseOfThatMoment(Storage storage) throws Exception {
        try (Host host = Engine.open(home)) {
            VirtualMachine machine = host.create(config(DriveConfig.Format.QCOW2), List.of());
            machine.start(guest.options());
            guest.awaitRounds(machine, 10);
            Snapshot disks = machine.snapshots().create(request("disks", false, storage), Progress.NONE);
            assertThat(disks.content()).isEqualTo(Content.DISKS);
            int atMost = guest.rounds() + 1;
            awaitGoodEnd(machine);
            machine.snapshots().revert("disks", Progress.NONE);
            assertThat(machine.state()).isEqualTo(MachineState.OFF);
            assertThat(soundSectors(machine)).isBetween(10, atMost);
        }
    }

    /** A second host on the same home is what another process has. */
    @ParameterizedTest
    @EnumSource
    void anotherProcessAsksForThem(Storage storage) throws Exception {
        try (Host host = Engine.open(home);
                Host other = Engine.open(home)) {
            VirtualMachine machine = host.create(config(DriveConfig.Format.QCOW2), List.of());
            machine.start(guest.options());
            guest.awaitRounds(machine, 5);
            VirtualMachine far = other.find("worker").orElseThrow();
            assertThat(far.runsElsewhere()).isTrue();
            long[] last = new long[1];
            Snapshot one = far.snapshots().create(request("one", true, storage), (done, total) -> {
                last[0] = done;
                return true;
            });
            assertThat(one.name()).isEqualTo("one");
            assertThat(last[0]).isPositive();
            far.snapshots().edit("one", "first", "the first one");
            assertThat(far.snapshots().tree().find("first").orElseThrow().description())
                    .isEqualTo("the first one");
            guest.awaitRounds(machine, 3);
            far.snapshots().revert("first", Progress.NONE);
            assertThat(machine.state()).isEqualTo(MachineState.RUNNING);
            assertThatThrownBy(() -> far.snapshots().revert("none", Progress.NONE))
                    .isInstanceOf(TerrariumException.class)
                    .hasMessageContaining("no snapshot \"none\"");
            far.snapshots().create(request("second", true, storage), Progress.NONE);
            Snapshot.Removal removal = far.snapshots().removal("second");
            if (storage == Storage.OVERLAY) {
                assertThat(removal.kept())
                        .hasValueSatisfying(why -> assertThat(why).contains("while the machine runs"));
            }
            far.snapshots().delete("second", Progress.NONE);
            far.snapshots().delete("first", Progress.NONE);
            assertThat(machine.snapshots().tree().snapshots()).isEmpty();
            awaitGoodEnd(machine);
            // What could not be merged while it ran is now, with the next change.
            machine.snapshots().create(request("last", true, storage), Progress.NONE);
            machine.snapshots().delete("last", Progress.NONE);
            assertThat(soundSectors(machine)).isEqualTo(ROUNDS);
            try (Stream<Path> files = Files.list(machine.folder().resolve("disks"))) {
                assertThat(files.count()).isLessThanOrEqualTo(1);
            }
            checkImages(machine);
        }
    }

    @Test
    void aDamagedSnapshotIsRefusedAndTheMachineRunsOn() throws Exception {
        try (Host host = Engine.open(home)) {
            VirtualMachine machine = host.create(config(DriveConfig.Format.QCOW2), List.of());
            machine.start(guest.options());
            guest.awaitRounds(machine, 3);
            Snapshot one = machine.snapshots().create(request("one", true, Storage.OVERLAY), Progress.NONE);
            Path parts = machine.folder().resolve("snapshots").resolve(one.id().toString());
            for (String name : List.of("memory", "state", "machine.json", "snapshot.json", "picture.png")) {
                Path file = parts.resolve(name);
                byte[] sound = Files.readAllBytes(file);
                byte[] damaged = sound.clone();
                damaged[sound.length / 2] ^= 1;
                Files.write(file, damaged);
                assertThatThrownBy(() -> machine.snapshots().revert("one", Progress.NONE))
                        .as(name)
                        .isInstanceOf(TerrariumException.class)
                        .hasMessageContaining("corrupt");
                Files.write(file, java.util.Arrays.copyOf(sound, sound.length - 1));
                assertThatThrownBy(() -> machine.snapshots().revert("one", Progress.NONE))
                        .as(name)
                        .isInstanceOf(TerrariumException.class);
                if (!name.equals("snapshot.json")) {
                    assertThat(machine.snapshots().tree().problems()).isNotEmpty();
                }
                Files.write(file, sound);
                assertThat(machine.state()).isEqualTo(MachineState.RUNNING);
            }
            assertThat(machine.snapshots().tree().problems()).isEmpty();
            awaitGoodEnd(machine);
        }
    }

    /** The guest says something every 30 ms or so; what it does not say for longer it stood still, or waited for the host. */
    @Test
    @Tag("guest-boot")
    void aGibibyteOfUsedMemoryStandsStillBriefly() throws Exception {
        MachineConfig small = config(DriveConfig.Format.QCOW2);
        MachineConfig config = WorkerGuest.config(
                "big",
                kernel,
                1200,
                1024,
                9999,
                Accelerator.SOFTWARE,
                small.disks().getFirst());
        try (Host host = Engine.open(home)) {
            VirtualMachine machine = host.create(config, List.of());
            machine.start(guest.options());
            guest.awaitRounds(machine, 20);
            guest.forgetGaps();
            guest.awaitRounds(machine, 40);
            long usual = guest.longestGap();
            guest.forgetGaps();
            Snapshot made = machine.snapshots().create(request("big", true, Storage.OVERLAY), Progress.NONE);
            guest.awaitRounds(machine, 2);
            System.out.printf(
                    "snapshot of %d MiB: the guest said nothing for %d ms at most, %d ms without a snapshot%n",
                    made.memoryBytes() >> 20, guest.longestGap() / 1_000_000, usual / 1_000_000);
            assertThat(made.memoryBytes()).isGreaterThan(1L << 30);
            assertThat(guest.longestGap()).isLessThan(5_000_000_000L);
        }
    }

    @Test
    void oneThatIsGivenUpLeavesNothing() throws Exception {
        try (Host host = Engine.open(home)) {
            VirtualMachine machine = host.create(config(DriveConfig.Format.RAW), List.of());
            machine.start(guest.options());
            guest.awaitRounds(machine, 3);
            assertThatThrownBy(() ->
                            machine.snapshots().create(request("one", true, Storage.OVERLAY), (done, total) -> false))
                    .hasMessageContaining("cancelled");
            assertThat(machine.snapshots().tree().snapshots()).isEmpty();
            try (Stream<Path> left = Files.list(machine.folder().resolve("snapshots"))) {
                assertThat(left).isEmpty();
            }
            awaitGoodEnd(machine);
        }
    }
}
