// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.config;

import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import java.util.List;
import java.util.Set;

/**
 * A guest operating system and what a new machine for it should have.
 *
 * @param id as in {@link MachineConfig#operatingSystem}
 * @param title for a person
 * @param diskGibibytes size of a first disk; 0 for none
 */
public record GuestSystem(String id, String title, long memoryMiB, int vcpus, long diskGibibytes) {
    public static final GuestSystem OTHER = new GuestSystem("other", "Other system", 1024, 1, 20);

    private static final List<GuestSystem> ALL = List.of(
            new GuestSystem("debian12", "Debian 12", 1024, 1, 20),
            new GuestSystem("debian13", "Debian 13", 1536, 1, 20),
            new GuestSystem("debian", "Debian", 1024, 1, 20),
            new GuestSystem("ubuntu", "Ubuntu", 4096, 1, 25),
            new GuestSystem("fedora", "Fedora", 2048, 1, 20),
            new GuestSystem("alpine", "Alpine Linux", 512, 1, 8),
            new GuestSystem("arch", "Arch Linux", 1024, 1, 20),
            new GuestSystem("opensuse", "openSUSE", 2048, 1, 20),
            new GuestSystem("linuxmint", "Linux Mint", 2048, 1, 25),
            new GuestSystem("kali", "Kali Linux", 2048, 1, 25),
            new GuestSystem("centos", "CentOS", 2048, 1, 20),
            new GuestSystem("rocky", "Rocky Linux", 2048, 1, 20),
            new GuestSystem("almalinux", "AlmaLinux", 2048, 1, 20),
            new GuestSystem("rhel", "Red Hat Enterprise Linux", 2048, 1, 20),
            new GuestSystem("manjaro", "Manjaro", 2048, 1, 20),
            new GuestSystem("nixos", "NixOS", 2048, 1, 20),
            new GuestSystem("gentoo", "Gentoo", 1024, 1, 20),
            new GuestSystem("slackware", "Slackware", 1024, 1, 20),
            new GuestSystem("linux", "Other Linux", 1024, 1, 20),
            new GuestSystem("freebsd", "FreeBSD", 1024, 1, 20),
            new GuestSystem("openbsd", "OpenBSD", 512, 1, 16),
            new GuestSystem("netbsd", "NetBSD", 512, 1, 16),
            new GuestSystem("haiku", "Haiku", 1024, 1, 16),
            new GuestSystem("reactos", "ReactOS", 512, 1, 10),
            new GuestSystem("freedos", "FreeDOS", 64, 1, 2),
            new GuestSystem("memtest86plus", "Memtest86+", 128, 1, 0),
            new GuestSystem("windows", "Windows", 4096, 1, 40),
            OTHER);

    private static final Set<String> VIRTIO = Set.of(
            "debian12",
            "debian13",
            "debian",
            "ubuntu",
            "fedora",
            "alpine",
            "arch",
            "opensuse",
            "linuxmint",
            "kali",
            "centos",
            "rocky",
            "almalinux",
            "rhel",
            "manjaro",
            "nixos",
            "gentoo",
            "freebsd",
            "openbsd",
            "netbsd",
            "haiku");

    /** Has it drivers for virtio devices as it comes? Then its machine has virtio's entropy source, too. */
    public boolean virtio() {
        return VIRTIO.contains(id);
    }

    /** How a new machine's disks are attached. */
    public DriveConfig.Bus diskBus() {
        return virtio() ? DriveConfig.Bus.VIRTIO : DriveConfig.Bus.IDE;
    }

    /** Every known system, "other" last. */
    public static List<GuestSystem> all() {
        return ALL;
    }

    /** The system with an ID; {@link #OTHER} if there is none. */
    public static GuestSystem of(String id) {
        return ALL.stream().filter(system -> system.id.equals(id)).findFirst().orElse(OTHER);
    }
}
