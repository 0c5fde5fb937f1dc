// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import dev.terrarium.engine.Host;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.engine.config.DriveIo;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import dev.terrarium.engine.config.MachineConfig.KernelBoot;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code info}: one machine's state and configuration. */
@Command(name = "info", description = "Shows a machine's state and configuration.")
final class InfoCommand implements Callable<Integer> {
    private final RootCommand root;

    @Parameters(paramLabel = "NAME", description = "The machine.")
    private String name = "";

    @Option(names = "--json", description = "As JSON.")
    private boolean json;

    InfoCommand(RootCommand root) {
        this.root = root;
    }

    @Override
    public Integer call() throws TerrariumException {
        try (Host host = root.open()) {
            VirtualMachine machine = root.machine(host, name);
            if (json) {
                root.out().println(Json.text(Json.info(machine)));
            } else {
                print(machine);
            }
        }
        return 0;
    }

    private void print(VirtualMachine machine) {
        MachineConfig config = machine.config();
        line("Name", config.name());
        line("State", Json.state(machine.state()));
        machine.failure().ifPresent(reason -> line("Failure", reason));
        machine.pauseReason().ifPresent(reason -> line("Stands still", reason));
        line("ID", config.id().toString());
        line("System", config.operatingSystem());
        line("Memory", config.memoryMiB() + " MiB");
        line("vCPUs", config.vcpus() + (config.maximumVcpus() > config.vcpus() ? " of " + config.maximumVcpus() : ""));
        line("CPU model", config.cpu().id());
        line("Accelerator", lower(config.accelerator()));
        line("Boot order", config.bootOrder().stream().map(InfoCommand::lower).collect(Collectors.joining(", ")));
        for (DriveConfig drive : config.disks()) {
            String path = drive.path();
            line(
                    drive.kind() == DriveConfig.Kind.CDROM ? "CD drive" : "Disk",
                    (path == null ? "empty" : path) + " (" + lower(drive.bus()) + ", " + lower(drive.format())
                            + (drive.readOnly() && drive.kind() == DriveConfig.Kind.DISK ? ", read-only" : "")
                            + DriveIoOption.text(drive.io())
                            + ")");
            if (drive.io().cache() == DriveIo.Cache.UNSAFE && drive.kind() == DriveConfig.Kind.DISK) {
                line("Warning", "cache=unsafe: a crash of the host loses the disk, flushed or not");
            }
        }
        KernelBoot kernel = config.kernel();
        if (kernel != null) {
            line("Kernel", kernel.kernel());
            String initrd = kernel.initrd();
            if (initrd != null) {
                line("Initrd", initrd);
            }
            line("Append", kernel.commandLine());
        }
        config.networks().forEach(network -> {
            line("Network", lower(network.kind()) + (network.hostAllowed() ? ", reaches this host at 10.0.2.2" : ""));
            network.forwards().forEach(forward -> line("Forward", forward.toString()));
        });
        String console = config.debugConsole();
        if (console != null) {
            line("Debug console", console);
        }
        Integer port = config.debugExitPort();
        if (port != null) {
            line("Debug exit", "port 0x" + Integer.toHexString(port));
        }
        line("Folder", machine.folder().toString());
    }

    private static String lower(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    private void line(String label, String value) {
        PrintWriter out = root.out();
        out.println((label + ":").concat(" ".repeat(Math.max(1, 15 - label.length()))) + value);
    }
}
