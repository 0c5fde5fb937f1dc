// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** What a machine's configuration may hold, field by field; each check answers with what to do, or nothing. */
public final class MachineRules {
    public static final long MINIMUM_MEMORY_MIB = 16;
    public static final long MAXIMUM_MEMORY_MIB = 1 << 20;
    public static final long MAXIMUM_DISK_GIB = 65_536;

    /** How many vCPUs a machine can have in this version. */
    public static final int MAXIMUM_VCPUS = 8;

    private static final int MAXIMUM_NAME_LENGTH = 64;
    private static final Pattern NAME = Pattern.compile("[\\p{L}\\p{N}_][\\p{L}\\p{N} ._+()-]*");

    private MachineRules() {}

    /** What is wrong with a machine's name. */
    public static Optional<String> nameProblem(String name) {
        if (name.isBlank()) {
            return Optional.of("the machine has no name: give it one");
        }
        if (name.length() > MAXIMUM_NAME_LENGTH) {
            return Optional.of("the name is too long: use at most " + MAXIMUM_NAME_LENGTH + " characters");
        }
        if (!NAME.matcher(name).matches() || name.endsWith(" ") || name.endsWith(".")) {
            return Optional.of(
                    "the name \"" + name
                            + "\" cannot be a folder name: use letters, digits, spaces, and . _ + - ( ) after a letter or digit");
        }
        return Optional.empty();
    }

    /** What is wrong with an amount of RAM on a host with {@code hostMemoryBytes}. */
    public static Optional<String> memoryProblem(long mebibytes, long hostMemoryBytes) {
        if (mebibytes < MINIMUM_MEMORY_MIB) {
            return Optional.of(
                    "memory of " + mebibytes + " MiB is too little: give it at least " + MINIMUM_MEMORY_MIB + " MiB");
        }
        if (mebibytes > MAXIMUM_MEMORY_MIB || mebibytes << 20 > hostMemoryBytes) {
            return Optional.of("memory of " + mebibytes + " MiB is more than this computer has: give it at most "
                    + (hostMemoryBytes >> 20) + " MiB");
        }
        return Optional.empty();
    }

    /** What is wrong with a number of vCPUs. */
    public static Optional<String> vcpusProblem(int vcpus) {
        if (vcpus < 1 || vcpus > MAXIMUM_VCPUS) {
            return Optional.of(vcpus + " vCPUs cannot be had: choose from 1 to " + MAXIMUM_VCPUS + " vCPUs");
        }
        return Optional.empty();
    }

    /** What is wrong with a new disk's size. */
    public static Optional<String> diskProblem(long gibibytes) {
        if (gibibytes < 1 || gibibytes > MAXIMUM_DISK_GIB) {
            return Optional.of(
                    "a disk of " + gibibytes + " GiB cannot be made: choose from 1 to " + MAXIMUM_DISK_GIB + " GiB");
        }
        return Optional.empty();
    }

    /** What is wrong with a drive's settings. */
    public static Optional<String> driveProblem(MachineConfig.DriveConfig drive) {
        if (!drive.io().throttle().isPossible()) {
            return Optional.of(
                    "the limits of " + drive.path() + " cannot be kept: give averages from 0 to 10^15 a second,"
                            + " bursts above them, and burst lengths of 1 to 3600 s");
        }
        boolean raw = drive.format() == MachineConfig.DriveConfig.Format.RAW;
        if (drive.io().shareable() && !raw && !drive.readOnly()) {
            return Optional.of(drive.path() + " cannot be shared for writing: only raw images can, give it format=raw"
                    + " if it is one, or readonly");
        }
        return Optional.empty();
    }

    /** Everything wrong with a configuration by itself. */
    public static List<String> problems(MachineConfig config, long hostMemoryBytes) {
        List<String> problems = new ArrayList<>();
        nameProblem(config.name()).ifPresent(problems::add);
        memoryProblem(config.memoryMiB(), hostMemoryBytes).ifPresent(problems::add);
        vcpusProblem(config.vcpus()).ifPresent(problems::add);
        if (config.maximumVcpus() < config.vcpus() || config.maximumVcpus() > MAXIMUM_VCPUS) {
            problems.add("the most vCPUs cannot be " + config.maximumVcpus() + ": choose from " + config.vcpus()
                    + " to " + MAXIMUM_VCPUS);
        }
        if (config.disks().size() > 4) {
            problems.add(config.disks().size() + " drives do not fit: the two IDE channels take 4");
        }
        config.disks().forEach(drive -> driveProblem(drive).ifPresent(problems::add));
        Integer port = config.debugExitPort();
        if (port != null && (port < 0 || port > 0xFFFF)) {
            problems.add("port " + port + " does not exist: I/O ports go from 0 to 0xffff");
        }
        return problems;
    }
}
