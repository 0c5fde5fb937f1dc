// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import dev.terrarium.engine.CloneRequest;
import dev.terrarium.engine.Progress;
import dev.terrarium.engine.Snapshot;
import dev.terrarium.engine.SnapshotTree;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.snapshot.MachineSnapshots;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which moment of a machine is cloned. A machine that is off is copied as it is, while nobody else may have it. Of one that runs, and for
 * a clone that goes on standing on the original's images, a snapshot of the disks is taken: its images are never written again.
 */
final class Cloning {
    private static final Logger LOG = LoggerFactory.getLogger(Cloning.class);

    private final Path machines;
    private final LocalMachine original;

    Cloning(Path machines, LocalMachine original) {
        this.machines = machines;
        this.original = original;
    }

    private Cloner cloner(CloneRequest request, Cloner.Source source) {
        return new Cloner(machines, source, request.name(), request.kind());
    }

    private Cloner.Source now() throws TerrariumException {
        return new Cloner.Source(original.config(), original.trusted(), Optional.empty());
    }

    private Cloner.Source then(String snapshot) throws TerrariumException {
        MachineSnapshots.Moment moment = original.moment(snapshot);
        return new Cloner.Source(moment.machine(), moment.trusted(), moment.inside());
    }

    CloneRequest.Plan plan(CloneRequest request) throws TerrariumException {
        Optional<String> snapshot = request.snapshot();
        Cloner cloner = cloner(request, snapshot.isPresent() ? then(snapshot.get()) : now());
        cloner.check();
        return cloner.plan();
    }

    /** Makes the clone; returns its configuration. */
    MachineConfig run(CloneRequest request, Progress progress) throws TerrariumException {
        Optional<String> snapshot = request.snapshot();
        if (snapshot.isPresent()) {
            return ofSnapshot(request, snapshot.get(), progress);
        }
        if (request.kind() == CloneRequest.Kind.LINKED || original.state().active()) {
            return ofNewSnapshot(request, progress);
        }
        return original.exclusively(board -> {
            if (board.isPresent()) {
                throw new TerrariumException("\"" + original.name() + "\" was started meanwhile: clone it again");
            }
            return cloner(request, now()).run(progress);
        });
    }

    private MachineConfig ofSnapshot(CloneRequest request, String snapshot, Progress progress)
            throws TerrariumException {
        if (original.runsElsewhere()) {
            return cloner(request, then(snapshot)).run(progress);
        }
        // Nobody deletes the snapshot meanwhile.
        return original.exclusively(board -> cloner(request, then(snapshot)).run(progress));
    }

    private MachineConfig ofNewSnapshot(CloneRequest request, Progress progress) throws TerrariumException {
        cloner(request, now()).check();
        Snapshot.Request wanted = new Snapshot.Request(
                freeName("clone \"" + request.name() + "\""),
                "The disks that \"" + request.name() + "\" was made of",
                false,
                Snapshot.Storage.OVERLAY);
        Snapshot snapshot = original.snapshots().create(wanted, Progress.NONE);
        boolean stays = false;
        try {
            MachineConfig copy = ofSnapshot(request, snapshot.id().toString(), progress);
            stays = request.kind() == CloneRequest.Kind.LINKED;
            return copy;
        } finally {
            if (!stays) {
                delete(snapshot);
            }
        }
    }

    private String freeName(String wanted) throws TerrariumException {
        SnapshotTree tree = original.snapshots().tree();
        String name = wanted;
        for (int number = 2; tree.find(name).isPresent(); number++) {
            name = wanted + " " + number;
        }
        return name;
    }

    private void delete(Snapshot snapshot) {
        try {
            original.snapshots().delete(snapshot.id().toString(), Progress.NONE);
        } catch (TerrariumException e) {
            LOG.warn("the snapshot \"{}\" of {} stays: {}", snapshot.name(), original.name(), e.getMessage());
        }
    }
}
