// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import dev.terrarium.engine.HostCapabilities;
import dev.terrarium.engine.HostCapabilities.AcceleratorReport;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.firmware.FirmwareFiles;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What the host has: memory from {@code /proc/meminfo} where there is one, processors, accelerators, firmware. */
final class HostInfo {
    private static final Path MEMINFO = Path.of("/proc/meminfo");
    private static final Path KVM = Path.of("/dev/kvm");

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
                List.of(
                        new AcceleratorReport(
                                "software", true, "Terrarium's own processor; works everywhere, needs nothing"),
                        new AcceleratorReport("kvm", false, kvmVerdict())),
                firmware,
                advice);
    }

    private static String kvmVerdict() {
        if (!Files.exists(KVM)) {
            return "no /dev/kvm: the host's processor cannot be lent to machines";
        }
        if (!Files.isWritable(KVM)) {
            return "/dev/kvm is there but may not be opened: join the group kvm";
        }
        return "/dev/kvm is there; this version does not use it yet";
    }
}
