// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import java.util.List;
import java.util.UUID;

/** Configurations for tests. */
final class TestConfigs {
    private TestConfigs() {}

    static MachineConfig named(String name, DriveConfig... drives) {
        return new MachineConfig(
                MachineConfig.CURRENT_VERSION,
                UUID.randomUUID(),
                name,
                "other",
                64,
                1,
                1,
                MachineConfig.Accelerator.AUTO,
                List.of(MachineConfig.BootDevice.DISK),
                List.of(drives),
                null,
                List.of(),
                null,
                null);
    }

    static DriveConfig disk(java.nio.file.Path path) {
        return new DriveConfig(
                DriveConfig.Kind.DISK, path.toString(), DriveConfig.Format.RAW, DriveConfig.Bus.IDE, false);
    }

    static DriveConfig cdrom(java.nio.file.Path path) {
        return new DriveConfig(
                DriveConfig.Kind.CDROM, path.toString(), DriveConfig.Format.RAW, DriveConfig.Bus.IDE, true);
    }
}
