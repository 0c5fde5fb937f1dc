// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terrarium.engine.MachineEnd;
import dev.terrarium.engine.MachineListener;
import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.Progress;
import dev.terrarium.engine.Snapshot;
import dev.terrarium.engine.StartOptions;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.engine.config.DriveIo;
import dev.terrarium.engine.config.MachineConfig.BootDevice;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import dev.terrarium.engine.config.Throttle;
import dev.terrarium.engine.image.AllowedFolders;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.ImageFormats;
import dev.terrarium.engine.image.Qemu;
import dev.terrarium.engine.image.SmallFileSystem;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The BIOS writes a disk on a host's file system that becomes full. */
@Tag("guest-boot")
class FullHostDiskTest {
    private static final int SIZE = 16 << 20;
    private static final int SEED = 0x1234_5678;
    private static final Duration LIMIT = Duration.ofMinutes(2);

    @TempDir
    Path home;

    private static DriveConfig disk(Path image, DriveConfig.Format format, DriveIo.OnError onError) throws Exception {
        ImageFormats.create(image, format.imageFormat(), SIZE, Map.of(), AllowedFolders.own());
        try (DiskImage open = ImageFormats.open(image, format.imageFormat(), false, AllowedFolders.own())) {
            open.write(ByteBuffer.wrap(WritingGuest.bootSector(SIZE, SEED)), 0);
        }
        DriveIo io = new DriveIo(DriveIo.Cache.WRITEBACK, onError, DriveIo.Discard.UNMAP, false, Throttle.NONE);
        return GuestRun.disk(image).withImage(image.toString(), format).withIo(io);
    }

    private static void requireWritten(Path image, DriveConfig.Format format) throws Exception {
        if (format == DriveConfig.Format.QCOW2) {
            Qemu.check(image, "qcow2");
        }
        try (DiskImage after = ImageFormats.open(image, format.imageFormat(), true, AllowedFolders.own())) {
            for (int group = 1; group < SIZE / (64 * WritingGuest.SECTOR); group++) {
                byte[] bytes = new byte[64 * WritingGuest.SECTOR];
                after.read(ByteBuffer.wrap(bytes), (long) group * bytes.length);
                assertThat(bytes).as("group %d", group).isEqualTo(WritingGuest.group(group, SEED));
            }
        }
    }

    private SmallFileSystem mount() throws Exception {
        Optional<SmallFileSystem> small = SmallFileSystem.mount(6);
        assumeTrue(small.isPresent(), "users may mount nothing here");
        return small.get();
    }

    @ParameterizedTest
    @CsvSource({"RAW, IDE", "QCOW2, IDE", "QCOW2, VIRTIO"})
    void theMachineWaitsForRoomAndGoesOn(DriveConfig.Format format, DriveConfig.Bus bus) throws Exception {
        try (SmallFileSystem small = mount()) {
            Path image = small.folder().resolve("disk");
            DriveConfig ide = disk(image, format, DriveIo.OnError.PAUSE);
            DriveConfig drive = new DriveConfig(ide.kind(), ide.path(), format, bus, false, ide.io());
            List<MachineState> states = new CopyOnWriteArrayList<>();
            try (GuestRun run = GuestRun.fromDrives(home, List.of(BootDevice.DISK), List.of(drive))) {
                VirtualMachine machine = run.machine();
                machine.addListener(new MachineListener() {
                    @Override
                    public void stateChanged(VirtualMachine changed, MachineState state) {
                        states.add(state);
                    }
                });
                run.await("pause", LIMIT, () -> machine.pauseReason().isPresent());
                assertThat(machine.state()).isEqualTo(MachineState.PAUSED);
                assertThat(machine.pauseReason().orElseThrow())
                        .contains(image + ": ")
                        .contains("make room on ")
                        .endsWith("it goes on by itself, too");
                machine.resume();
                run.await("second pause", LIMIT, () -> machine.pauseReason().isPresent());

                small.resize(64);
                assertThat(run.awaitEnd(LIMIT)).isEqualTo(new MachineEnd.DebugExit(WritingGuest.DONE));
                assertThat(machine.pauseReason()).isEmpty();
            }
            assertThat(states)
                    .startsWith(MachineState.PAUSED, MachineState.RUNNING, MachineState.PAUSED)
                    .endsWith(MachineState.RUNNING, MachineState.OFF);
            requireWritten(image, format);
        }
    }

    @Test
    void aPersonsPauseIsNotEnded() throws Exception {
        try (SmallFileSystem small = mount()) {
            DriveConfig drive = disk(small.folder().resolve("disk"), DriveConfig.Format.QCOW2, DriveIo.OnError.PAUSE);
            try (GuestRun run = GuestRun.fromDrives(home, List.of(BootDevice.DISK), List.of(drive))) {
                VirtualMachine machine = run.machine();
                run.await("pause", LIMIT, () -> machine.pauseReason().isPresent());
                machine.pause();
                assertThat(machine.pauseReason().orElseThrow()).endsWith(" and resume");
                small.resize(64);
                machine.resume();
                assertThat(run.awaitEnd(LIMIT)).isEqualTo(new MachineEnd.DebugExit(WritingGuest.DONE));
            }
            requireWritten(small.folder().resolve("disk"), DriveConfig.Format.QCOW2);
        }
    }

    @Test
    void goingBackToASnapshotEndsThePause() throws Exception {
        try (SmallFileSystem small = mount()) {
            Path image = small.folder().resolve("disk");
            DriveConfig drive = disk(image, DriveConfig.Format.QCOW2, DriveIo.OnError.PAUSE);
            try (GuestRun run = GuestRun.fromDrives(home, List.of(BootDevice.DISK), List.of(drive))) {
                VirtualMachine machine = run.machine();
                run.await("pause", LIMIT, () -> machine.pauseReason().isPresent());
                machine.forceOff();
                small.resize(7);
                machine.snapshots()
                        .create(new Snapshot.Request("s", "", false, Snapshot.Storage.INTERNAL), Progress.NONE);
                machine.start(new StartOptions(null, null, null));
                run.await("second pause", LIMIT, () -> machine.pauseReason().isPresent());
                machine.pause();
                small.resize(64);
                machine.snapshots().revert("s", Progress.NONE);
                assertThat(machine.state()).isEqualTo(MachineState.OFF);
                assertThat(machine.pauseReason()).isEmpty();
            }
            Qemu.check(image, "qcow2");
        }
    }

    @Test
    void switchingOffDoesNotWait() throws Exception {
        try (SmallFileSystem small = mount()) {
            Path image = small.folder().resolve("disk");
            DriveConfig drive = disk(image, DriveConfig.Format.QCOW2, DriveIo.OnError.PAUSE);
            try (GuestRun run = GuestRun.fromDrives(home, List.of(BootDevice.DISK), List.of(drive))) {
                run.await("pause", LIMIT, () -> run.machine().pauseReason().isPresent());
                run.machine().forceOff();
                assertThat(run.machine().state()).isEqualTo(MachineState.OFF);
                assertThat(run.machine().pauseReason()).isEmpty();
            }
            small.resize(64);
            // The next to open it for writing mends what a full disk left.
            ImageFormats.open(image, "qcow2", false, AllowedFolders.own()).close();
            Qemu.check(image, "qcow2");
        }
    }

    @Test
    void aGuestThatIsToBeToldIs() throws Exception {
        try (SmallFileSystem small = mount()) {
            Path image = small.folder().resolve("disk");
            DriveConfig drive = disk(image, DriveConfig.Format.QCOW2, DriveIo.OnError.REPORT);
            try (GuestRun run = GuestRun.fromDrives(home, List.of(BootDevice.DISK), List.of(drive))) {
                assertThat(run.awaitEnd(LIMIT)).isEqualTo(new MachineEnd.DebugExit(WritingGuest.FAILED));
            }
        }
    }
}
