// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import dev.terrarium.engine.image.SnapshotImage;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/** The images in a board's drives, for what is done to them beside the guest. */
public final class BoardDisks {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Drives drives;
    private final ReentrantLock lock;
    private final Condition completed;

    /** @param completed signalled with {@code lock}, the board's, held after each end of a request */
    BoardDisks(Drives drives, ReentrantLock lock, Condition completed) {
        this.drives = drives;
        this.lock = lock;
        this.completed = completed;
    }

    /**
     * Waits until no request of a drive is under way and what the guest has written is durable. The machine stands still.
     *
     * @throws TerrariumException if that takes longer than half a minute, or a disk cannot write
     */
    void settle() throws TerrariumException {
        drives.drain(PATIENCE);
        flush();
    }

    /** Makes durable what the guest has written. The machine may run. */
    void flush() throws TerrariumException {
        int[] left = new int[1];
        boolean[] failed = new boolean[1];
        lock.lock();
        try {
            left[0] = drives.flush(success -> {
                left[0]--;
                failed[0] |= !success;
            });
        } finally {
            lock.unlock();
        }
        await(() -> left[0] == 0);
        if (failed[0]) {
            throw new TerrariumException(
                    "a disk could not write what the guest gave it: see the log, and make room on the"
                            + " host's disk");
        }
    }

    /** Waits for ends of disk requests; {@code over} is asked with the board's lock held. */
    private void await(BooleanSupplier over) throws TerrariumException {
        long left = PATIENCE.toNanos();
        lock.lock();
        try {
            while (!over.getAsBoolean()) {
                if (left <= 0) {
                    throw new TerrariumException("a disk request of the guest does not end: see whether the host's disk"
                            + " answers, then try again");
                }
                left = completed.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TerrariumException("it was interrupted: start it again", e);
        } finally {
            lock.unlock();
        }
    }

    /** Work on images. */
    @FunctionalInterface
    public interface DiskWork {
        void run() throws TerrariumException;
    }

    /**
     * Puts another image of the same size under a drive of a machine that stands still ({@link Board#standStill}).
     *
     * @param index the drive's place in the configuration
     * @param prepare runs while neither image is open
     * @throws TerrariumException if that fails; the image of {@code before} is in use again
     */
    public void replaceImage(int index, DriveConfig before, DriveConfig after, List<Path> trusted, DiskWork prepare)
            throws TerrariumException {
        drives.replace(index, before, after, trusted, prepare);
    }

    /** Work on the snapshots inside an image. */
    @FunctionalInterface
    public interface SnapshotWork {
        void run(SnapshotImage image) throws TerrariumException, IOException;
    }

    /** Changes the snapshots inside the image of a drive. The machine may run. */
    public void withSnapshots(int index, SnapshotWork work) throws TerrariumException {
        try {
            if (!(drives.medium(index).image() instanceof SnapshotImage image)) {
                throw new TerrariumException("drive " + index + " is of a format without snapshots inside: convert it");
            }
            work.run(image);
        } catch (IOException e) {
            throw new TerrariumException("a disk could not be changed (" + e.getMessage() + "): make room for it", e);
        }
    }
}
