// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.engine.Engine;
import dev.terrarium.engine.Host;
import dev.terrarium.engine.MachineEnd;
import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.Progress;
import dev.terrarium.engine.StartOptions;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.Accelerator;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import dev.terrarium.engine.image.AllowedFolders;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.ImageFormats;
import dev.terrarium.engine.image.Qemu;
import dev.terrarium.engine.processor.kvm.KvmHere;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A machine is saved in the middle of its work and goes on as if nothing had been. */
class SavedStateTest {
    private static final long DISK_BYTES = 4 << 20;

    @TempDir
    Path home;

    @TempDir
    Path folder;

    private Path kernel;

    @BeforeEach
    void assemble() throws Exception {
        WorkerGuest.require();
        kernel = WorkerGuest.kernel(folder);
    }

    private DriveConfig disk(DriveConfig.Format format) throws TerrariumException, IOException {
        Path image = folder.resolve("disk." + format.imageFormat());
        ImageFormats.create(image, format.imageFormat(), DISK_BYTES, Map.of(), AllowedFolders.own());
        return new DriveConfig(DriveConfig.Kind.DISK, image.toString(), format, DriveConfig.Bus.IDE, false);
    }

    private static void checkSectors(DriveConfig disk, int rounds) throws TerrariumException, IOException {
        try (DiskImage image =
                ImageFormats.open(Path.of(disk.path()), disk.format().imageFormat(), true, AllowedFolders.own())) {
            int[] sums = WorkerGuest.sums(rounds);
            for (int round = 0; round < rounds; round++) {
                ByteBuffer sector = ByteBuffer.allocate(512).order(ByteOrder.LITTLE_ENDIAN);
                image.read(sector, round * 512L);
                assertThat(sector.getInt(508)).as("sector %d", round).isEqualTo(sums[round]);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = DriveConfig.Format.class,
            names = {"RAW", "QCOW2", "VDI", "VMDK", "VPC", "VHDX"})
    void workGoesOnAfterSeveralSaves(DriveConfig.Format format) throws Exception {
        int rounds = 90;
        DriveConfig disk = disk(format);
        MachineConfig config = WorkerGuest.config("saved", kernel, rounds, Accelerator.SOFTWARE, disk);
        WorkerGuest guest = new WorkerGuest();
        try (Host host = Engine.open(home)) {
            VirtualMachine machine = host.create(config, java.util.List.of());
            for (int i = 0; i < 3; i++) {
                machine.start(guest.options());
                guest.awaitRounds(machine, 5);
                machine.save(Progress.NONE);
                assertThat(machine.state()).isEqualTo(MachineState.SAVED);
                assertThat(machine.awaitEnd()).isEqualTo(new MachineEnd.Saved());
                if (format == DriveConfig.Format.QCOW2) {
                    Qemu.check(Path.of(disk.path()), "qcow2");
                }
            }
        }
        // Another process, as it were.
        try (Host host = Engine.open(home)) {
            VirtualMachine machine = host.find("saved").orElseThrow();
            assertThat(machine.state()).isEqualTo(MachineState.SAVED);
            machine.start(guest.options());
            assertThat(machine.folder().resolve("saved-state")).doesNotExist();
            assertThat(machine.folder().resolve("saved-state.old")).doesNotExist();
            assertThat(machine.awaitEnd()).isEqualTo(WorkerGuest.GOOD_END);
            assertThat(machine.state()).isEqualTo(MachineState.OFF);
        }
        assertThat(guest.said()).endsWith(WorkerGuest.printed(rounds) + "\n");
        assertThat(guest.rounds()).isEqualTo(rounds);
        checkSectors(disk, rounds);
    }

    /** Under a KVM that emulates ring 0 the machine may have moved to the software processor by then; the line says so. */
    @ParameterizedTest
    @EnumSource(
            value = Accelerator.class,
            names = {"KVM", "SOFTWARE"})
    void theProcessorMayBeOfAnotherKind(Accelerator first) throws Exception {
        KvmHere.require();
        int rounds = 90;
        Accelerator second = first == Accelerator.KVM ? Accelerator.SOFTWARE : Accelerator.KVM;
        MachineConfig config = WorkerGuest.config("moves", kernel, rounds, first);
        WorkerGuest guest = new WorkerGuest();
        try (Host host = Engine.open(home)) {
            VirtualMachine machine = host.create(config, java.util.List.of());
            machine.start(guest.options());
            guest.awaitRounds(machine, 10);
            String before = machine.statistics().accelerator();
            machine.save(Progress.NONE);
            new MachineFolder(machine.folder()).save(machine.config().withAccelerator(second));
            machine.start(guest.options());
            System.out.println("saved on " + before + ", restored on "
                    + machine.statistics().accelerator());
            assertThat(machine.awaitEnd()).isEqualTo(WorkerGuest.GOOD_END);
        }
        assertThat(guest.said()).endsWith(WorkerGuest.printed(rounds) + "\n");
    }

    @Test
    void aPausedMachineIsRestoredPaused() throws Exception {
        MachineConfig config = WorkerGuest.config("paused", kernel, 60, Accelerator.SOFTWARE);
        WorkerGuest guest = new WorkerGuest();
        try (Host host = Engine.open(home)) {
            VirtualMachine machine = host.create(config, java.util.List.of());
            machine.start(guest.options());
            guest.awaitRounds(machine, 2);
            machine.pause();
            machine.save(Progress.NONE);
            machine.start(guest.options());
            assertThat(machine.state()).isEqualTo(MachineState.PAUSED);
            long time = machine.statistics().uptimeNanos();
            assertThat(time).isPositive();
            assertThat(machine.statistics().uptimeNanos()).isEqualTo(time);
            machine.resume();
            assertThat(machine.awaitEnd()).isEqualTo(WorkerGuest.GOOD_END);
        }
        assertThat(guest.said()).endsWith(WorkerGuest.printed(60) + "\n");
    }

    @Test
    void aSaveThatIsGivenUpLeavesTheMachineRunning() throws Exception {
        MachineConfig config = WorkerGuest.config("cancelled", kernel, 60, Accelerator.SOFTWARE);
        WorkerGuest guest = new WorkerGuest();
        try (Host host = Engine.open(home)) {
            VirtualMachine machine = host.create(config, java.util.List.of());
            machine.start(guest.options());
            guest.awaitRounds(machine, 2);
            assertThatThrownBy(() -> machine.save((done, total) -> false))
                    .isInstanceOf(TerrariumException.class)
                    .hasMessageContaining("cancelled");
            assertThat(machine.state()).isEqualTo(MachineState.RUNNING);
            assertThat(machine.folder().resolve("saved-state.new")).doesNotExist();
            guest.awaitRounds(machine, 2);
            assertThat(machine.awaitEnd()).isEqualTo(WorkerGuest.GOOD_END);
        }
        assertThat(guest.said()).endsWith(WorkerGuest.printed(60) + "\n");
    }

    @Test
    void aMachineSwitchedOffWhileItIsSavedIsOff() throws Exception {
        MachineConfig config = WorkerGuest.config("off", kernel, 9999, Accelerator.SOFTWARE);
        WorkerGuest guest = new WorkerGuest();
        try (Host host = Engine.open(home)) {
            VirtualMachine machine = host.create(config, java.util.List.of());
            machine.start(guest.options());
            guest.awaitRounds(machine, 2);
            assertThatThrownBy(() -> machine.save((done, total) -> {
                        try {
                            machine.forceOff();
                        } catch (TerrariumException e) {
                            return true;
                        }
                        return true;
                    }))
                    .isInstanceOf(TerrariumException.class)
                    .hasMessageContaining("switched off");
            assertThat(machine.state()).isEqualTo(MachineState.OFF);
            machine.start(StartOptions.DEFAULT);
            assertThat(machine.folder().resolve("saved-state.new")).doesNotExist();
        }
    }

    private VirtualMachine saved(Host host, WorkerGuest guest, DriveConfig... drives) throws Exception {
        MachineConfig config = WorkerGuest.config("kept", kernel, 60, Accelerator.SOFTWARE, drives);
        VirtualMachine machine = host.create(config, java.util.List.of());
        machine.start(guest.options());
        guest.awaitRounds(machine, 2);
        machine.save(Progress.NONE);
        return machine;
    }

    @Test
    void aSavedMachineIsNotChangedAndCanBeDiscarded() throws Exception {
        try (Host host = Engine.open(home)) {
            VirtualMachine machine = saved(host, new WorkerGuest());
            assertThatThrownBy(() -> machine.reconfigure(machine.config()))
                    .isInstanceOf(TerrariumException.class)
                    .hasMessageContaining("is saved")
                    .hasMessageContaining("--discard");
            machine.discardSavedState();
            assertThat(machine.state()).isEqualTo(MachineState.OFF);
            assertThat(machine.folder().resolve("saved-state")).doesNotExist();
            assertThatThrownBy(machine::discardSavedState).hasMessageContaining("nothing to discard");
            machine.reconfigure(machine.config());
        }
    }

    @Test
    void aDiskThatChangedMeanwhileIsRefused() throws Exception {
        DriveConfig disk = disk(DriveConfig.Format.RAW);
        WorkerGuest guest = new WorkerGuest();
        try (Host host = Engine.open(home)) {
            VirtualMachine machine = saved(host, guest, disk);
            Path file = Path.of(disk.path());
            var before = Files.getLastModifiedTime(file);
            byte[] content = Files.readAllBytes(file);
            Files.write(file, content);
            Files.setLastModifiedTime(file, java.nio.file.attribute.FileTime.fromMillis(before.toMillis() + 1000));
            assertThatThrownBy(() -> machine.start(guest.options()))
                    .isInstanceOf(TerrariumException.class)
                    .hasMessageContaining(file + " changed since the machine was saved")
                    .hasMessageContaining("--discard");
            assertThat(machine.state()).isEqualTo(MachineState.SAVED);
            Files.setLastModifiedTime(file, before);
            machine.start(guest.options());
            assertThat(machine.awaitEnd()).isEqualTo(WorkerGuest.GOOD_END);
        }
        assertThat(guest.said()).endsWith(WorkerGuest.printed(60) + "\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"memory", "state", "disks"})
    void damageIsToldAndTheStateStays(String name) throws Exception {
        WorkerGuest guest = new WorkerGuest();
        try (Host host = Engine.open(home)) {
            VirtualMachine machine = saved(host, guest);
            Path file = machine.folder().resolve("saved-state").resolve(name);
            byte[] sound = Files.readAllBytes(file);
            for (int at : new int[] {0, 25, 50, sound.length / 2, sound.length - 1}) {
                byte[] damaged = sound.clone();
                damaged[at] ^= 0x10;
                Files.write(file, damaged);
                assertThatThrownBy(() -> machine.start(StartOptions.DEFAULT))
                        .as("byte %d", at)
                        .isInstanceOf(TerrariumException.class)
                        .hasMessageContaining(file + " is corrupt");
            }
            Files.write(file, java.util.Arrays.copyOf(sound, sound.length - 1));
            assertThatThrownBy(() -> machine.start(StartOptions.DEFAULT)).hasMessageContaining("is corrupt");
            assertThat(machine.state()).isEqualTo(MachineState.SAVED);
            Files.write(file, sound);
            machine.start(guest.options());
            assertThat(machine.awaitEnd()).isEqualTo(WorkerGuest.GOOD_END);
        }
    }

    @Test
    void whatIsHalfMadeIsRemoved() throws Exception {
        Path machineFolder;
        try (Host host = Engine.open(home)) {
            VirtualMachine machine = host.create(TestConfigs.named("half"), java.util.List.of());
            machineFolder = machine.folder();
        }
        Files.createDirectories(machineFolder.resolve("saved-state.new"));
        Files.writeString(machineFolder.resolve("saved-state.new/memory"), "half");
        try (Host host = Engine.open(home)) {
            assertThat(host.find("half").orElseThrow().state()).isEqualTo(MachineState.OFF);
            assertThat(machineFolder.resolve("saved-state.new")).doesNotExist();
        }
    }
}
