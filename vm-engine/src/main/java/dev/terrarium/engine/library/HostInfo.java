// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import dev.terrarium.engine.HostCapabilities;
import dev.terrarium.engine.HostCapabilities.AcceleratorReport;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.firmware.FirmwareFiles;
import dev.terrarium.engine.processor.kvm.KvmHost;
import dev.terrarium.engine.processor.kvm.KvmReport;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What the host has: memory from {@code /proc/meminfo} where there is one, processors, accelerators, firmware. */
final class HostInfo {
    private static final Path MEMINFO = Path.of("/proc/meminfo");

    private HostInfo() {}

    /** Physical memory in bytes. */
    static long total() {
        return field("MemTotal:", physicalMemory());
    }

    private static long physicalMemory() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean system
                ? system.getTotalMemorySize()
                : Long.MAX_VALUE;
    }

    private static long field(String name, long otherwise) {
        try {
            for (String line : Files.readAllLines(MEMINFO)) {
                if (line.startsWith(name)) {
                    return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
                }
            }
        } catch (IOException e) {
            return otherwise;
        }
        return otherwise;
    }

    static HostCapabilities capabilities() {
        String firmware = null;
        String advice = null;
        try {
            FirmwareFiles files = new FirmwareFiles();
            files.vgaBios();
            firmware = "SeaBIOS, " + (files.bios().length >> 10) + " KiB";
        } catch (TerrariumException e) {
            advice = e.getMessage();
        }
        return new HostCapabilities(
                Runtime.getRuntime().availableProcessors(),
                total(),
                field("MemAvailable:", total()),
                accelerators(),
                firmware,
                advice);
    }

    /** Best first: what a machine that does not say gets. */
    private static List<AcceleratorReport> accelerators() {
        KvmReport report = KvmHost.report();
        AcceleratorReport kvm =
                new AcceleratorReport("kvm", report.grade() != KvmReport.Grade.UNUSABLE, report.verdict());
        AcceleratorReport software =
                new AcceleratorReport("software", true, "Terrarium's own processor; works everywhere, needs nothing");
        return report.automatic() ? List.of(kvm, software) : List.of(software, kvm);
    }
}
