// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine;

import dev.terrarium.engine.config.DriveIo;
import dev.terrarium.engine.config.MachineConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** This computer with the machines of one home folder: where everything starts. */
public interface Host extends AutoCloseable {
    /** The folder all of it is kept in: {@code $TERRARIUM_HOME}. */
    Path home();

    /** The machines, by name. */
    List<VirtualMachine> machines();

    Optional<VirtualMachine> find(String name);

    /** Machine folders that could not be read; they are left as they are. */
    List<DamagedMachine> damaged();

    /**
     * Makes a machine, with a new sparse disk for each {@code newDisks}.
     *
     * @throws TerrariumException if the name is taken or bad, or a file is missing, or the host cannot hold it
     */
    VirtualMachine create(MachineConfig config, List<NewDisk> newDisks) throws TerrariumException;

    /** What {@link #clone} would make; waits for the host. */
    CloneRequest.Plan clonePlan(VirtualMachine machine, CloneRequest request) throws TerrariumException;

    /**
     * Copies a machine; the copy has an id and images of its own, and is off. Nothing of it is there before it is whole; whatever ends
     * this in its middle, nothing stays.
     *
     * @throws TerrariumException if the name is taken or bad, the machine is in use, there is no room, or {@code progress}
     *     cancelled it
     */
    VirtualMachine clone(VirtualMachine machine, CloneRequest request, Progress progress) throws TerrariumException;

    /** Removes a machine that is off; with {@code disks} also the images in its own folder. */
    void delete(VirtualMachine machine, boolean disks) throws TerrariumException;

    /**
     * Finds out what a file is.
     *
     * @throws TerrariumException if it is missing, unreadable, or nothing to boot from
     */
    MediaInfo inspect(Path file) throws TerrariumException;

    HostCapabilities capabilities();

    void addListener(HostListener listener);

    void removeListener(HostListener listener);

    /** Forces every machine that runs in this process off. */
    @Override
    void close();

    /**
     * A folder with a {@code machine.json} that cannot be used.
     *
     * @param reason one line
     */
    record DamagedMachine(String name, Path file, String reason) {}

    /** A disk image to make in the new machine's folder, how it is attached, and how its requests are treated. */
    record NewDisk(
            long gibibytes, MachineConfig.DriveConfig.Format format, MachineConfig.DriveConfig.Bus bus, DriveIo io) {
        /** One whose requests are treated as usual. */
        public NewDisk(long gibibytes, MachineConfig.DriveConfig.Format format, MachineConfig.DriveConfig.Bus bus) {
            this(gibibytes, format, bus, DriveIo.DEFAULT);
        }

        /** A raw one on the IDE bus. */
        public NewDisk(long gibibytes) {
            this(gibibytes, MachineConfig.DriveConfig.Format.RAW);
        }

        /** One on the IDE bus. */
        public NewDisk(long gibibytes, MachineConfig.DriveConfig.Format format) {
            this(gibibytes, format, MachineConfig.DriveConfig.Bus.IDE);
        }
    }
}
