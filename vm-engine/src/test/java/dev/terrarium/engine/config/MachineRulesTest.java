// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MachineRulesTest {
    @ParameterizedTest
    @ValueSource(strings = {"a", "Debian 12", "größe", "x_1+2(3)-4", "_"})
    void namesThatAreFolderNamesAreGood(String name) {
        assertThat(MachineRules.nameProblem(name)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "  ", "a/b", "a\\b", "..", ".x", "-x", "a.", "a ", "a\tb", "a\u0000", "a:b"})
    void otherNamesAreNot(String name) {
        assertThat(MachineRules.nameProblem(name)).isPresent();
    }

    @Test
    void aNameHasALimit() {
        assertThat(MachineRules.nameProblem("a".repeat(64))).isEmpty();
        assertThat(MachineRules.nameProblem("a".repeat(65))).isPresent();
    }

    @ParameterizedTest
    @ValueSource(longs = {Long.MIN_VALUE, -1, 0, 15, 1025, 1L << 44, Long.MAX_VALUE})
    void memoryOutsideTheHostIsRefused(long mebibytes) {
        assertThat(MachineRules.memoryProblem(mebibytes, 1L << 30)).isPresent();
    }

    private static MachineConfig withDrives(int count, DriveConfig.Kind kind, DriveConfig.Bus bus) {
        DriveConfig drive = new DriveConfig(kind, "/disk", DriveConfig.Format.RAW, bus, false);
        return new MachineConfig(
                MachineConfig.CURRENT_VERSION,
                new UUID(1, 2),
                "a",
                "other",
                64,
                1,
                1,
                MachineConfig.Accelerator.AUTO,
                List.of(),
                Collections.nCopies(count, drive),
                null,
                List.of(),
                null,
                null);
    }

    private static List<String> problems(int count, DriveConfig.Kind kind, DriveConfig.Bus bus) {
        return MachineRules.problems(withDrives(count, kind, bus), 1L << 30);
    }

    @Test
    void drivesFitOnTheirBus() {
        assertThat(problems(4, DriveConfig.Kind.CDROM, DriveConfig.Bus.IDE)).isEmpty();
        assertThat(problems(5, DriveConfig.Kind.DISK, DriveConfig.Bus.IDE)).hasSize(1);
        assertThat(problems(16, DriveConfig.Kind.DISK, DriveConfig.Bus.VIRTIO)).isEmpty();
        assertThat(problems(17, DriveConfig.Kind.DISK, DriveConfig.Bus.VIRTIO)).hasSize(1);
        assertThat(problems(1, DriveConfig.Kind.CDROM, DriveConfig.Bus.VIRTIO)).hasSize(1);
    }

    @Test
    void limitsBelongToTheRange() {
        assertThat(MachineRules.memoryProblem(16, 1L << 30)).isEmpty();
        assertThat(MachineRules.memoryProblem(1024, 1L << 30)).isEmpty();
        assertThat(MachineRules.vcpusProblem(1)).isEmpty();
        assertThat(MachineRules.vcpusProblem(0)).isPresent();
        assertThat(MachineRules.vcpusProblem(MachineRules.MAXIMUM_VCPUS + 1)).isPresent();
        assertThat(MachineRules.diskProblem(1)).isEmpty();
        assertThat(MachineRules.diskProblem(0)).isPresent();
        assertThat(MachineRules.diskProblem(Long.MAX_VALUE)).isPresent();
    }
}
