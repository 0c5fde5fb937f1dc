// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.BootDevice;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DetailsViewModelTest {
    @TempDir
    Path home;

    private MachineConfig config;
    private DetailsViewModel model;

    @BeforeEach
    void open() {
        config = FakeHost.config("ant", "debian12", home);
        model = new DetailsViewModel(new FakeHost(home), Runnable::run, Runnable::run, config);
        model.setHostMemory(8L << 30);
    }

    @Test
    void aDiskIsDescribedByItsOwnFormat() throws Exception {
        Path file = Files.write(home.resolve("d.vdi"), new byte[1 << 20]);
        assertThat(described(file, DriveConfig.Format.VDI)).isEqualTo(file + "\n1 MiB on the host, vdi, IDE");
        assertThat(described(file, DriveConfig.Format.RAW)).isEqualTo(file + "\n1 MiB, raw, IDE");
        Path none = home.resolve("none");
        assertThat(described(none, DriveConfig.Format.QCOW2)).isEqualTo(none + "\nMissing, qcow2, IDE");
    }

    private static String described(Path file, DriveConfig.Format format) {
        return DetailsViewModel.describe(
                new DriveConfig(DriveConfig.Kind.DISK, file.toString(), format, DriveConfig.Bus.IDE, false));
    }

    @Test
    void nothingIsChangedAtFirst() {
        assertThat(model.changed().get()).isFalse();
        assertThat(model.canApply().get()).isFalse();
        assertThat(model.changedConfig()).isEqualTo(config);
    }

    @Test
    void memoryIsCheckedAgainstTheHost() {
        model.memory.set("9000");
        assertThat(model.memoryProblem.get()).contains("at most 8192 MiB");
        assertThat(model.canApply().get()).isFalse();
        model.memory.set("4096");
        assertThat(model.canApply().get()).isTrue();
        assertThat(model.changedConfig().memoryMiB()).isEqualTo(4096);
        model.revert();
        assertThat(model.changed().get()).isFalse();
    }

    @Test
    void aCdIsLookedAtAndCanBeTakenOut() {
        model.cd.set("/tmp/picture.png");
        assertThat(model.cdProblem.get()).contains("not a CD image");
        assertThat(model.canApply().get()).isFalse();
        model.cd.set("/tmp/other.iso");
        assertThat(model.cdTitle.get()).startsWith("Debian 12");
        assertThat(cd(model.changedConfig()).path()).isEqualTo("/tmp/other.iso");
        model.cd.set("");
        assertThat(model.canApply().get()).isTrue();
        assertThat(cd(model.changedConfig()).path()).isNull();
        assertThat(model.changedConfig().disks()).hasSameSizeAs(config.disks());
    }

    @Test
    void aNewConfigurationReplacesWhatWasTyped() {
        model.memory.set("2048");
        model.bootOrder.set(List.of(BootDevice.DISK));
        MachineConfig applied = model.changedConfig();
        model.setConfig(applied);
        assertThat(model.changed().get()).isFalse();
        assertThat(model.bootOrder.get()).containsExactly(BootDevice.DISK);
    }

    private static DriveConfig cd(MachineConfig config) {
        return config.disks().stream()
                .filter(drive -> drive.kind() == DriveConfig.Kind.CDROM)
                .findFirst()
                .orElseThrow();
    }
}
