// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import dev.terrarium.engine.CloneRequest;
import dev.terrarium.engine.Host;
import dev.terrarium.engine.HostCapabilities;
import dev.terrarium.engine.HostListener;
import dev.terrarium.engine.MediaInfo;
import dev.terrarium.engine.Progress;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import dev.terrarium.engine.config.MachineRules;
import dev.terrarium.engine.state.Durable;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The machines of one home folder on this computer. */
public final class LocalHost implements Host {
    private static final Logger LOG = LoggerFactory.getLogger(LocalHost.class);

    private final Path home;
    private final Map<String, LocalMachine> machines = new TreeMap<>();
    private final List<DamagedMachine> damaged = new ArrayList<>();
    private final List<HostListener> listeners = new CopyOnWriteArrayList<>();

    /** Closed hosts start nothing: a process that is ending would leave the machine's socket behind. */
    private volatile boolean closed;

    private LocalHost(Path home) {
        this.home = home;
    }

    /** As {@link dev.terrarium.engine.Engine#open}. */
    public static Host open(Path home) throws TerrariumException {
        LocalHost host = new LocalHost(home.toAbsolutePath().normalize());
        try {
            Files.createDirectories(host.machinesFolder());
        } catch (IOException e) {
            throw new TerrariumException(
                    home + " cannot be used as the home folder (" + e.getMessage()
                            + "): check its permissions, or choose another with --home",
                    e);
        }
        Cloner.sweepAll(host.machinesFolder());
        host.refresh();
        return host;
    }

    private Path machinesFolder() {
        return home.resolve("machines");
    }

    @Override
    public Path home() {
        return home;
    }

    /** Reads the machines that another process added or removed since the last look. */
    private void refresh() throws TerrariumException {
        List<LocalMachine> added = new ArrayList<>();
        List<LocalMachine> removed = new ArrayList<>();
        synchronized (this) {
            damaged.clear();
            List<String> seen = new ArrayList<>();
            try (DirectoryStream<Path> folders = Files.newDirectoryStream(machinesFolder(), Files::isDirectory)) {
                for (Path path : folders) {
                    String name = path.getFileName().toString();
                    MachineFolder folder = new MachineFolder(path);
                    if (name.startsWith(".") || !Files.exists(folder.configFile())) {
                        continue;
                    }
                    seen.add(name);
                    if (!machines.containsKey(name)) {
                        read(name, folder).ifPresent(added::add);
                    }
                }
            } catch (IOException e) {
                throw new TerrariumException(
                        machinesFolder() + " cannot be listed (" + e.getMessage() + "): check its permissions", e);
            }
            machines.values().removeIf(machine -> {
                boolean gone = !seen.contains(machine.name());
                if (gone) {
                    removed.add(machine);
                }
                return gone;
            });
        }
        added.forEach(machine -> listeners.forEach(listener -> listener.machineAdded(machine)));
        removed.forEach(machine -> listeners.forEach(listener -> listener.machineRemoved(machine)));
    }

    private Optional<LocalMachine> read(String name, MachineFolder folder) {
        try {
            MachineConfig config = folder.load();
            if (!config.name().equals(name)) {
                throw new TerrariumException(folder.configFile() + " is for a machine named \"" + config.name()
                        + "\": give the folder that name");
            }
            DisposableDisks.sweepLeftovers(folder);
            LocalMachine machine = new LocalMachine(folder, config, this);
            machine.sweep();
            machines.put(name, machine);
            return Optional.of(machine);
        } catch (TerrariumException e) {
            LOG.debug("{}", e.getMessage());
            damaged.add(new DamagedMachine(name, folder.configFile(), String.valueOf(e.getMessage())));
            return Optional.empty();
        }
    }

    @Override
    public List<VirtualMachine> machines() {
        try {
            refresh();
        } catch (TerrariumException e) {
            LOG.warn("{}", e.getMessage());
        }
        synchronized (this) {
            return List.copyOf(machines.values());
        }
    }

    @Override
    public Optional<VirtualMachine> find(String name) {
        return machines().stream()
                .filter(machine -> machine.name().equals(name))
                .findFirst();
    }

    @Override
    public synchronized List<DamagedMachine> damaged() {
        return List.copyOf(damaged);
    }

    @Override
    public VirtualMachine create(MachineConfig config, List<NewDisk> newDisks) throws TerrariumException {
        List<String> problems = MachineRules.problems(config, HostInfo.total());
        if (!problems.isEmpty()) {
            throw new TerrariumException(problems.getFirst());
        }
        for (NewDisk disk : newDisks) {
            Optional<String> problem = MachineRules.diskProblem(disk.gibibytes());
            if (problem.isPresent()) {
                throw new TerrariumException(problem.get());
            }
        }
        MediaFiles.check(config);
        LocalMachine machine;
        synchronized (this) {
            Path path = machinesFolder().resolve(config.name());
            try {
                Files.createDirectory(path);
            } catch (java.nio.file.FileAlreadyExistsException e) {
                throw new TerrariumException(
                        Files.exists(path.resolve("machine.json"))
                                ? "a machine named \"" + config.name() + "\" exists: choose another name"
                                : path + " is left from an earlier machine: choose another name, or move it away",
                        e);
            } catch (IOException e) {
                throw new TerrariumException(
                        path + " cannot be made (" + e.getMessage() + "): check permissions and free space", e);
            }
            MachineFolder folder = new MachineFolder(path);
            try {
                MachineConfig complete = withNewDisks(config, folder, newDisks);
                folder.save(complete);
                machine = new LocalMachine(folder, complete, this);
            } catch (TerrariumException e) {
                removeHalfMade(path);
                throw e;
            }
            machines.put(config.name(), machine);
        }
        listeners.forEach(listener -> listener.machineAdded(machine));
        return machine;
    }

    private static MachineConfig withNewDisks(MachineConfig config, MachineFolder folder, List<NewDisk> newDisks)
            throws TerrariumException {
        List<DriveConfig> drives = new ArrayList<>();
        int number = 1;
        for (NewDisk disk : newDisks) {
            Path image = folder.disks()
                    .resolve("disk" + number
                            + (disk.format() == DriveConfig.Format.RAW
                                    ? ".img"
                                    : "." + disk.format().imageFormat()));
            MediaFiles.createDisk(image, disk.gibibytes() << 30, disk.format());
            drives.add(new DriveConfig(
                    DriveConfig.Kind.DISK, image.toString(), disk.format(), disk.bus(), false, disk.io()));
            number++;
        }
        drives.addAll(MediaFiles.settle(config).disks());
        MachineConfig complete = config.withDisks(drives);
        List<String> problems = MachineRules.problems(complete, HostInfo.total());
        if (!problems.isEmpty()) {
            throw new TerrariumException(problems.getFirst());
        }
        return complete;
    }

    @Override
    public CloneRequest.Plan clonePlan(VirtualMachine machine, CloneRequest request) throws TerrariumException {
        return cloner(machine, machine.config(), request).plan();
    }

    private Cloner cloner(VirtualMachine machine, MachineConfig config, CloneRequest request)
            throws TerrariumException {
        Cloner.Source source = new Cloner.Source(config, List.of(machine.folder()), Optional.empty());
        Cloner cloner = new Cloner(machinesFolder(), source, request.name(), request.kind());
        List<String> problems = MachineRules.problems(cloner.configuration(), HostInfo.total());
        if (!problems.isEmpty()) {
            throw new TerrariumException(problems.getFirst());
        }
        if (Files.exists(machinesFolder().resolve(request.name()))) {
            throw new TerrariumException("a machine named \"" + request.name() + "\" exists: choose another name");
        }
        if (request.snapshot().isPresent()) {
            throw new TerrariumException("this version cannot clone a snapshot: revert to it, then clone the machine");
        }
        if (request.kind() == CloneRequest.Kind.LINKED) {
            throw new TerrariumException("a linked clone would be destroyed by what \"" + machine.name()
                    + "\" writes to its disks: make a full clone");
        }
        return cloner;
    }

    @Override
    public VirtualMachine clone(VirtualMachine machine, CloneRequest request, Progress progress)
            throws TerrariumException {
        if (machine.state().active()) {
            throw new TerrariumException("\"" + machine.name() + "\" runs: switch it off to clone it");
        }
        MachineFolder folder = new MachineFolder(machine.folder());
        MachineConfig copy;
        try (MachineFolder.RunLock lock = folder.tryLock()
                .orElseThrow(() -> new TerrariumException(
                        "\"" + machine.name() + "\" is in use by another process: wait for it, then clone it"))) {
            LOG.info("{}: copied to \"{}\" under {}", machine.name(), request.name(), lock.file());
            copy = cloner(machine, folder.load(), request).run(progress);
        }
        LocalMachine made;
        synchronized (this) {
            made = machines.computeIfAbsent(
                    copy.name(),
                    name -> new LocalMachine(new MachineFolder(machinesFolder().resolve(name)), copy, this));
        }
        listeners.forEach(listener -> listener.machineAdded(made));
        return made;
    }

    @Override
    public void delete(VirtualMachine machine, boolean disks) throws TerrariumException {
        Path path = machine.folder();
        Optional<MachineFolder.RunLock> lock =
                machine.state().active() ? Optional.empty() : new MachineFolder(path).tryLock();
        if (lock.isEmpty()) {
            throw new TerrariumException("\"" + machine.name() + "\" runs: switch it off first");
        }
        try (MachineFolder.RunLock held = lock.get()) {
            LOG.info("{}: removed under {}", machine.name(), held.file());
            if (disks) {
                Dependents.requireNone(machinesFolder(), path);
            }
            if (disks || isEmpty(path.resolve("disks"))) {
                removeTree(path);
            } else {
                // Without its own files the folder is no machine any more; its disks stay where they are.
                Durable.delete(path.resolve("saved-state"));
                Durable.delete(path.resolve("snapshots"));
                for (String name : List.of("machine.json", "machine.json.new", "log", "control.sock", "lock")) {
                    Files.deleteIfExists(path.resolve(name));
                }
            }
        } catch (IOException e) {
            throw new TerrariumException(path + " cannot be removed (" + e.getMessage() + "): check permissions", e);
        }
        synchronized (this) {
            machines.remove(machine.name());
        }
        listeners.forEach(listener -> listener.machineRemoved(machine));
    }

    private static boolean isEmpty(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return true;
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.findAny().isEmpty();
        }
    }

    static void removeTree(Path path) throws IOException {
        try (Stream<Path> files = Files.walk(path)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private static void removeHalfMade(Path path) {
        try {
            removeTree(path);
        } catch (IOException e) {
            LOG.warn("{} could not be removed whole", path, e);
        }
    }

    @Override
    public MediaInfo inspect(Path file) throws TerrariumException {
        return MediaFiles.inspect(file);
    }

    @Override
    public HostCapabilities capabilities() {
        return HostInfo.capabilities();
    }

    @Override
    public void addListener(HostListener listener) {
        listeners.add(listener);
    }

    @Override
    public void removeListener(HostListener listener) {
        listeners.remove(listener);
    }

    boolean closed() {
        return closed;
    }

    @Override
    public void close() {
        closed = true;
        List<LocalMachine> all;
        synchronized (this) {
            all = List.copyOf(machines.values());
        }
        for (LocalMachine machine : all) {
            machine.closeIfOurs();
        }
    }
}
