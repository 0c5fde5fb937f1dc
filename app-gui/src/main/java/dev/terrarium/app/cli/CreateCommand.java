// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import dev.terrarium.engine.Host;
import dev.terrarium.engine.MediaInfo;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.engine.config.CpuModel;
import dev.terrarium.engine.config.GuestSystem;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.Accelerator;
import dev.terrarium.engine.config.MachineConfig.BootDevice;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import dev.terrarium.engine.config.MachineConfig.KernelBoot;
import dev.terrarium.engine.config.MachineConfig.NetworkConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code create}: makes a machine, with virt-install's words. */
@Command(name = "create", description = "Makes a machine; it stays off.", sortOptions = false)
final class CreateCommand implements Callable<Integer> {
    private final RootCommand root;

    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--name", required = true, paramLabel = "NAME", description = "Its name.")
    private String name = "";

    @Option(
            names = "--os",
            paramLabel = "ID",
            description = "The guest system, e.g. debian12 (default: what the CD or kernel is recognised as).")
    private @Nullable String system;

    @Option(names = "--memory", paramLabel = "MiB", description = "RAM (default: what the guest system wants).")
    private @Nullable Long memory;

    @Option(names = "--vcpus", paramLabel = "N[,max=M]", converter = Vcpus.class, description = "Processors.")
    private @Nullable Vcpus vcpus;

    @Option(names = "--cdrom", paramLabel = "FILE", description = "An ISO image for the CD drive.")
    private @Nullable Path cdrom;

    @Option(
            names = "--boot",
            split = ",",
            paramLabel = "DEVICE",
            description = "What to boot from, in turn: ${COMPLETION-CANDIDATES}.")
    private List<BootDevice> boot = List.of();

    @Option(
            names = "--disk",
            paramLabel = "size=GiB|path=FILE",
            converter = DiskOption.class,
            description =
                    "A new disk (size=20[,format=qcow2]), or an existing image (path=disk.img[,format=raw][,bus=ide|virtio][,readonly]);"
                            + " both with cache= discard= onerror= throttling.*= shareable. Repeatable.")
    private List<DiskOption> disks = List.of();

    @Option(names = "--kernel", paramLabel = "FILE", description = "Boots this Linux bzImage or multiboot kernel.")
    private @Nullable Path kernel;

    @Option(names = "--initrd", paramLabel = "FILE", description = "The kernel's initial RAM disk, or a module.")
    private @Nullable Path initrd;

    @Option(names = "--append", paramLabel = "TEXT", description = "The kernel's command line.")
    private @Nullable String append;

    @Option(
            names = "--network",
            paramLabel = "nat|unplugged|none",
            converter = NetworkOption.class,
            description =
                    "A network card: nat for a network of the machine's own that reaches what this computer reaches"
                            + " (nat[,host=on][,hostfwd=tcp:127.0.0.1:2222-:22]...), unplugged for one without a cable, each with"
                            + " [,mac=52:54:00:12:34:56], or none (default: nat if the guest system is known to have the driver)."
                            + " Repeatable.")
    private List<NetworkOption> networks = List.of();

    @Option(
            names = "--accel",
            defaultValue = "auto",
            description = "What runs the guest's instructions: auto, kvm or software.")
    private Accelerator accelerator = Accelerator.AUTO;

    @Option(
            names = "--cpu",
            paramLabel = "MODEL",
            defaultValue = "best",
            converter = CpuModelName.class,
            completionCandidates = CpuModelName.class,
            description = "The processors' model: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private CpuModel cpu = CpuModel.BEST;

    @Option(
            names = "--debug-exit",
            paramLabel = "PORT",
            converter = PortNumber.class,
            description = "A byte the guest writes to this I/O port ends the run with status (byte << 1) | 1.")
    private @Nullable Integer debugExit;

    @Option(
            names = "--debug-console",
            paramLabel = "FILE",
            description = "Receives what the guest writes to I/O port 0xE9.")
    private @Nullable Path debugConsole;

    CreateCommand(RootCommand root) {
        this.root = root;
    }

    @Override
    public Integer call() throws TerrariumException {
        checkUse();
        try (Host host = root.open()) {
            GuestSystem guest = guest(host);
            VirtualMachine machine = host.create(config(guest), newDisks(guest));
            root.note("\"" + machine.name() + "\" is made in " + machine.folder());
        }
        return 0;
    }

    private void checkUse() {
        if (kernel == null && (initrd != null || append != null)) {
            throw wrongUse("--initrd and --append need --kernel");
        }
        if (system != null
                && GuestSystem.all().stream().noneMatch(each -> each.id().equals(system))) {
            throw wrongUse("there is no guest system \"" + system + "\", use one of "
                    + GuestSystem.all().stream().map(GuestSystem::id).collect(Collectors.joining(" ")));
        }
    }

    private ParameterException wrongUse(String what) {
        if (spec == null) {
            throw new IllegalStateException("picocli fills this in before a command runs");
        }
        return new ParameterException(spec.commandLine(), what);
    }

    private GuestSystem guest(Host host) throws TerrariumException {
        if (system != null) {
            return GuestSystem.of(system);
        }
        Path medium = kernel != null ? kernel : cdrom;
        if (medium == null) {
            return GuestSystem.OTHER;
        }
        MediaInfo info = host.inspect(absolute(medium));
        return GuestSystem.of(info.operatingSystem());
    }

    private static Path absolute(Path path) {
        return path.toAbsolutePath().normalize();
    }

    private static @Nullable String text(@Nullable Path path) {
        return path == null ? null : absolute(path).toString();
    }

    private MachineConfig config(GuestSystem guest) {
        Vcpus processors = vcpus == null ? new Vcpus(guest.vcpus(), guest.vcpus()) : vcpus;
        List<DriveConfig> drives = new ArrayList<>();
        for (DiskOption disk : disks) {
            Path path = disk.path();
            if (path != null) {
                drives.add(new DriveConfig(
                        DriveConfig.Kind.DISK,
                        absolute(path).toString(),
                        disk.format(),
                        disk.busOr(guest.diskBus()),
                        disk.readOnly(),
                        disk.io()));
            }
        }
        if (cdrom != null) {
            drives.add(new DriveConfig(
                    DriveConfig.Kind.CDROM, text(cdrom), DriveConfig.Format.RAW, DriveConfig.Bus.IDE, true));
        }
        return new MachineConfig(
                MachineConfig.CURRENT_VERSION,
                UUID.randomUUID(),
                name,
                guest.id(),
                memory == null ? guest.memoryMiB() : memory,
                processors.count(),
                processors.maximum(),
                accelerator,
                bootOrder(),
                drives,
                kernel == null
                        ? null
                        : new KernelBoot(absolute(kernel).toString(), text(initrd), append == null ? "" : append),
                cards(guest),
                text(debugConsole),
                debugExit,
                cpu);
    }

    private List<NetworkConfig> cards(GuestSystem guest) {
        if (networks.isEmpty() && guest.virtio()) {
            return List.of(new NetworkConfig(NetworkConfig.Kind.NAT));
        }
        return networks.stream().map(NetworkOption::card).toList();
    }

    private List<BootDevice> bootOrder() {
        if (!boot.isEmpty()) {
            return boot.stream().distinct().toList();
        }
        return cdrom == null ? List.of(BootDevice.DISK) : List.of(BootDevice.DISK, BootDevice.CDROM);
    }

    private List<Host.NewDisk> newDisks(GuestSystem guest) {
        return disks.stream()
                .filter(disk -> disk.path() == null)
                .map(disk -> new Host.NewDisk(disk.gibibytes(), disk.format(), disk.busOr(guest.diskBus()), disk.io()))
                .toList();
    }
}
