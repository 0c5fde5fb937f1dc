// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.engine.CloneRequest;
import dev.terrarium.engine.Host;
import dev.terrarium.engine.HostCapabilities;
import dev.terrarium.engine.HostListener;
import dev.terrarium.engine.MediaInfo;
import dev.terrarium.engine.Progress;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.Accelerator;
import dev.terrarium.engine.config.MachineConfig.BootDevice;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;

/** A host of fake machines; files that end in {@code .iso} are Debian installers. */
final class FakeHost implements Host {
    final List<DamagedMachine> damaged = new CopyOnWriteArrayList<>();
    final List<String> calls = new CopyOnWriteArrayList<>();
    private final List<VirtualMachine> machines = new CopyOnWriteArrayList<>();
    private final List<HostListener> listeners = new CopyOnWriteArrayList<>();
    private final Path home;

    FakeHost(Path home) {
        this.home = home;
    }

    FakeMachine add(String name, String system) {
        Path folder = home.resolve("machines").resolve(name);
        try {
            Files.createDirectories(folder.resolve("disks"));
            Files.writeString(folder.resolve("machine.json"), "{}");
            Files.write(folder.resolve("disks/disk1.img"), new byte[4096]);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        FakeMachine machine = new FakeMachine(folder, config(name, system, folder));
        machines.add(machine);
        return machine;
    }

    static MachineConfig config(String name, String system, Path folder) {
        return new MachineConfig(
                MachineConfig.CURRENT_VERSION,
                UUID.nameUUIDFromBytes(name.getBytes(java.nio.charset.StandardCharsets.UTF_8)),
                name,
                system,
                1024,
                1,
                1,
                Accelerator.AUTO,
                List.of(BootDevice.CDROM, BootDevice.DISK),
                List.of(
                        new DriveConfig(
                                DriveConfig.Kind.DISK,
                                folder.resolve("disks/disk1.img").toString(),
                                DriveConfig.Format.RAW,
                                DriveConfig.Bus.IDE,
                                false),
                        new DriveConfig(
                                DriveConfig.Kind.CDROM,
                                "/home/ada/Downloads/debian-12.iso",
                                DriveConfig.Format.RAW,
                                DriveConfig.Bus.IDE,
                                true)),
                null,
                List.of(),
                null,
                null);
    }

    HostSample sample() {
        return new HostSample(
                machines.stream().map(HostSample.MachineSample::of).toList(),
                List.copyOf(damaged),
                capabilities(),
                0.14,
                System.nanoTime());
    }

    void remove(VirtualMachine machine) {
        machines.remove(machine);
    }

    @Override
    public Path home() {
        return home;
    }

    @Override
    public List<VirtualMachine> machines() {
        return List.copyOf(machines);
    }

    @Override
    public Optional<VirtualMachine> find(String name) {
        return machines.stream().filter(machine -> machine.name().equals(name)).findFirst();
    }

    @Override
    public List<DamagedMachine> damaged() {
        return List.copyOf(damaged);
    }

    @Override
    public VirtualMachine create(MachineConfig config, List<NewDisk> newDisks) {
        calls.add("create " + config.name());
        FakeMachine machine = new FakeMachine(home.resolve("machines").resolve(config.name()), config);
        machines.add(machine);
        listeners.forEach(listener -> listener.machineAdded(machine));
        return machine;
    }

    @Override
    public CloneRequest.Plan clonePlan(VirtualMachine machine, CloneRequest request) {
        Path disk = machine.folder().resolve("disks/disk1.img");
        Path copy = home.resolve("machines").resolve(request.name()).resolve("disks/disk1.img");
        return new CloneRequest.Plan(List.of(new CloneRequest.Disk(disk, copy, 4096)), 1L << 40);
    }

    @Override
    public VirtualMachine clone(VirtualMachine machine, CloneRequest request, Progress progress)
            throws TerrariumException {
        calls.add("clone " + machine.name() + " " + request.name());
        if (!progress.at(1, 1)) {
            throw new TerrariumException("it was cancelled: start it again");
        }
        return add(request.name(), machine.config().operatingSystem());
    }

    @Override
    public void delete(VirtualMachine machine, boolean disks) {
        calls.add("delete " + machine.name() + (disks ? " with disks" : ""));
        machines.remove(machine);
    }

    @Override
    public MediaInfo inspect(Path file) throws TerrariumException {
        if (!file.toString().endsWith(".iso")) {
            throw new TerrariumException(file + " is not a CD image: choose an ISO 9660 file");
        }
        return new MediaInfo(
                MediaInfo.Kind.CD_IMAGE, "Debian 12 (Debian 12.5.0 amd64 n)", "debian12", true, 659_554_304);
    }

    @Override
    public HostCapabilities capabilities() {
        return new HostCapabilities(
                2,
                24L << 30,
                16L << 30,
                List.of(
                        new HostCapabilities.AcceleratorReport(
                                "software", true, "Terrarium's own processor; works everywhere, needs nothing"),
                        new HostCapabilities.AcceleratorReport("kvm", false, "no /dev/kvm")),
                "SeaBIOS, 256 KiB",
                null);
    }

    @Override
    public void addListener(HostListener listener) {
        listeners.add(listener);
    }

    @Override
    public void removeListener(HostListener listener) {
        listeners.remove(listener);
    }

    @Override
    public void close() {
        calls.add("close");
    }
}
