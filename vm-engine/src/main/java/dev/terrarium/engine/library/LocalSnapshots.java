// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import dev.terrarium.engine.Progress;
import dev.terrarium.engine.Snapshot;
import dev.terrarium.engine.SnapshotTree;
import dev.terrarium.engine.Snapshots;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.board.SavedMachine;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.snapshot.MachineSnapshots;
import dev.terrarium.engine.snapshot.SnapshotOwner;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A machine's snapshots, changed by whichever process runs it. */
final class LocalSnapshots implements Snapshots {
    private final LocalMachine machine;
    private final MachineSnapshots own;

    LocalSnapshots(LocalMachine machine) {
        this.machine = machine;
        this.own = new MachineSnapshots(new Owner());
    }

    boolean hasLeftovers() throws TerrariumException {
        return own.hasLeftovers();
    }

    void recover() throws TerrariumException {
        own.recover();
    }

    List<Path> trusted() throws TerrariumException {
        return own.trusted();
    }

    /** As {@link MachineSnapshots#requireNotFrozen}. */
    void requireNotFrozen(MachineConfig config) throws TerrariumException {
        own.requireNotFrozen(config);
    }

    @Override
    public SnapshotTree tree() throws TerrariumException {
        return own.tree();
    }

    @Override
    public Snapshot create(Snapshot.Request request, Progress progress) throws TerrariumException {
        if (!machine.runsElsewhere()) {
            return own.create(request, progress);
        }
        String id = machine.remote().createSnapshot(request, progress);
        return tree().find(id)
                .orElseThrow(() -> new TerrariumException(
                        "the snapshot \"" + request.name() + "\" is gone already: see terrarium snapshot list"));
    }

    @Override
    public void revert(String name, Progress progress) throws TerrariumException {
        if (machine.runsElsewhere()) {
            machine.remote().revertSnapshot(name, progress);
        } else {
            own.revert(name, progress);
        }
    }

    @Override
    public Snapshot.Removal removal(String name) throws TerrariumException {
        return machine.runsElsewhere() ? machine.remote().snapshotRemoval(name) : own.removal(name);
    }

    @Override
    public void delete(String name, Progress progress) throws TerrariumException {
        if (machine.runsElsewhere()) {
            machine.remote().deleteSnapshot(name, progress);
        } else {
            own.delete(name, progress);
        }
    }

    @Override
    public void edit(String name, String newName, String description) throws TerrariumException {
        if (machine.runsElsewhere()) {
            machine.remote().editSnapshot(name, newName, description);
        } else {
            own.edit(name, newName, description);
        }
    }

    /** The machine, as its snapshots see it. */
    private final class Owner implements SnapshotOwner {
        @Override
        public Path folder() {
            return machine.folder();
        }

        @Override
        public MachineConfig config() {
            return machine.config();
        }

        @Override
        public byte[] encode(MachineConfig config) {
            return MachineFolder.encode(config);
        }

        @Override
        public MachineConfig parse(byte[] text) throws TerrariumException {
            return machine.machineFolder().parse(text);
        }

        @Override
        public void adopt(MachineConfig config) throws TerrariumException {
            machine.adopt(config);
        }

        @Override
        public Map<String, byte[]> stateParts() {
            return SavedState.parts(machine.config());
        }

        @Override
        public boolean drawPicture(Path file) throws TerrariumException {
            var picture = machine.picture();
            if (picture.isEmpty()) {
                return false;
            }
            try (OutputStream output = Files.newOutputStream(file)) {
                picture.get().writePng(output);
                return true;
            } catch (IOException e) {
                throw new TerrariumException(file + " cannot be written (" + e + "): make room on its disk", e);
            }
        }

        @Override
        public SavedMachine beginSavedState() throws TerrariumException {
            return machine.saved().begin(machine.config());
        }

        @Override
        public void commitSavedState() throws TerrariumException {
            if (machine.saved().hasBegun()) {
                machine.saved().commit(machine.config());
            }
        }

        @Override
        public void dropSavedState() throws TerrariumException {
            if (machine.saved().exists()) {
                machine.saved().retire();
                machine.saved().sweep();
            }
        }

        @Override
        public boolean isSaved() {
            return machine.saved().exists();
        }

        @Override
        public <T> T exclusively(Work<T> work) throws TerrariumException {
            return machine.exclusively(work);
        }

        @Override
        public void switchedOff(Work<Boolean> work) throws TerrariumException {
            machine.switchedOff(work);
        }
    }
}
