// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import dev.terrarium.engine.Host;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.engine.config.CpuModel;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.Accelerator;
import dev.terrarium.engine.config.MachineConfig.BootDevice;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code set}: changes a machine that is off, or with {@code --live} the memory of one that runs. */
@Command(name = "set", description = "Changes a machine that is off, or the memory of one that runs.")
final class SetCommand implements Callable<Integer> {
    private final RootCommand root;

    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(paramLabel = "NAME", description = "The machine.")
    private String name = "";

    @Option(names = "--memory", paramLabel = "MiB", description = "RAM.")
    private @Nullable Long memory;

    @Option(names = "--vcpus", paramLabel = "N[,max=M]", converter = Vcpus.class, description = "Processors.")
    private @Nullable Vcpus vcpus;

    @Option(
            names = "--cpu",
            paramLabel = "MODEL",
            converter = CpuModelName.class,
            completionCandidates = CpuModelName.class,
            description = "The processors' model: ${COMPLETION-CANDIDATES}.")
    private @Nullable CpuModel cpu;

    @Option(
            names = "--boot",
            split = ",",
            paramLabel = "DEVICE",
            description = "What firmware tries, in turn: cdrom, disk, network.")
    private List<BootDevice> boot = List.of();

    @Option(names = "--accel", description = "What runs the guest's instructions: auto, kvm or software.")
    private @Nullable Accelerator accelerator;

    @Option(
            names = "--disk",
            paramLabel = "NUMBER,KEY=VALUE...",
            description =
                    "The first, second, ... drive's cache= discard= onerror= throttling.*= shareable. Repeatable.")
    private List<String> disks = List.of();

    @Option(
            names = "--live",
            description = "Changes a machine while it runs; only --memory, up to what it was started with.")
    private boolean live;

    SetCommand(RootCommand root) {
        this.root = root;
    }

    @Override
    public Integer call() throws TerrariumException {
        if (live) {
            return setLive();
        }
        boolean nothing = memory == null
                && vcpus == null
                && boot.isEmpty()
                && accelerator == null
                && cpu == null
                && disks.isEmpty();
        if (nothing && spec != null) {
            throw new ParameterException(
                    spec.commandLine(), "nothing to change: give --memory, --vcpus, --boot, --accel, --cpu or --disk");
        }
        try (Host host = root.open()) {
            VirtualMachine machine = root.machine(host, name);
            MachineConfig old = machine.config();
            Vcpus processors = vcpus == null ? new Vcpus(old.vcpus(), old.maximumVcpus()) : vcpus;
            machine.reconfigure(new MachineConfig(
                    old.version(),
                    old.id(),
                    old.name(),
                    old.operatingSystem(),
                    memory == null ? old.memoryMiB() : memory,
                    processors.count(),
                    processors.maximum(),
                    accelerator == null ? old.accelerator() : accelerator,
                    boot.isEmpty() ? old.bootOrder() : boot.stream().distinct().toList(),
                    drives(old.disks()),
                    old.kernel(),
                    old.networks(),
                    old.debugConsole(),
                    old.debugExitPort(),
                    cpu == null ? old.cpu() : cpu));
        }
        return 0;
    }

    private int setLive() throws TerrariumException {
        Long wanted = memory;
        if (wanted == null
                || vcpus != null
                || !boot.isEmpty()
                || accelerator != null
                || cpu != null
                || !disks.isEmpty()) {
            throw new TerrariumException(
                    "only the memory of a running machine can be changed: give --live with --memory alone, or switch it off");
        }
        try (Host host = root.open()) {
            root.machine(host, name).setBalloon(wanted << 20);
        }
        return 0;
    }

    private List<DriveConfig> drives(List<DriveConfig> old) throws TerrariumException {
        List<DriveConfig> changed = new ArrayList<>(old);
        for (String each : disks) {
            String[] parts = each.split(",", -1);
            int index = parts[0].matches("\\d{1,2}") ? Integer.parseInt(parts[0]) - 1 : -1;
            if (index < 0 || index >= old.size()) {
                throw new TerrariumException("there is no drive " + parts[0] + " to set: give a number from 1 to "
                        + old.size() + ", as terrarium info counts them");
            }
            DriveIoOption io = new DriveIoOption(changed.get(index).io());
            for (String part : List.of(parts).subList(1, parts.length)) {
                String[] pair = part.split("=", 2);
                if (!io.take(pair[0], pair.length > 1 ? pair[1] : "")) {
                    throw new TerrariumException("a drive's " + pair[0] + " cannot be set: use " + DriveIoOption.KEYS);
                }
            }
            changed.set(index, changed.get(index).withIo(io.result()));
        }
        return changed;
    }
}
