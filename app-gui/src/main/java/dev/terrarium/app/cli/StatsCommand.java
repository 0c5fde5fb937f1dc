// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import dev.terrarium.engine.EngineStatistics;
import dev.terrarium.engine.GuestMemory;
import dev.terrarium.engine.Host;
import dev.terrarium.engine.MachineStatistics;
import dev.terrarium.engine.TerrariumException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code stats}: one machine's figures at this moment. */
@Command(name = "stats", description = "Shows a machine's figures at this moment.")
final class StatsCommand implements Callable<Integer> {
    private final RootCommand root;

    @Parameters(paramLabel = "NAME", description = "The machine.")
    private String name = "";

    @Option(names = "--json", description = "As JSON.")
    private boolean json;

    StatsCommand(RootCommand root) {
        this.root = root;
    }

    @Override
    public Integer call() throws TerrariumException {
        try (Host host = root.open()) {
            MachineStatistics now = root.machine(host, name).statistics();
            PrintWriter out = root.out();
            if (json) {
                out.println(Json.text(Json.statistics(name, now)));
                return 0;
            }
            out.println("State:         " + Json.state(now.state()));
            out.println("Accelerator:   " + now.accelerator());
            out.println("Uptime:        " + Units.time(now.uptimeNanos()));
            out.println("vCPUs:         " + now.vcpus());
            out.println("Busy:          " + Units.time(now.busyNanos()));
            out.println("Instructions:  " + now.instructions());
            EngineStatistics engine = now.engine();
            out.println("Compiled:      " + Math.round(engine.compiledShare() * 100) + " % of them, "
                    + engine.compiledRegions() + " regions, " + Units.bytes(engine.codeBytes()) + ", compiled in "
                    + Units.time(engine.compileNanos()));
            out.println("Memory:        " + Units.bytes(now.memoryBytes()) + ", of it resident "
                    + Units.bytes(now.residentBytes()));
            GuestMemory guest = now.guestMemory();
            if (guest.totalBytes() >= 0) {
                out.println("Guest memory:  " + Units.bytes(guest.usedBytes()) + " used, "
                        + Units.bytes(Math.max(0, guest.cachedBytes())) + " cached, " + Units.bytes(guest.freeBytes())
                        + " free, " + Units.bytes(guest.balloonBytes()) + " in the balloon");
            }
            out.println("Screen:        "
                    + (now.screenWidth() == 0 ? "no picture" : now.screenWidth() + "x" + now.screenHeight()));
            out.println("Disks:         " + Units.bytes(now.diskReadBytes()) + " read, "
                    + Units.bytes(now.diskWrittenBytes()) + " written");
            MachineStatistics.Network network = now.network();
            out.println("Network:       " + Units.bytes(network.receivedBytes()) + " received, "
                    + Units.bytes(network.sentBytes()) + " sent"
                    + (network.guestAddress() == null ? "" : ", guest at " + network.guestAddress()));
        }
        return 0;
    }
}
