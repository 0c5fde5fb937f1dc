// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.config.DriveIo;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.BootDevice;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import dev.terrarium.engine.device.Clock;
import dev.terrarium.engine.device.StorageBackend;
import dev.terrarium.engine.device.storage.AtaDisk;
import dev.terrarium.engine.device.storage.AtapiCdrom;
import dev.terrarium.engine.device.storage.IdeDrive;
import dev.terrarium.engine.firmware.BootOrder;
import dev.terrarium.engine.image.AllowedFolders;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.DiskTrouble;
import dev.terrarium.engine.image.ImageBackend;
import dev.terrarium.engine.image.ImageFormats;
import dev.terrarium.engine.image.IoThreads;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A machine's drives. On its two IDE channels: disks first from the primary master on, CD drives from the secondary master on, the
 * rest where there is room. Virtio disks in PCI slots of their own.
 */
final class Drives implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Drives.class);
    private static final int PLACES = 4;
    private static final int FIRST_CD_PLACE = 2;

    private final Executor board;
    private final Clock clock;
    private final List<ImageBackend> images = new ArrayList<>();
    private final List<ThrottledBackend> throttled = new ArrayList<>();
    private final List<CountingBackend> counters = new ArrayList<>();
    private final List<Optional<IdeDrive>> places = new ArrayList<>();
    private final List<DriveConfig.Kind> kinds = new ArrayList<>();
    private final Map<Integer, ImageBackend> disks = new HashMap<>();
    private final List<StorageBackend> virtioDisks = new ArrayList<>();
    private final List<ImageBackend> virtioImages = new ArrayList<>();

    /** By their place in the configuration; those without a medium are not in it. */
    private final Map<Integer, ImageBackend> byDrive = new HashMap<>();

    private final List<Path> trusted;

    private Drives(List<Path> trusted, Executor board, Clock clock) {
        this.trusted = List.copyOf(trusted);
        this.board = board;
        this.clock = clock;
        for (int i = 0; i < PLACES; i++) {
            places.add(Optional.empty());
            kinds.add(DriveConfig.Kind.DISK);
        }
    }

    /**
     * Opens the images.
     *
     * @param trusted folders and files that its images may stand on
     * @param board runs completions with the board's lock held
     * @param clock the board's
     * @param listener told when a drive's requests are kept because the host cannot do them
     * @throws TerrariumException if one is missing or in use; those opened are closed again
     */
    static Drives open(
            MachineConfig config,
            List<Path> trusted,
            Executor board,
            Clock clock,
            ImageBackend.TroubleListener listener)
            throws TerrariumException {
        Drives drives = new Drives(trusted, board, clock);
        try {
            for (int i = 0; i < config.disks().size(); i++) {
                drives.add(i, config.disks().get(i), listener);
            }
            return drives;
        } catch (TerrariumException e) {
            drives.close();
            throw e;
        }
    }

    private void add(int index, DriveConfig drive, ImageBackend.TroubleListener listener) throws TerrariumException {
        if (drive.bus() == DriveConfig.Bus.VIRTIO) {
            addVirtio(index, drive, listener);
            return;
        }
        boolean cd = drive.kind() == DriveConfig.Kind.CDROM;
        int place = freePlace(cd ? FIRST_CD_PLACE : 0);
        Optional<CountingBackend> medium = Optional.empty();
        String path = drive.path();
        if (path != null) {
            ImageBackend image = medium(index, drive, listener);
            images.add(image);
            disks.put(place, image);
            medium = Optional.of(counted(drive, image));
        }
        String serial = "TR%05d".formatted(place + 1);
        if (cd) {
            places.set(place, Optional.of(new AtapiCdrom(medium.map(each -> each), serial)));
        } else {
            if (path == null || medium.isEmpty()) {
                throw new TerrariumException("a disk drive has no image: give it one");
            }
            places.set(place, Optional.of(new AtaDisk(medium.get(), serial)));
        }
        kinds.set(place, drive.kind());
    }

    private void addVirtio(int index, DriveConfig drive, ImageBackend.TroubleListener listener)
            throws TerrariumException {
        ImageBackend image = medium(index, drive, listener);
        images.add(image);
        virtioImages.add(image);
        virtioDisks.add(counted(drive, image));
    }

    /** A medium that keeps the drive's limits and counts what passes. */
    private CountingBackend counted(DriveConfig drive, ImageBackend image) {
        ThrottledBackend slower = new ThrottledBackend(image, drive.io().throttle(), clock);
        throttled.add(slower);
        CountingBackend counter = new CountingBackend(slower);
        counters.add(counter);
        return counter;
    }

    /** The media of the virtio disks, in their order. */
    List<StorageBackend> virtioDisks() {
        return List.copyOf(virtioDisks);
    }

    private ImageBackend medium(int index, DriveConfig drive, ImageBackend.TroubleListener listener)
            throws TerrariumException {
        ImageBackend medium = new ImageBackend(
                path(drive),
                open(drive, trusted),
                drive.kind() == DriveConfig.Kind.CDROM ? ImageBackend.Policy.REPORTING : policy(drive.io()),
                IoThreads.shared(),
                board,
                listener);
        byDrive.put(index, medium);
        return medium;
    }

    private static DiskImage open(DriveConfig drive, List<Path> trusted) throws TerrariumException {
        Path path = path(drive);
        boolean cd = drive.kind() == DriveConfig.Kind.CDROM;
        AllowedFolders allowed = AllowedFolders.own();
        for (Path each : trusted) {
            allowed = allowed.and(each);
        }
        for (String base : drive.standsOn()) {
            allowed = allowed.and(Path.of(base).toAbsolutePath().resolveSibling(""));
        }
        try {
            if (!cd && drive.io().shareable() && !drive.readOnly()) {
                return ImageFormats.openShared(path);
            }
            return ImageFormats.open(path, cd ? "raw" : drive.format().imageFormat(), cd || drive.readOnly(), allowed);
        } catch (IOException e) {
            throw new TerrariumException(path + " cannot be opened: " + e.getMessage(), e);
        }
    }

    /** The medium of the drive that is at {@code index} in the configuration. */
    ImageBackend medium(int index) throws TerrariumException {
        ImageBackend medium = byDrive.get(index);
        if (medium == null) {
            throw new TerrariumException("drive " + index + " has no image: give it one");
        }
        return medium;
    }

    /** Puts another image under a drive, which has no request under way; {@code prepare} runs while none is open. */
    void replace(int index, DriveConfig before, DriveConfig after, List<Path> allowed, BoardDisks.DiskWork prepare)
            throws TerrariumException {
        ImageBackend medium = medium(index);
        medium.replace(
                () -> {
                    prepare.run();
                    return open(after, allowed);
                },
                () -> open(before, allowed));
    }

    private static Path path(DriveConfig drive) throws TerrariumException {
        String path = drive.path();
        if (path == null) {
            throw new TerrariumException("a drive has no image: give it one");
        }
        return Path.of(path);
    }

    private static ImageBackend.Policy policy(DriveIo io) {
        ImageBackend.Flushing flushing =
                switch (io.cache()) {
                    case WRITEBACK -> ImageBackend.Flushing.WHEN_ASKED;
                    case WRITETHROUGH -> ImageBackend.Flushing.ALWAYS;
                    case UNSAFE -> ImageBackend.Flushing.NEVER;
                };
        return new ImageBackend.Policy(
                io.onError() == DriveIo.OnError.PAUSE, flushing, io.discard() == DriveIo.Discard.UNMAP);
    }

    private int freePlace(int preferred) throws TerrariumException {
        for (int i = 0; i < PLACES; i++) {
            int place = (preferred + i) % PLACES;
            if (places.get(place).isEmpty()) {
                return place;
            }
        }
        throw new TerrariumException("the two IDE channels take " + PLACES + " drives: remove one");
    }

    /** Primary master, primary slave, secondary master, secondary slave. */
    List<Optional<IdeDrive>> places() {
        return List.copyOf(places);
    }

    /** SeaBIOS's boot order for a list of kinds. Disks on which there is nothing to boot now come after all else. */
    List<String> bootOrder(List<BootDevice> order) {
        List<String> lines = new ArrayList<>();
        List<String> last = new ArrayList<>();
        for (BootDevice device : order) {
            for (int place = 0; place < PLACES; place++) {
                boolean wanted = places.get(place).isPresent()
                        && switch (device) {
                            case CDROM -> kinds.get(place) == DriveConfig.Kind.CDROM;
                            case DISK -> kinds.get(place) == DriveConfig.Kind.DISK;
                            case NETWORK -> false;
                        };
                if (wanted) {
                    (boots(place) ? lines : last).add(BootOrder.ide(place / 2, place % 2));
                }
            }
            for (int i = 0; device == BootDevice.DISK && i < virtioImages.size(); i++) {
                (boots(virtioImages.get(i)) ? lines : last).add(BootOrder.virtioDisk(VirtioSlots.disk(i)));
            }
        }
        lines.addAll(last);
        return lines;
    }

    private boolean boots(int place) {
        ImageBackend disk = disks.get(place);
        return disk == null || kinds.get(place) == DriveConfig.Kind.CDROM || boots(disk);
    }

    private static boolean boots(ImageBackend disk) {
        try {
            return disk.boots();
        } catch (IOException e) {
            LOG.warn("{}; the BIOS may try it", e.getMessage());
            return true;
        }
    }

    /** Why requests of a drive are kept, if any are. */
    Optional<DiskTrouble> trouble() {
        return images.stream().flatMap(each -> each.trouble().stream()).findFirst();
    }

    /** Tries requests that are kept again. */
    void retry() {
        images.forEach(ImageBackend::retry);
    }

    /** Asks every medium that can be written to make durable what was; {@code done} is called for each, with the board's lock held. */
    int flush(StorageBackend.Completion done) {
        List<CountingBackend> writable =
                counters.stream().filter(each -> !each.readOnly()).toList();
        writable.forEach(each -> each.flush(done));
        return writable.size();
    }

    /**
     * Waits until no drive has a request under way. No vCPU runs, board time stands still, and the caller does not hold the
     * board's lock.
     *
     * @throws TerrariumException if the host cannot do them, or takes longer than {@code limit}
     */
    void drain(Duration limit) throws TerrariumException {
        boolean[] waiting = new boolean[1];
        do {
            board.execute(() -> throttled.forEach(ThrottledBackend::release));
            for (ImageBackend each : images) {
                each.drain(limit);
            }
            // The end of a request may have made its drive ask for the next.
            board.execute(() -> waiting[0] = throttled.stream().anyMatch(ThrottledBackend::hasWaiting));
        } while (waiting[0]);
    }

    long bytesRead() {
        return counters.stream().mapToLong(CountingBackend::bytesRead).sum();
    }

    long bytesWritten() {
        return counters.stream().mapToLong(CountingBackend::bytesWritten).sum();
    }

    @Override
    public void close() {
        images.forEach(ImageBackend::close);
    }
}
