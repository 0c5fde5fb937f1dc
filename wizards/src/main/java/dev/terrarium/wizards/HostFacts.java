// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.wizards;

import dev.terrarium.engine.Host;
import dev.terrarium.engine.HostCapabilities;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What the wizard needs to know about the host, read once in the background.
 *
 * @param freeBytes room for disks in the home folder's file system
 * @param names taken by machines, damaged ones too
 * @param disks image file to the machine that has it
 */
record HostFacts(HostCapabilities capabilities, long freeBytes, Set<String> names, Map<Path, String> disks) {
    HostFacts {
        names = Set.copyOf(names);
        disks = Map.copyOf(disks);
    }

    static HostFacts read(Host host) {
        Set<String> names = new HashSet<>();
        Map<Path, String> disks = new HashMap<>();
        for (VirtualMachine machine : host.machines()) {
            names.add(machine.name());
            for (DriveConfig drive : machine.config().disks()) {
                String path = drive.path();
                if (path != null && drive.kind() == DriveConfig.Kind.DISK) {
                    disks.put(Path.of(path), machine.name());
                }
            }
        }
        host.damaged().forEach(machine -> names.add(machine.name()));
        return new HostFacts(host.capabilities(), host.home().toFile().getUsableSpace(), names, disks);
    }

    Optional<String> ownerOf(Path disk) {
        return Optional.ofNullable(disks.get(disk));
    }

    /** Is there something in the way of a machine with this name? */
    boolean taken(String name, Path home) {
        return names.stream().anyMatch(name::equalsIgnoreCase)
                || Files.exists(home.resolve("machines").resolve(name));
    }
}
