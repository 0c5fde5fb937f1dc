// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.board.SavedMachine;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import dev.terrarium.engine.state.Durable;
import dev.terrarium.engine.state.StateCodec;
import dev.terrarium.engine.state.StateFile;
import dev.terrarium.engine.state.StateFileException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * The state that a machine was saved in: the folder {@code saved-state} with {@code memory}, {@code state}, and {@code disks}, which
 * says how the disks were when it was made. It is put together in {@code saved-state.new} and appears with a rename; before the
 * machine goes on it becomes {@code saved-state.old}. Everything but {@link #exists} is for whoever holds the machine's lock.
 */
final class SavedState {
    static final String CONFIGURATION = "configuration";
    private static final String DISKS = "disks";

    private final MachineFolder folder;

    SavedState(MachineFolder folder) {
        this.folder = folder;
    }

    boolean exists() {
        return Files.isDirectory(folder.savedState());
    }

    private Path half() {
        return folder.path().resolve("saved-state.new");
    }

    private Path used() {
        return folder.path().resolve("saved-state.old");
    }

    /** Is one being made? */
    boolean hasBegun() {
        return Files.exists(half());
    }

    /** Is there something that {@link #sweep} removes? */
    boolean hasLeftovers() {
        return Files.exists(half()) || Files.exists(used());
    }

    /** Removes what an end of the process left half made or used up. */
    void sweep() throws TerrariumException {
        Durable.delete(half());
        Durable.delete(used());
    }

    /** An empty folder for a new one. */
    SavedMachine begin(MachineConfig config) throws TerrariumException {
        sweep();
        Durable.createFolder(half());
        return new SavedMachine(half(), config.id());
    }

    /** Parts of the state that say which machine it is of. */
    static Map<String, byte[]> parts(MachineConfig config) {
        return Map.of(CONFIGURATION, MachineFolder.encode(config));
    }

    /** Notes how the disks are, which are closed, and lets the new state appear. */
    void commit(MachineConfig config) throws TerrariumException {
        StateFile state = new SavedMachine(half(), config.id()).read();
        Map<String, byte[]> parts = Map.of(DISKS, StateCodec.encode(DiskMarks.of(config)));
        new StateFile(config.id(), state.state(), state.writer(), parts).write(half().resolve(DISKS));
        Durable.sync(half());
        Durable.delete(folder.savedState());
        Durable.rename(half(), folder.savedState());
    }

    /**
     * The state to go on from. The disks are locked by now.
     *
     * @throws TerrariumException if the machine or its disks are not what they were
     */
    SavedMachine check(MachineConfig config) throws TerrariumException {
        SavedMachine saved = new SavedMachine(folder.savedState(), config.id());
        StateFile state = saved.read();
        Path disks = folder.savedState().resolve(DISKS);
        StateFile marks = StateFile.read(disks);
        if (!marks.state().equals(state.state()) || !marks.machine().equals(config.id())) {
            throw StateFileException.foreign(
                    disks, "it belongs to another state: take all files from the same backup, or " + discard(config));
        }
        byte[] then = state.parts().get(CONFIGURATION);
        if (then == null || !sameHardware(folder.parse(then), config)) {
            throw new TerrariumException(
                    "\"" + config.name() + "\" is configured otherwise than when it was saved: undo" + " the change in "
                            + folder.configFile() + ", or " + discard(config));
        }
        marks.part(disks, DISKS, DiskMarks.class).check(config, discard(config));
        return saved;
    }

    /** Which images are in the drives is for {@link DiskMarks} to compare. */
    private static MachineConfig withoutImages(MachineConfig config) {
        return config.withDisks(config.disks().stream()
                .map(drive -> new DriveConfig(
                        drive.kind(),
                        drive.path() == null ? null : "",
                        DriveConfig.Format.AUTO,
                        drive.bus(),
                        drive.readOnly(),
                        drive.io()))
                .toList());
    }

    /** What executes the guest's instructions may change. */
    private static boolean sameHardware(MachineConfig then, MachineConfig now) {
        return withoutImages(then).withAccelerator(now.accelerator()).equals(withoutImages(now));
    }

    static String discard(MachineConfig config) {
        return "discard its saved state with terrarium restore \"" + config.name() + "\" --discard";
    }

    /** From now on the machine is not saved any more; what it was stays until {@link #sweep}. */
    void retire() throws TerrariumException {
        Durable.delete(used());
        Durable.rename(folder.savedState(), used());
    }
}
