// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.config;

import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import dev.terrarium.engine.config.MachineConfig.NetworkConfig;
import dev.terrarium.engine.config.MachineConfig.PortForward;
import java.net.InetAddress;
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

    /** How many drives the two IDE channels take. */
    public static final int MAXIMUM_IDE_DRIVES = 4;

    /** How many virtio disks a machine can have. */
    public static final int MAXIMUM_VIRTIO_DISKS = 16;

    /** How many network cards a machine can have. */
    public static final int MAXIMUM_NETWORK_CARDS = 8;

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

    private static void driveProblems(List<DriveConfig> drives, List<String> problems) {
        long virtio = drives.stream()
                .filter(each -> each.bus() == DriveConfig.Bus.VIRTIO)
                .count();
        long ide = drives.size() - virtio;
        if (ide > MAXIMUM_IDE_DRIVES) {
            problems.add(ide + " drives do not fit: the two IDE channels take " + MAXIMUM_IDE_DRIVES);
        }
        if (virtio > MAXIMUM_VIRTIO_DISKS) {
            problems.add(virtio + " virtio disks do not fit: use at most " + MAXIMUM_VIRTIO_DISKS);
        }
        if (drives.stream()
                .anyMatch(each -> each.bus() == DriveConfig.Bus.VIRTIO && each.kind() == DriveConfig.Kind.CDROM)) {
            problems.add("a CD drive cannot be a virtio disk: use bus=ide for it");
        }
    }

    private static void networkProblems(List<NetworkConfig> networks, List<String> problems) {
        if (networks.size() > MAXIMUM_NETWORK_CARDS) {
            problems.add(networks.size() + " network cards do not fit: use at most " + MAXIMUM_NETWORK_CARDS);
        }
        for (NetworkConfig network : networks) {
            String mac = network.mac();
            if (mac != null && MacAddress.of(mac).isEmpty()) {
                problems.add("\"" + mac + "\" is no address of a network card: write one such as 52:54:00:12:34:56");
            }
        }
        List<PortForward> forwards =
                networks.stream().flatMap(each -> each.forwards().stream()).toList();
        for (int i = 0; i < forwards.size(); i++) {
            forwardProblem(forwards.get(i), forwards.subList(0, i)).ifPresent(problems::add);
        }
    }

    /** What is wrong with a forwarded port, beside others. */
    public static Optional<String> forwardProblem(PortForward forward, List<PortForward> others) {
        if (!isPort(forward.hostPort()) || !isPort(forward.guestPort())) {
            return Optional.of(forward + " cannot be forwarded: ports are 1 to 65535");
        }
        try {
            InetAddress.ofLiteral(forward.hostAddress());
        } catch (IllegalArgumentException e) {
            return Optional.of(
                    "\"" + forward.hostAddress() + "\" is no address of this host: write one such as 127.0.0.1");
        }
        boolean taken = others.stream()
                .anyMatch(each -> each.protocol() == forward.protocol()
                        && each.hostAddress().equals(forward.hostAddress())
                        && each.hostPort() == forward.hostPort());
        return taken
                ? Optional.of(forward + " is forwarded already: choose another port of the host")
                : Optional.empty();
    }

    private static boolean isPort(int port) {
        return port >= 1 && port <= 0xFFFF;
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
        driveProblems(config.disks(), problems);
        networkProblems(config.networks(), problems);
        config.disks().forEach(drive -> driveProblem(drive).ifPresent(problems::add));
        Integer port = config.debugExitPort();
        if (port != null && (port < 0 || port > 0xFFFF)) {
            problems.add("port " + port + " does not exist: I/O ports go from 0 to 0xffff");
        }
        return problems;
    }
}
