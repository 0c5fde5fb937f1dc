// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.media;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.engine.Engine;
import dev.terrarium.engine.Host;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.Accelerator;
import dev.terrarium.engine.config.MachineConfig.BootDevice;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import dev.terrarium.engine.disk.DiskImages;
import dev.terrarium.engine.disk.ImageSource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Finds real images of a real home, and who needs them. */
class MediaScanTest {
    private static final long MIB = 1 << 20;

    @TempDir
    Path folder;

    private Host host;
    private Path media;

    @BeforeEach
    void open() throws Exception {
        host = Engine.open(folder.resolve("home"));
        media = Files.createDirectories(MediaScan.ownFolder(host.home()));
    }

    @AfterEach
    void close() {
        host.close();
    }

    private static Path image(Path path, String format, Map<String, String> options) throws TerrariumException {
        boolean based = options.containsKey("backing_file");
        DiskImages.create(
                new ImageSource(path, format, based ? List.of(Path.of(options.get("backing_file"))) : List.of()),
                based ? OptionalLong.empty() : OptionalLong.of(64 * MIB),
                options);
        return path;
    }

    private VirtualMachine machine(String name, Path disk, DriveConfig.Format format) throws TerrariumException {
        return host.create(
                new MachineConfig(
                        MachineConfig.CURRENT_VERSION,
                        UUID.randomUUID(),
                        name,
                        "other",
                        64,
                        1,
                        1,
                        Accelerator.SOFTWARE,
                        List.of(BootDevice.DISK),
                        List.of(new DriveConfig(
                                DriveConfig.Kind.DISK, disk.toString(), format, DriveConfig.Bus.IDE, false)),
                        null,
                        List.of(),
                        null,
                        null),
                List.of());
    }

    private Medium find(MediaScan scan, Path path) {
        return scan.run(List.of()).stream()
                .filter(each -> each.path().equals(path))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void drivesTheHomeAndAddedFoldersAreLooked() throws Exception {
        Path used = image(folder.resolve("server.vmdk"), "vmdk", Map.of());
        machine("server", used, DriveConfig.Format.VMDK);
        Path spare = image(media.resolve("spare.qcow2"), "qcow2", Map.of());
        Files.writeString(media.resolve("notes.txt"), "no image");
        Path added = Files.createDirectories(folder.resolve("Downloads"));
        Path raw = image(added.resolve("old.img"), "raw", Map.of());
        Files.write(added.resolve("broken.iso"), new byte[4096]);

        MediaScan scan = new MediaScan(host);
        assertThat(scan.run(List.of(added)))
                .extracting(Medium::name)
                .containsExactlyInAnyOrder("server.vmdk", "spare.qcow2", "old.img", "broken.iso");
        Medium server = find(scan, used);
        assertThat(server.format()).isEqualTo("vmdk");
        assertThat(server.size()).hasValue(64 * MIB);
        assertThat(server.hostBytes()).isLessThan(2 * MIB);
        assertThat(server.uses()).containsExactly(new Medium.Use.Drive("server"));
        assertThat(find(scan, spare).uses()).isEmpty();
        assertThat(scan.run(List.of(added)))
                .filteredOn(each -> each.path().equals(raw))
                .singleElement()
                .satisfies(each -> {
                    assertThat(each.format()).isEqualTo("raw");
                    assertThat(each.hostBytes()).isZero();
                });
        assertThat(scan.run(List.of(added)))
                .filteredOn(each -> each.kind() == Medium.Kind.CD)
                .singleElement()
                .satisfies(each -> assertThat(each.problem()).isPresent());
    }

    @Test
    void whatImagesStandOnIsFoundAndNeeded() throws Exception {
        Path base = image(media.resolve("base.qcow2"), "qcow2", Map.of());
        Path overlay = image(
                media.resolve("top.qcow2"), "qcow2", Map.of("backing_file", base.toString(), "backing_fmt", "qcow2"));
        MediaScan scan = new MediaScan(host);
        Medium below = find(scan, base);
        assertThat(below.uses()).containsExactly(new Medium.Use.Base(overlay));
        assertThat(below.changeable()).isFalse();
        assertThat(find(scan, overlay).base()).contains(base);
    }

    @Test
    void anImageThatOnlyAnotherFoldersImageNamesIsNotOpened() throws Exception {
        Path base = image(folder.resolve("base.qcow2"), "qcow2", Map.of());
        image(media.resolve("top.qcow2"), "qcow2", Map.of("backing_file", base.toString(), "backing_fmt", "qcow2"));
        assertThat(find(new MediaScan(host), base)).satisfies(below -> {
            assertThat(below.uses()).hasSize(1);
            assertThat(below.size()).isEmpty();
        });
    }

    @Test
    void disksOfAMachineWithSnapshotsAreNeeded() throws Exception {
        Path disk = image(folder.resolve("d.qcow2"), "qcow2", Map.of());
        VirtualMachine machine = machine("ant", disk, DriveConfig.Format.QCOW2);
        Path kept = image(
                Files.createDirectories(machine.folder().resolve("disks")).resolve("before.qcow2"), "qcow2", Map.of());
        assertThat(find(new MediaScan(host), kept).uses()).isEmpty();
        Files.createDirectories(machine.folder().resolve("snapshots").resolve("1"));
        assertThat(find(new MediaScan(host), kept).uses()).containsExactly(new Medium.Use.Snapshots("ant"));
    }

    @Test
    void aChangedFileIsLookedAtAgain() throws Exception {
        Path disk = image(media.resolve("grows.qcow2"), "qcow2", Map.of());
        MediaScan scan = new MediaScan(host);
        assertThat(find(scan, disk).size()).hasValue(64 * MIB);
        DiskImages.resize(ImageSource.of(disk), 128 * MIB, false, false);
        Files.setLastModifiedTime(disk, java.nio.file.attribute.FileTime.fromMillis(1));
        assertThat(find(scan, disk).size()).hasValue(128 * MIB);
        Files.delete(disk);
        assertThat(scan.run(List.of())).isEmpty();
    }

    @Test
    void aMissingFileOfAMachineIsListedWithItsProblem() throws Exception {
        Path disk = image(folder.resolve("gone.qcow2"), "qcow2", Map.of());
        machine("ant", disk, DriveConfig.Format.QCOW2);
        Files.delete(disk);
        assertThat(find(new MediaScan(host), disk).problem())
                .hasValueSatisfying(problem -> assertThat(problem).contains("missing"));
    }

    @Test
    void anImageIsDeletedOnlyIfNobodyHasIt() throws Exception {
        Path disk = image(media.resolve("a.qcow2"), "qcow2", Map.of());
        DiskImages.delete(disk);
        assertThat(disk).doesNotExist();
        assertThatThrownBy(() -> DiskImages.delete(disk)).isInstanceOf(TerrariumException.class);
    }
}
