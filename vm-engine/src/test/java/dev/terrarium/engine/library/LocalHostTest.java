// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.engine.Host;
import dev.terrarium.engine.HostListener;
import dev.terrarium.engine.StartOptions;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import dev.terrarium.engine.config.MachineRules;
import dev.terrarium.engine.image.AllowedFolders;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.ImageFormats;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LocalHostTest {
    @TempDir
    Path home;

    private Host host;

    @BeforeEach
    void open() throws Exception {
        host = LocalHost.open(home);
    }

    @AfterEach
    void close() {
        host.close();
    }

    @Test
    void aCreatedMachineHasItsDisksAndIsFoundByEveryone() throws Exception {
        VirtualMachine machine = host.create(TestConfigs.named("a"), List.of(new Host.NewDisk(1), new Host.NewDisk(2)));
        assertThat(machine.config().disks()).hasSize(2);
        assertThat(Path.of(String.valueOf(machine.config().disks().get(1).path())))
                .hasSize(2L << 30);
        try (Host other = LocalHost.open(home)) {
            assertThat(other.find("a").orElseThrow().config()).isEqualTo(machine.config());
        }
    }

    @Test
    void machinesThatOthersMakeAndRemoveAreNoticed() throws Exception {
        List<String> events = new ArrayList<>();
        host.addListener(new HostListener() {
            @Override
            public void machineAdded(VirtualMachine machine) {
                events.add("+" + machine.name());
            }

            @Override
            public void machineRemoved(VirtualMachine machine) {
                events.add("-" + machine.name());
            }
        });
        try (Host other = LocalHost.open(home)) {
            VirtualMachine machine = other.create(TestConfigs.named("b"), List.of());
            assertThat(host.machines()).extracting(VirtualMachine::name).containsExactly("b");
            other.delete(machine, true);
            assertThat(host.find("b")).isEmpty();
        }
        assertThat(events).containsExactly("+b", "-b");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "a/b", "..", ".hidden", "a\n", "a ", "a.", "x\u0000"})
    void aBadNameIsRefusedAndLeavesNothing(String name) throws Exception {
        assertThatThrownBy(() -> host.create(TestConfigs.named(name), List.of()))
                .isInstanceOf(TerrariumException.class);
        assertThat(home.resolve("machines")).isEmptyDirectory();
    }

    @Test
    void aNameThatExistsIsRefused() throws Exception {
        host.create(TestConfigs.named("a"), List.of());
        assertThatThrownBy(() -> host.create(TestConfigs.named("a"), List.of())).hasMessageContaining("exists");
    }

    @Test
    void aFifthDriveIsRefusedAndLeavesNothing() {
        List<Host.NewDisk> disks = List.of(
                new Host.NewDisk(1),
                new Host.NewDisk(1),
                new Host.NewDisk(1),
                new Host.NewDisk(1),
                new Host.NewDisk(1));
        assertThatThrownBy(() -> host.create(TestConfigs.named("a"), disks)).hasMessageContaining("do not fit");
        assertThat(home.resolve("machines")).isEmptyDirectory();
    }

    @Test
    void aForeignImageIsNoRawDisk() throws Exception {
        Path image = home.resolve("disk.qcow2");
        Files.write(image, new byte[] {'Q', 'F', 'I', (byte) 0xFB, 0, 0, 0, 3});
        DriveConfig raw = TestConfigs.disk(image);
        DriveConfig drive = new DriveConfig(raw.kind(), raw.path(), DriveConfig.Format.AUTO, raw.bus(), raw.readOnly());
        assertThatThrownBy(() -> host.create(TestConfigs.named("a", drive), List.of()))
                .hasMessageContaining("is damaged");
        Files.delete(image);
        ImageFormats.create(image, "qcow2", 1 << 20, java.util.Map.of(), AllowedFolders.own());
        // What a guest writes to a disk does not make it one of another format: raw stays raw.
        assertThat(host.create(TestConfigs.named("b", drive), List.of())
                        .config()
                        .disks())
                .extracting(DriveConfig::format)
                .containsExactly(DriveConfig.Format.QCOW2);
        assertThat(host.create(TestConfigs.named("c", raw), List.of()).config().disks())
                .extracting(DriveConfig::format)
                .containsExactly(DriveConfig.Format.RAW);
    }

    @Test
    void aNewDiskMayBeQcow2() throws Exception {
        VirtualMachine machine = host.create(
                TestConfigs.named("a"), List.of(new Host.NewDisk(40, DriveConfig.Format.QCOW2), new Host.NewDisk(1)));
        List<DriveConfig> disks = machine.config().disks();
        assertThat(disks)
                .extracting(DriveConfig::format)
                .containsExactly(DriveConfig.Format.QCOW2, DriveConfig.Format.RAW);
        Path image = machine.folder().resolve("disks/disk1.qcow2");
        assertThat(disks.getFirst().path()).isEqualTo(image.toString());
        assertThat(Files.size(image)).isLessThan(1 << 20);
        try (DiskImage disk = ImageFormats.open(image, "qcow2", true, AllowedFolders.own())) {
            assertThat(disk.size()).isEqualTo(40L << 30);
        }
    }

    @Test
    void damagedMachinesAreListedAndKeptAndTheOthersWork() throws Exception {
        host.create(TestConfigs.named("good"), List.of());
        Path bad = home.resolve("machines/bad/machine.json");
        Files.createDirectories(bad.getParent());
        Files.writeString(bad, "{ not JSON");
        Path moved = home.resolve("machines/moved");
        Files.createDirectories(moved);
        Files.copy(home.resolve("machines/good/machine.json"), moved.resolve("machine.json"));
        assertThat(host.machines()).extracting(VirtualMachine::name).containsExactly("good");
        assertThat(host.damaged()).extracting(Host.DamagedMachine::name).containsExactlyInAnyOrder("bad", "moved");
        assertThat(bad).hasContent("{ not JSON");
        assertThatThrownBy(() -> host.create(TestConfigs.named("bad"), List.of()))
                .hasMessageContaining("exists");
    }

    @Test
    void deletingKeepsTheDisksUnlessTold() throws Exception {
        VirtualMachine machine = host.create(TestConfigs.named("a"), List.of(new Host.NewDisk(1)));
        host.delete(machine, false);
        assertThat(machine.folder().resolve("disks/disk1.img")).exists();
        assertThat(machine.folder()).isDirectoryNotContaining("glob:**machine.json");
        assertThat(host.machines()).isEmpty();
        VirtualMachine second = host.create(TestConfigs.named("b"), List.of(new Host.NewDisk(1)));
        host.delete(second, true);
        assertThat(second.folder()).doesNotExist();
    }

    @Test
    void aMachineThatSomebodyStartsIsNeitherDeletedNorChanged() throws Exception {
        VirtualMachine machine = host.create(TestConfigs.named("a"), List.of());
        try (MachineFolder.RunLock starting =
                new MachineFolder(machine.folder()).tryLock().orElseThrow()) {
            assertThat(starting.file()).exists();
            assertThatThrownBy(() -> host.delete(machine, true)).hasMessageContaining("runs");
            assertThatThrownBy(() -> machine.reconfigure(machine.config())).hasMessageContaining("runs");
        }
        host.delete(machine, true);
    }

    @Test
    void whatIsOffSaysSo() throws Exception {
        VirtualMachine machine = host.create(TestConfigs.named("a"), List.of());
        assertThatThrownBy(machine::forceOff).hasMessageContaining("does not run");
        assertThatThrownBy(machine::screenshot).hasMessageContaining("does not run");
        assertThatThrownBy(() -> machine.sendKeys("enter")).hasMessageContaining("does not run");
        assertThat(machine.statistics().uptimeNanos()).isZero();
    }

    /** A process that is ending closes its host; whatever comes too late must not leave a machine behind. */
    @Test
    void aClosedHostStartsNothing() throws Exception {
        VirtualMachine machine = host.create(TestConfigs.named("a"), List.of());
        host.close();
        assertThatThrownBy(() -> machine.start(StartOptions.DEFAULT))
                .isInstanceOf(TerrariumException.class)
                .hasMessageContaining("is ending");
        assertThat(machine.folder().resolve("control.sock")).doesNotExist();
    }

    @Test
    void aStartThatFailsGivesTheMachineBack() throws Exception {
        Path image = home.resolve("disk.img");
        Files.write(image, new byte[512]);
        VirtualMachine machine = host.create(TestConfigs.named("a", TestConfigs.disk(image)), List.of());
        Files.delete(image);
        assertThatThrownBy(() -> machine.start(dev.terrarium.engine.StartOptions.DEFAULT))
                .isInstanceOf(TerrariumException.class);
        assertThat(machine.state().active()).isFalse();
        new MachineFolder(machine.folder()).tryLock().orElseThrow().close();
        machine.awaitEnd();
    }

    @Test
    void severalProcessorsAreForEveryAcceleratorAndWithinTheLimit() {
        assertThat(problems(2, 2, MachineConfig.Accelerator.AUTO)).isEmpty();
        assertThat(problems(2, 2, MachineConfig.Accelerator.KVM)).isEmpty();
        assertThat(problems(1, 1, MachineConfig.Accelerator.KVM)).isEmpty();
        assertThat(problems(1, MachineRules.MAXIMUM_VCPUS + 1, MachineConfig.Accelerator.AUTO))
                .hasSize(1);
        assertThat(problems(2, 1, MachineConfig.Accelerator.AUTO)).hasSize(1);
    }

    private static List<String> problems(int vcpus, int most, MachineConfig.Accelerator accelerator) {
        MachineConfig usual = TestConfigs.named("a");
        return MachineRules.problems(
                new MachineConfig(
                        usual.version(),
                        usual.id(),
                        usual.name(),
                        usual.operatingSystem(),
                        usual.memoryMiB(),
                        vcpus,
                        most,
                        accelerator,
                        usual.bootOrder(),
                        usual.disks(),
                        usual.kernel(),
                        usual.networks(),
                        usual.debugConsole(),
                        usual.debugExitPort()),
                1L << 30);
    }

    @Test
    void memoryBeyondTheHostIsRefused() {
        MachineConfig config = TestConfigs.named("a");
        assertThat(MachineRules.problems(config, 32L << 20))
                .singleElement()
                .asString()
                .contains("64 MiB");
        assertThat(MachineRules.problems(config, 64L << 20)).isEmpty();
    }
}
