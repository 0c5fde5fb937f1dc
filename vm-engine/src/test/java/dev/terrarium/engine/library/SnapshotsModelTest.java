// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.engine.Engine;
import dev.terrarium.engine.Host;
import dev.terrarium.engine.Progress;
import dev.terrarium.engine.Snapshot;
import dev.terrarium.engine.Snapshot.Storage;
import dev.terrarium.engine.SnapshotTree;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import dev.terrarium.engine.disk.DiskImages;
import dev.terrarium.engine.disk.ImageSource;
import dev.terrarium.engine.image.AllowedFolders;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.ImageFormats;
import dev.terrarium.engine.image.Qemu;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Random histories of a machine that is off, against a model in memory; qemu-img looks at every image after each step. */
class SnapshotsModelTest {
    private static final int BYTES = 1 << 20;
    private static final int STEPS = Integer.getInteger("snapshot.steps", 40);
    private static final long SEED = Long.getLong("snapshot.seed", 20261121);

    @TempDir
    Path home;

    @TempDir
    Path outside;

    /** What the disks of a machine or snapshot hold. */
    private record Disks(byte[][] content) {
        Disks copy() {
            return new Disks(Stream.of(content).map(byte[]::clone).toArray(byte[][]::new));
        }
    }

    private record Known(String name, Optional<UUID> parent, Disks disks) {}

    static Stream<Arguments> kinds() {
        return Stream.of(
                Arguments.of(Storage.OVERLAY, DriveConfig.Format.QCOW2, DriveConfig.Format.RAW, 0),
                Arguments.of(Storage.OVERLAY, DriveConfig.Format.VDI, DriveConfig.Format.QCOW2, 1),
                Arguments.of(Storage.OVERLAY, DriveConfig.Format.RAW, DriveConfig.Format.VMDK, 2),
                Arguments.of(Storage.INTERNAL, DriveConfig.Format.QCOW2, DriveConfig.Format.QCOW2, 3));
    }

    private DriveConfig disk(Path folder, String name, DriveConfig.Format format)
            throws TerrariumException, IOException {
        Path image = folder.resolve(name + "." + format.imageFormat());
        ImageFormats.create(image, format.imageFormat(), BYTES, Map.of(), AllowedFolders.own());
        return new DriveConfig(DriveConfig.Kind.DISK, image.toString(), format, DriveConfig.Bus.IDE, false);
    }

    private static DiskImage open(MachineConfig config, int drive, boolean readOnly)
            throws TerrariumException, IOException {
        DriveConfig disk = config.disks().get(drive);
        return ImageFormats.open(
                Path.of(disk.path()), disk.format().imageFormat(), readOnly, AllowedFolders.everywhere());
    }

    private static void checkDisks(VirtualMachine machine, Disks expected) throws TerrariumException, IOException {
        for (int drive = 0; drive < 2; drive++) {
            try (DiskImage image = open(machine.config(), drive, true)) {
                byte[] bytes = new byte[BYTES];
                image.read(ByteBuffer.wrap(bytes), 0);
                assertThat(bytes).as("disk %d", drive).isEqualTo(expected.content[drive]);
            }
        }
    }

    private static void checkImages(Path... folders) throws Exception {
        for (Path folder : folders) {
            if (!Files.isDirectory(folder)) {
                continue;
            }
            try (Stream<Path> files = Files.list(folder)) {
                for (Path file : files.toList()) {
                    if (file.toString().endsWith(".qcow2")) {
                        Qemu.check(file, "qcow2");
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void everySnapshotStaysWhatItWas(Storage storage, DriveConfig.Format first, DriveConfig.Format second, int number)
            throws Exception {
        Random random = new Random(SEED + number);
        System.out.printf(
                "snapshots %s on %s and %s: %d steps, seed %d%n", storage, first, second, STEPS, SEED + number);
        MachineConfig config = TestConfigs.named("model", disk(outside, "a", first), disk(outside, "b", second));
        Disks now = new Disks(new byte[2][BYTES]);
        Map<UUID, Known> known = new HashMap<>();
        Optional<UUID> current = Optional.empty();
        int names = 0;
        try (Host host = Engine.open(home)) {
            VirtualMachine machine = host.create(config, List.of());
            for (int step = 0; step < STEPS; step++) {
                List<UUID> ids = new ArrayList<>(known.keySet());
                ids.sort(null);
                int what = ids.isEmpty() ? random.nextInt(5) : random.nextInt(12);
                if (what < 4) {
                    write(machine, now, random);
                } else if (what < 7) {
                    Snapshot made = machine.snapshots()
                            .create(new Snapshot.Request("s" + names++, "step " + step, true, storage), Progress.NONE);
                    known.put(made.id(), new Known(made.name(), current, now.copy()));
                    current = Optional.of(made.id());
                } else if (what < 9) {
                    UUID id = ids.get(random.nextInt(ids.size()));
                    machine.snapshots().revert(known.get(id).name, Progress.NONE);
                    now = known.get(id).disks.copy();
                    current = Optional.of(id);
                } else if (what < 11) {
                    UUID id = ids.get(random.nextInt(ids.size()));
                    Known gone = known.get(id);
                    Snapshot.Removal removal = machine.snapshots().removal(id.toString());
                    assertThat(removal.freedBytes()).isNotNegative();
                    machine.snapshots().delete(gone.name, Progress.NONE);
                    removal.removed().forEach(file -> assertThat(file).doesNotExist());
                    known.remove(id);
                    known.replaceAll((other, value) -> value.parent.equals(Optional.of(id))
                            ? new Known(value.name, gone.parent, value.disks)
                            : value);
                    if (current.equals(Optional.of(id))) {
                        current = gone.parent;
                    }
                } else {
                    UUID id = ids.get(random.nextInt(ids.size()));
                    Known old = known.get(id);
                    String name = "renamed " + names++;
                    machine.snapshots().edit(old.name, name, "now " + name);
                    known.put(id, new Known(name, old.parent, old.disks));
                }
                check(machine, known, current);
                checkDisks(machine, now);
                checkImages(machine.folder().resolve("disks"), outside);
            }
            // Every one is still what it was; then all go, and with them all that they took.
            for (Map.Entry<UUID, Known> each : known.entrySet()) {
                machine.snapshots().revert(each.getKey().toString(), Progress.NONE);
                checkDisks(machine, each.getValue().disks);
                now = each.getValue().disks;
            }
            for (UUID id : known.keySet()) {
                machine.snapshots().delete(id.toString(), Progress.NONE);
            }
            checkDisks(machine, now);
            assertThat(machine.snapshots().tree().snapshots()).isEmpty();
            checkImages(machine.folder().resolve("disks"), outside);
            assertThat(Files.list(machine.folder().resolve("snapshots"))
                            .filter(Files::isDirectory)
                            .toList())
                    .isEmpty();
            try (Stream<Path> files = Files.list(machine.folder().resolve("disks"))) {
                assertThat(files.count()).isLessThanOrEqualTo(storage == Storage.OVERLAY ? 2 : 0);
            }
        }
    }

    private static void write(VirtualMachine machine, Disks now, Random random) throws TerrariumException, IOException {
        for (int i = 0; i < 1 + random.nextInt(4); i++) {
            int drive = random.nextInt(2);
            int at = random.nextInt(BYTES / 512) * 512;
            int length = Math.min(BYTES - at, 512 * (1 + random.nextInt(300)));
            byte[] bytes = new byte[length];
            boolean zero = random.nextInt(4) == 0;
            if (!zero) {
                random.nextBytes(bytes);
            }
            try (DiskImage image = open(machine.config(), drive, false)) {
                if (zero) {
                    image.writeZeroes(at, length, true);
                } else {
                    image.write(ByteBuffer.wrap(bytes), at);
                }
            }
            System.arraycopy(bytes, 0, now.content[drive], at, length);
        }
    }

    private static void check(VirtualMachine machine, Map<UUID, Known> known, Optional<UUID> current)
            throws TerrariumException {
        SnapshotTree tree = machine.snapshots().tree();
        assertThat(tree.problems()).isEmpty();
        assertThat(tree.current()).isEqualTo(current);
        assertThat(tree.snapshots()).extracting(Snapshot::id).containsExactlyInAnyOrderElementsOf(known.keySet());
        List<UUID> seen = new ArrayList<>();
        for (Snapshot each : tree.snapshots()) {
            assertThat(each.name()).isEqualTo(known.get(each.id()).name);
            assertThat(each.parent()).isEqualTo(known.get(each.id()).parent);
            each.parent().ifPresent(parent -> assertThat(seen).contains(parent));
            seen.add(each.id());
        }
    }

    @Test
    void overlaysAndSnapshotsInsideAreNotMixed() throws Exception {
        MachineConfig config = TestConfigs.named(
                "mixed", disk(outside, "a", DriveConfig.Format.QCOW2), disk(outside, "b", DriveConfig.Format.QCOW2));
        MachineConfig raw = TestConfigs.named("raw", disk(outside, "c", DriveConfig.Format.RAW));
        Snapshot.Request inside = new Snapshot.Request("inside", "", false, Storage.INTERNAL);
        Snapshot.Request above = new Snapshot.Request("above", "", false, Storage.OVERLAY);
        try (Host host = Engine.open(home)) {
            VirtualMachine machine = host.create(config, List.of());
            machine.snapshots().create(inside, Progress.NONE);
            assertThatThrownBy(() -> machine.snapshots().create(above, Progress.NONE))
                    .isInstanceOf(TerrariumException.class)
                    .hasMessageContaining("--internal");
            machine.snapshots().delete("inside", Progress.NONE);
            machine.snapshots().create(above, Progress.NONE);
            assertThatThrownBy(() -> machine.snapshots().create(inside, Progress.NONE))
                    .hasMessageContaining("without --internal");
            assertThatThrownBy(() -> machine.snapshots().create(above, Progress.NONE))
                    .hasMessageContaining("there is a snapshot \"above\" already");
            assertThatThrownBy(() -> machine.snapshots().revert("other", Progress.NONE))
                    .hasMessageContaining("has no snapshot \"other\"");
            VirtualMachine second = host.create(raw, List.of());
            assertThatThrownBy(() -> second.snapshots().create(inside, Progress.NONE))
                    .hasMessageContaining("c.raw is raw");
            assertThat(second.snapshots().tree().snapshots()).isEmpty();
        }
    }

    /** A person's own {@code image snapshot} in an overlay keeps what is below it. */
    @Test
    void anImageUnderSnapshotsInsideIsKept() throws Exception {
        MachineConfig config = TestConfigs.named(
                "kept", disk(outside, "a", DriveConfig.Format.QCOW2), disk(outside, "b", DriveConfig.Format.RAW));
        try (Host host = Engine.open(home)) {
            VirtualMachine machine = host.create(config, List.of());
            machine.snapshots().create(new Snapshot.Request("one", "", false, Storage.OVERLAY), Progress.NONE);
            machine.snapshots().create(new Snapshot.Request("two", "", false, Storage.OVERLAY), Progress.NONE);
            Path top = Path.of(machine.config().disks().getFirst().path());
            ImageSource source = new ImageSource(top, "qcow2", List.of(outside));
            DiskImages.createSnapshot(source, "mine");
            Snapshot.Removal removal = machine.snapshots().removal("two");
            assertThat(removal.kept()).hasValueSatisfying(why -> assertThat(why).contains("snapshots inside"));
            machine.snapshots().delete("two", Progress.NONE);
            DiskImages.applySnapshot(source, "mine");
            checkDisks(machine, new Disks(new byte[2][BYTES]));
        }
    }
}
