// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.Engine;
import dev.terrarium.engine.Host;
import dev.terrarium.engine.MachineEnd;
import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.Progress;
import dev.terrarium.engine.Snapshot;
import dev.terrarium.engine.Snapshot.Content;
import dev.terrarium.engine.Snapshot.Storage;
import dev.terrarium.engine.SnapshotTree;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.engine.config.MachineConfig.Accelerator;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import dev.terrarium.engine.image.AllowedFolders;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.ImageFormats;
import dev.terrarium.engine.image.Qemu;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** SIGKILL in the middle of saves and snapshots, {@code -Dkills=N} times each: the machine is as before the step or as after it. */
class KilledTest {
    private static final int KILLS = Integer.getInteger("kills", 4);
    private static final long SEED = Long.getLong("kill.seed", 20261121);
    private static final int ROUNDS = 120;

    @TempDir
    Path folder;

    /** What a victim did until its end. */
    private record Traces(int ended, boolean within) {}

    private Path home(int number) throws IOException {
        return Files.createDirectories(folder.resolve("home" + number));
    }

    private static void killAfter(Process victim, long millis) {
        Thread.ofVirtual().start(() -> {
            try {
                victim.waitFor(millis, TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            victim.destroyForcibly();
        });
    }

    /** Kills a victim so long after the beginning of one of its steps, the first being 0. */
    private static Traces kill(Path home, String mode, long seed, Storage storage, int step, long millis)
            throws Exception {
        Process victim = Victim.start(home, mode, seed, storage);
        int begun = 0;
        int ended = 0;
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(victim.getInputStream(), StandardCharsets.US_ASCII))) {

            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.equals("end")) {
                    ended++;
                } else if (line.equals("begin") && begun++ == step) {
                    killAfter(victim, millis);
                }
            }
        }
        victim.waitFor();
        return new Traces(ended, begun > ended);
    }

    private DriveConfig disk(Path home, DriveConfig.Format format) throws Exception {
        Path image = home.resolve("disk." + format.imageFormat());
        ImageFormats.create(image, format.imageFormat(), SnapshotScript.BYTES, Map.of(), AllowedFolders.own());
        return new DriveConfig(DriveConfig.Kind.DISK, image.toString(), format, DriveConfig.Bus.IDE, false);
    }

    private static byte[] content(VirtualMachine machine) throws Exception {
        byte[] bytes = new byte[SnapshotScript.BYTES];
        try (DiskImage image = SnapshotScript.open(machine, true)) {
            image.read(ByteBuffer.wrap(bytes), 0);
        }
        return bytes;
    }

    private static void checkImages(Path home, VirtualMachine machine) throws Exception {
        for (Path each : List.of(home, machine.folder().resolve("disks"))) {
            if (Files.isDirectory(each)) {
                try (Stream<Path> files = Files.list(each)) {
                    for (Path file : files.filter(name -> name.toString().endsWith(".qcow2"))
                            .toList()) {
                        Qemu.checkAfterKill(file, "qcow2");
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aMachineThatIsOffIsBeforeOrAfter(Storage storage) throws Exception {
        Random random = new Random(SEED);
        int within = 0;
        int steps = 0;
        for (int i = 0; i < KILLS; i++) {
            Path home = home(i);
            try (Host host = Engine.open(home)) {
                host.create(TestConfigs.named("victim", disk(home, DriveConfig.Format.QCOW2)), List.of());
            }
            long seed = random.nextLong();
            Traces traces = kill(home, "off", seed, storage, random.nextInt(12), random.nextInt(300));
            within += traces.within ? 1 : 0;
            steps += traces.ended;
            SnapshotScript before = SnapshotScript.after(seed, storage, traces.ended);
            SnapshotScript after = SnapshotScript.after(seed, storage, traces.ended);
            String step = traces.within ? after.step(null) : "nothing";
            String what = "seed " + seed + ", " + traces.ended + " steps, then " + step;
            try (Host host = Engine.open(home)) {
                VirtualMachine machine = host.find("victim").orElseThrow();
                // Any change looks after what was left.
                machine.reconfigure(machine.config());
                SnapshotTree tree = machine.snapshots().tree();
                assertThat(tree.problems()).as(what).isEmpty();
                List<String> names =
                        tree.snapshots().stream().map(Snapshot::name).sorted().toList();
                assertThat(names)
                        .as(what)
                        .isIn(
                                List.copyOf(before.snapshots().keySet()),
                                List.copyOf(after.snapshots().keySet()));
                if (!step.equals("write")) {
                    byte[] now = content(machine);
                    assertThat(Arrays.equals(now, before.disk()) || Arrays.equals(now, after.disk()))
                            .as(what)
                            .isTrue();
                }
                for (String name : names) {
                    byte[] then = before.snapshots()
                            .getOrDefault(name, after.snapshots().get(name));
                    machine.snapshots().revert(name, Progress.NONE);
                    assertThat(Arrays.equals(content(machine), then))
                            .as(what + ": " + name)
                            .isTrue();
                }
                for (String name : names) {
                    machine.snapshots().delete(name, Progress.NONE);
                }
                checkImages(home, machine);
                try (Stream<Path> left = Files.list(machine.folder().resolve("disks"))) {
                    assertThat(left.count()).as(what).isLessThanOrEqualTo(storage == Storage.OVERLAY ? 1 : 0);
                }
            }
        }
        System.out.printf(
                "killed %d times (%s, off), %d of them within a step, after %d steps in all, seed %d%n",
                KILLS, storage, within, steps, SEED);
    }

    private void worker(Path home, DriveConfig.Format format) throws Exception {
        WorkerGuest.require();
        Path kernel = WorkerGuest.kernel(folder);
        try (Host host = Engine.open(home)) {
            host.create(
                    WorkerGuest.config("victim", kernel, ROUNDS, Accelerator.SOFTWARE, disk(home, format)), List.of());
        }
    }

    private static void finish(VirtualMachine machine) throws Exception {
        WorkerGuest guest = new WorkerGuest();
        machine.start(guest.options());
        MachineEnd end = machine.awaitEnd();
        assertThat(end).isEqualTo(WorkerGuest.GOOD_END);
        assertThat(guest.said()).endsWith(WorkerGuest.printed(ROUNDS) + "\n");
    }

    @ParameterizedTest
    @EnumSource
    void aRunningMachineCanGoOnFromEverySnapshot(Storage storage) throws Exception {
        Random random = new Random(SEED + 1);
        int within = 0;
        int found = 0;
        for (int i = 0; i < KILLS; i++) {
            Path home = home(i);
            worker(home, DriveConfig.Format.QCOW2);
            Traces traces = kill(home, "running", 0, storage, random.nextInt(6), random.nextInt(700));
            within += traces.within ? 1 : 0;
            try (Host host = Engine.open(home)) {
                VirtualMachine machine = host.find("victim").orElseThrow();
                SnapshotTree tree = machine.snapshots().tree();
                assertThat(tree.problems()).isEmpty();
                found += tree.snapshots().size();
                for (Snapshot each : tree.snapshots().reversed()) {
                    machine.snapshots().revert(each.name(), Progress.NONE);
                    if (each.content() == Content.RUNNING) {
                        assertThat(machine.state()).isEqualTo(MachineState.SAVED);
                        finish(machine);
                        break;
                    }
                }
                if (machine.state() == MachineState.SAVED) {
                    machine.discardSavedState();
                }
                for (Snapshot each : tree.snapshots()) {
                    machine.snapshots().delete(each.name(), Progress.NONE);
                }
                checkImages(home, machine);
                finish(machine);
            }
        }
        System.out.printf(
                "killed %d times (%s, running), %d of them within a step, %d snapshots found, seed %d%n",
                KILLS, storage, within, found, SEED);
    }

    @Test
    void aSavedMachineIsThereWholeOrNotAtAll() throws Exception {
        Random random = new Random(SEED + 2);
        int within = 0;
        int saved = 0;
        for (int i = 0; i < KILLS; i++) {
            Path home = home(i);
            worker(home, DriveConfig.Format.RAW);
            Traces traces = kill(home, "save", 0, Storage.OVERLAY, random.nextInt(4), random.nextInt(700));
            within += traces.within ? 1 : 0;
            try (Host host = Engine.open(home)) {
                VirtualMachine machine = host.find("victim").orElseThrow();
                assertThat(machine.state()).isIn(MachineState.OFF, MachineState.SAVED);
                saved += machine.state() == MachineState.SAVED ? 1 : 0;
                finish(machine);
            }
        }
        System.out.printf(
                "killed %d times (save), %d within a save, %d were saved, seed %d%n", KILLS, within, saved, SEED);
    }
}
