// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

import dev.terrarium.engine.config.GuestSystem;
import dev.terrarium.engine.config.MacAddress;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.NetworkConfig;
import dev.terrarium.engine.device.Clock;
import dev.terrarium.engine.device.Device;
import dev.terrarium.engine.device.DeviceMemory;
import dev.terrarium.engine.device.PageRelease;
import dev.terrarium.engine.device.StorageBackend;
import dev.terrarium.engine.device.chipset.PciBus;
import dev.terrarium.engine.device.virtio.balloon.VirtioBalloon;
import dev.terrarium.engine.device.virtio.blk.VirtioBlock;
import dev.terrarium.engine.device.virtio.net.VirtioNetwork;
import dev.terrarium.engine.device.virtio.rng.VirtioEntropy;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The virtio devices of a machine: what its configuration names, and what a guest that has the drivers gets in any case. */
final class VirtioDevices {
    private static final int MOST_QUEUES = 4;

    private final List<Device<?>> all = new ArrayList<>();
    private final Optional<VirtioBalloon> balloon;

    /** What the devices are wired to. */
    record Wiring(DeviceMemory memory, PageRelease pages, Clock clock) {}

    /** Makes the devices and plugs them in. */
    VirtioDevices(MachineConfig config, Wiring wiring, List<StorageBackend> disks, Cables cables, PciBus pci) {
        DeviceMemory memory = wiring.memory;
        int queues = Math.min(config.vcpus(), MOST_QUEUES);
        for (int i = 0; i < disks.size(); i++) {
            VirtioBlock disk =
                    new VirtioBlock("virtio-disk" + i, memory, disks.get(i), "TRV%05d".formatted(i + 1), queues);
            pci.attach(VirtioSlots.disk(i), 0, disk);
            all.add(disk);
        }
        for (int i = 0; i < config.networks().size(); i++) {
            NetworkConfig network = config.networks().get(i);
            if (network.kind() != NetworkConfig.Kind.NONE) {
                VirtioNetwork card = card(config, i, memory, cables);
                pci.attach(VirtioSlots.networkCard(i), 0, card);
                all.add(card);
            }
        }
        if (GuestSystem.of(config.operatingSystem()).virtio()) {
            SecureRandom random = new SecureRandom();
            VirtioEntropy entropy = new VirtioEntropy("virtio-rng", memory, random::nextBytes);
            pci.attach(VirtioSlots.ENTROPY, 0, entropy);
            all.add(entropy);
            VirtioBalloon made = new VirtioBalloon("virtio-balloon", memory, wiring.pages, wiring.clock);
            pci.attach(VirtioSlots.BALLOON, 0, made);
            all.add(made);
            balloon = Optional.of(made);
        } else {
            balloon = Optional.empty();
        }
    }

    private static VirtioNetwork card(MachineConfig config, int index, DeviceMemory memory, Cables cables) {
        MacAddress mac = Optional.ofNullable(config.networks().get(index).mac())
                .flatMap(MacAddress::of)
                .orElseGet(() -> MacAddress.usual(config.id(), index));
        VirtioNetwork card = new VirtioNetwork("virtio-net" + index, memory, cables.backend(index), mac.bytes());
        card.setLink(cables.isPluggedIn(index));
        return card;
    }

    /** The balloon, if the machine has one. */
    Optional<VirtioBalloon> balloon() {
        return balloon;
    }

    /** All of them, in the order in which they are saved. */
    List<Device<?>> all() {
        return all;
    }
}
