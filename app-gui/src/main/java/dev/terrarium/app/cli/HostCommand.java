// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import dev.terrarium.engine.Host;
import dev.terrarium.engine.HostCapabilities;
import dev.terrarium.engine.TerrariumException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code host}: what this computer offers to machines. */
@Command(name = "host", description = "Shows what this computer offers: accelerators, processors, memory, firmware.")
final class HostCommand implements Callable<Integer> {
    private final RootCommand root;

    @Option(names = "--json", description = "As JSON.")
    private boolean json;

    HostCommand(RootCommand root) {
        this.root = root;
    }

    @Override
    public Integer call() throws TerrariumException {
        try (Host host = root.open()) {
            HostCapabilities capabilities = host.capabilities();
            PrintWriter out = root.out();
            if (json) {
                out.println(Json.text(Json.host(capabilities)));
                return 0;
            }
            out.println("Processors:  " + capabilities.processors());
            out.println("Memory:      " + Units.bytes(capabilities.memoryBytes()) + ", "
                    + Units.bytes(capabilities.availableMemoryBytes()) + " available");
            String firmware = capabilities.firmware();
            out.println("Firmware:    " + (firmware != null ? firmware : "none: " + capabilities.firmwareAdvice()));
            for (HostCapabilities.AcceleratorReport report : capabilities.accelerators()) {
                out.println("Accelerator: " + report.name() + (report.usable() ? "" : " (not usable)") + ": "
                        + report.verdict());
            }
            out.println("Home:        " + host.home());
        }
        return 0;
    }
}
