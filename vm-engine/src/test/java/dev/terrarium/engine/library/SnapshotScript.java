// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import dev.terrarium.engine.Progress;
import dev.terrarium.engine.Snapshot;
import dev.terrarium.engine.Snapshot.Storage;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import dev.terrarium.engine.image.AllowedFolders;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.ImageFormats;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A history of a machine with one disk that follows from a seed: done on a machine, or in memory alone. */
final class SnapshotScript {
    static final int BYTES = 1 << 20;

    private final Random random;
    private final Storage storage;
    private final Map<String, byte[]> snapshots = new TreeMap<>();
    private byte[] disk = new byte[BYTES];
    private int number;

    SnapshotScript(long seed, Storage storage) {
        this.random = new Random(seed);
        this.storage = storage;
    }

    /** The script after so many steps, in memory. */
    static SnapshotScript after(long seed, Storage storage, int steps) throws TerrariumException, IOException {
        SnapshotScript script = new SnapshotScript(seed, storage);
        for (int i = 0; i < steps; i++) {
            script.step(null);
        }
        return script;
    }

    Map<String, byte[]> snapshots() {
        return snapshots;
    }

    byte[] disk() {
        return disk;
    }

    static DiskImage open(VirtualMachine machine, boolean readOnly) throws TerrariumException, IOException {
        DriveConfig drive = machine.config().disks().getFirst();
        return ImageFormats.open(
                Path.of(drive.path()), drive.format().imageFormat(), readOnly, AllowedFolders.everywhere());
    }

    /** Does the next thing and says what it was. */
    String step(@Nullable VirtualMachine machine) throws TerrariumException, IOException {
        List<String> names = List.copyOf(snapshots.keySet());
        int what = names.isEmpty() ? random.nextInt(5) : random.nextInt(11);
        number++;
        if (what < 2) {
            return write(machine);
        }
        if (what < 6) {
            String name = "s%04d".formatted(number);
            if (machine != null) {
                machine.snapshots().create(new Snapshot.Request(name, "", true, storage), Progress.NONE);
            }
            snapshots.put(name, disk.clone());
            return "create";
        }
        String name = names.get(random.nextInt(names.size()));
        if (what < 8) {
            if (machine != null) {
                machine.snapshots().revert(name, Progress.NONE);
            }
            disk = snapshots.get(name).clone();
            return "revert";
        }
        if (machine != null) {
            machine.snapshots().delete(name, Progress.NONE);
        }
        snapshots.remove(name);
        return "delete";
    }

    private String write(@Nullable VirtualMachine machine) throws TerrariumException, IOException {
        int at = random.nextInt(BYTES / 512) * 512;
        byte[] bytes = new byte[Math.min(BYTES - at, 512 * (1 + random.nextInt(800)))];
        random.nextBytes(bytes);
        if (machine != null) {
            try (DiskImage image = open(machine, false)) {
                image.write(ByteBuffer.wrap(bytes), at);
            }
        }
        System.arraycopy(bytes, 0, disk, at, bytes.length);
        return "write";
    }
}
