// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import dev.terrarium.engine.disk.DiskImages;
import dev.terrarium.engine.disk.ImageSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The overlays of a run whose writes are thrown away: one on each disk that can be written, in a folder of the machine's that goes
 * when the run ends, or with the next one if the process was killed. The machine's images are only read. For the holder of
 * the machine's lock.
 */
final class DisposableDisks {
    private static final Logger LOG = LoggerFactory.getLogger(DisposableDisks.class);

    private DisposableDisks() {}

    private static Path folder(MachineFolder machine) {
        return machine.path().resolve("disposable");
    }

    /** Makes the overlays; returns the configuration to run with. */
    static MachineConfig make(MachineFolder machine, MachineConfig config) throws TerrariumException {
        sweep(machine);
        Path folder = folder(machine);
        try {
            Files.createDirectory(folder);
        } catch (IOException e) {
            throw new TerrariumException(folder + " cannot be made (" + e + "): check permissions and free space", e);
        }
        List<DriveConfig> drives = new ArrayList<>();
        try {
            for (DriveConfig drive : config.disks()) {
                boolean kept = drive.kind() == DriveConfig.Kind.CDROM || drive.readOnly();
                drives.add(
                        kept
                                ? drive
                                : overlay(folder.resolve("disk" + (drives.size() + 1) + ".qcow2"), drive, machine));
            }
        } catch (TerrariumException e) {
            sweep(machine);
            throw e;
        }
        return config.withDisks(drives);
    }

    private static DriveConfig overlay(Path image, DriveConfig drive, MachineFolder machine) throws TerrariumException {
        Path base = Path.of(String.valueOf(drive.path())).toAbsolutePath();
        List<Path> allowed = new ArrayList<>(List.of(base.resolveSibling(""), machine.path()));
        drive.standsOn()
                .forEach(below -> allowed.add(Path.of(below).toAbsolutePath().resolveSibling("")));
        DiskImages.create(
                new ImageSource(image, "qcow2", allowed),
                OptionalLong.empty(),
                Map.of(
                        "backing_file",
                        base.toString(),
                        "backing_fmt",
                        drive.format().imageFormat()));
        return drive.withOverlay(image.toString(), DriveConfig.Format.QCOW2, base.toString());
    }

    /** Throws away what a run left that was killed, unless somebody runs the machine now. For anybody. */
    static void sweepLeftovers(MachineFolder machine) throws TerrariumException {
        if (!Files.isDirectory(folder(machine))) {
            return;
        }
        Optional<MachineFolder.RunLock> lock = machine.tryLock();
        if (lock.isPresent()) {
            try (MachineFolder.RunLock held = lock.get()) {
                LOG.info("under {}: what a killed disposable run wrote is thrown away", held.file());
                sweep(machine);
            }
        }
    }

    /** Throws away what a disposable run wrote. */
    static void sweep(MachineFolder machine) {
        Path folder = folder(machine);
        if (Files.isDirectory(folder)) {
            try {
                LocalHost.removeTree(folder);
            } catch (IOException e) {
                LOG.warn("{}: what a disposable run wrote could not be removed whole", folder, e);
            }
        }
    }
}
