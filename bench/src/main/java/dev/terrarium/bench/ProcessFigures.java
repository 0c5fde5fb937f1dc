// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What Linux tells of processes under /proc (proc(5)). */
final class ProcessFigures {
    /** USER_HZ: what /proc counts processor time in, 100 a second on every x86 Linux. */
    private static final double TICKS_PER_SECOND = 100;

    private static final int USER_TIME = 11;
    private static final int CHILDREN_SYSTEM_TIME = 14;
    private static final Pattern MAPPING = Pattern.compile("^([0-9a-f]+)-([0-9a-f]+) (\\S+) .*");
    private static final Pattern RESIDENT = Pattern.compile("^Rss: +(\\d+) kB$");

    private ProcessFigures() {}

    /** Processor seconds a process used, and the children it has waited for if so wanted. */
    static double processorSeconds(long process, boolean withChildren) throws IOException {
        return processorSeconds(Files.readString(Path.of("/proc", String.valueOf(process), "stat")), withChildren);
    }

    static double processorSeconds(String stat, boolean withChildren) {
        // The name in parentheses may hold anything: fields count from after the last one.
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).strip().split(" ");
        int last = withChildren ? CHILDREN_SYSTEM_TIME : USER_TIME + 1;
        long ticks = 0;
        for (int i = USER_TIME; i <= last; i++) {
            ticks += Long.parseLong(fields[i]);
        }
        return ticks / TICKS_PER_SECOND;
    }

    /** Host memory of a process, in bytes: {@code VmRSS}. */
    static long residentBytes(long process) throws BenchException, IOException {
        for (String line : Files.readAllLines(Path.of("/proc", String.valueOf(process), "status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
            }
        }
        throw new BenchException("/proc/" + process + "/status has no VmRSS: is the process gone?");
    }

    /** How much of the guest's RAM is resident, in bytes. */
    static long guestRamBytes(long process, int memoryMiB) throws IOException {
        return guestRamBytes(Files.readAllLines(Path.of("/proc", String.valueOf(process), "smaps")), memoryMiB);
    }

    /** The fullest writable mapping at least as large as the guest's RAM, no more than that RAM. */
    static long guestRamBytes(List<String> smaps, int memoryMiB) {
        long ram = (long) memoryMiB << 20;
        long fullest = 0;
        boolean candidate = false;
        for (String line : smaps) {
            Matcher mapping = MAPPING.matcher(line);
            if (mapping.matches()) {
                long size = Long.parseUnsignedLong(mapping.group(2), 16) - Long.parseUnsignedLong(mapping.group(1), 16);
                candidate = mapping.group(3).startsWith("rw") && size >= ram;
            }
            Matcher resident = RESIDENT.matcher(line);
            if (candidate && resident.matches()) {
                fullest = Math.max(fullest, Long.parseLong(resident.group(1)) * 1024);
            }
        }
        return Math.min(fullest, ram);
    }

    /** Processor time of the whole host. */
    record HostTime(double busySeconds, double allSeconds) {
        static HostTime now() throws IOException {
            return parse(Files.readAllLines(Path.of("/proc/stat")).getFirst());
        }

        /** Of the line {@code cpu user nice system idle iowait irq softirq steal ...}; stolen time is busy. */
        static HostTime parse(String line) {
            String[] fields = line.strip().split(" +");
            double all = 0;
            double idle = 0;
            for (int i = 1; i <= 8; i++) {
                double seconds = Long.parseLong(fields[i]) / TICKS_PER_SECOND;
                all += seconds;
                if (i == 4 || i == 5) {
                    idle += seconds;
                }
            }
            return new HostTime(all - idle, all);
        }
    }
}
