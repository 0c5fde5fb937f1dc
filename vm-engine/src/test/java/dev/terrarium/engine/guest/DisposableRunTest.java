// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.engine.Engine;
import dev.terrarium.engine.Host;
import dev.terrarium.engine.MachineEnd;
import dev.terrarium.engine.StartOptions;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.BootDevice;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import dev.terrarium.engine.image.AllowedFolders;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.ImageFormats;
import dev.terrarium.engine.image.Qemu;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The BIOS writes a whole disk, and nothing of it stays. */
@Tag("guest-boot")
class DisposableRunTest {
    private static final int SIZE = 8 << 20;
    private static final int SEED = 77;
    private static final StartOptions DISPOSABLE = new StartOptions(null, null, null, true);

    @TempDir
    Path home;

    @TempDir
    Path elsewhere;

    private static Path image(Path image, DriveConfig.Format format) throws Exception {
        ImageFormats.create(image, format.imageFormat(), SIZE, Map.of(), AllowedFolders.own());
        try (DiskImage open = ImageFormats.open(image, format.imageFormat(), false, AllowedFolders.own())) {
            open.write(ByteBuffer.wrap(WritingGuest.bootSector(SIZE, SEED)), 0);
        }
        return image;
    }

    private static VirtualMachine machine(Host host, Path image, DriveConfig.Format format) throws Exception {
        return host.create(
                new MachineConfig(
                        MachineConfig.CURRENT_VERSION,
                        UUID.randomUUID(),
                        "a machine",
                        "other",
                        64,
                        1,
                        1,
                        MachineConfig.Accelerator.SOFTWARE,
                        List.of(BootDevice.DISK),
                        List.of(GuestRun.disk(image).withImage(image.toString(), format)),
                        null,
                        List.of(),
                        null,
                        0xF4),
                List.of());
    }

    @ParameterizedTest
    @EnumSource(
            value = DriveConfig.Format.class,
            names = {"RAW", "QCOW2", "VDI"})
    void whatTheGuestWritesIsThrownAway(DriveConfig.Format format) throws Exception {
        Path image = image(elsewhere.resolve("disk"), format);
        byte[] before = Files.readAllBytes(image);
        try (Host host = Engine.open(home)) {
            VirtualMachine machine = machine(host, image, format);
            Path overlays = machine.folder().resolve("disposable");
            machine.start(DISPOSABLE);
            assertThat(overlays).isNotEmptyDirectory();
            assertThatThrownBy(() -> ImageFormats.open(image, format.imageFormat(), false, AllowedFolders.own()))
                    .isInstanceOf(TerrariumException.class)
                    .hasMessageContaining("has a disk that stands on it");
            assertThat(machine.awaitEnd()).isEqualTo(new MachineEnd.DebugExit(WritingGuest.DONE));
            assertThat(overlays).doesNotExist();
            assertThat(Files.readAllBytes(image)).isEqualTo(before);
            assertThat(machine.config().disks().getFirst().path()).isEqualTo(image.toString());

            machine.start(StartOptions.DEFAULT);
            assertThat(machine.awaitEnd()).isEqualTo(new MachineEnd.DebugExit(WritingGuest.DONE));
            assertThat(Files.readAllBytes(image)).isNotEqualTo(before);
        }
    }

    @Test
    void anImageThatStandsOnAnotherStaysToo() throws Exception {
        image(elsewhere.resolve("base"), DriveConfig.Format.RAW);
        Path overlay = elsewhere.resolve("overlay");
        ImageFormats.create(
                overlay, "qcow2", SIZE, Map.of("backing_file", "base", "backing_fmt", "raw"), AllowedFolders.own());
        byte[] before = Files.readAllBytes(overlay);
        try (Host host = Engine.open(home)) {
            VirtualMachine machine = machine(host, overlay, DriveConfig.Format.QCOW2);
            machine.start(DISPOSABLE);
            assertThat(machine.awaitEnd()).isEqualTo(new MachineEnd.DebugExit(WritingGuest.DONE));
        }
        assertThat(Files.readAllBytes(overlay)).isEqualTo(before);
        Qemu.check(overlay, "qcow2");
    }

    /** Run in a process of its own, which is killed. */
    public static void main(String[] arguments) throws Exception {
        try (Host host = Engine.open(Path.of(arguments[0]))) {
            VirtualMachine machine = host.find("a machine").orElseThrow();
            machine.start(DISPOSABLE);
            System.out.println("started");
            machine.awaitEnd();
        }
    }

    @Test
    void aKilledRunIsSweptAway() throws Exception {
        Path image = image(elsewhere.resolve("disk"), DriveConfig.Format.QCOW2);
        byte[] before = Files.readAllBytes(image);
        try (Host host = Engine.open(home)) {
            VirtualMachine machine = machine(host, image, DriveConfig.Format.QCOW2);
            Process process = ChildProcess.builder(DisposableRunTest.class, home.toString())
                    .start();
            assertThat(process.inputReader().lines().anyMatch("started"::equals))
                    .isTrue();
            Path overlays = machine.folder().resolve("disposable");
            assertThat(overlays).isNotEmptyDirectory();
            try (Host other = Engine.open(home)) {
                assertThat(other.find("a machine").orElseThrow().runsElsewhere())
                        .isTrue();
            }
            assertThat(overlays).as("it is in use").isNotEmptyDirectory();
            process.destroyForcibly().waitFor();
            try (Host next = Engine.open(home)) {
                assertThat(overlays).doesNotExist();
                assertThat(Files.readAllBytes(image)).isEqualTo(before);
                VirtualMachine again = next.find("a machine").orElseThrow();
                again.start(StartOptions.DEFAULT);
                assertThat(again.awaitEnd()).isEqualTo(new MachineEnd.DebugExit(WritingGuest.DONE));
            }
        }
        Qemu.check(image, "qcow2");
    }
}
