// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.device.ManualClock;
import dev.terrarium.engine.device.storage.MemoryBackend;
import dev.terrarium.engine.device.virtio.balloon.VirtioBalloon;
import dev.terrarium.engine.device.virtio.blk.VirtioBlock;
import dev.terrarium.engine.device.virtio.net.VirtioNetwork;
import dev.terrarium.engine.device.virtio.rng.VirtioEntropy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/**
 * {@code docs/devices.md} lists the features that the devices offer. This test fails if it is not what the code says;
 * {@code -Dwrite.devices=true} writes it.
 */
class DevicesPageTest {
    private static final String HEAD = """
            # Devices

            The virtio devices of a machine and the features that each offers (OASIS VIRTIO 1.2; the numbers are the specification's feature
            bits). All are modern PCI functions (vendor 1AF4) with MSI-X, or an interrupt pin where the guest does not use it. A machine has
            a block device for each disk with `bus=virtio`, a network device for each network card, and %s if its guest system is known to have the drivers. This page is
            made from the code: `DevicesPageTest` fails if it is not.

            """;

    /** Names of feature bits that every device may have (chapter 6). */
    private static final Map<Integer, String> COMMON = Map.of(
            28, "VIRTIO_F_INDIRECT_DESC",
            29, "VIRTIO_F_EVENT_IDX",
            32, "VIRTIO_F_VERSION_1",
            40, "VIRTIO_F_RING_RESET");

    /** Names of the feature bits of kinds of devices (chapter 5). */
    private static final Map<DeviceType, Map<Integer, String>> NAMES = Map.of(
            DeviceType.ENTROPY,
            Map.of(),
            DeviceType.BALLOON,
            Map.of(
                    1, "VIRTIO_BALLOON_F_STATS_VQ",
                    2, "VIRTIO_BALLOON_F_DEFLATE_ON_OOM",
                    5, "VIRTIO_BALLOON_F_PAGE_REPORTING"),
            DeviceType.NETWORK,
            Map.ofEntries(
                    Map.entry(0, "VIRTIO_NET_F_CSUM"),
                    Map.entry(1, "VIRTIO_NET_F_GUEST_CSUM"),
                    Map.entry(5, "VIRTIO_NET_F_MAC"),
                    Map.entry(7, "VIRTIO_NET_F_GUEST_TSO4"),
                    Map.entry(8, "VIRTIO_NET_F_GUEST_TSO6"),
                    Map.entry(11, "VIRTIO_NET_F_HOST_TSO4"),
                    Map.entry(12, "VIRTIO_NET_F_HOST_TSO6"),
                    Map.entry(15, "VIRTIO_NET_F_MRG_RXBUF"),
                    Map.entry(16, "VIRTIO_NET_F_STATUS"),
                    Map.entry(17, "VIRTIO_NET_F_CTRL_VQ"),
                    Map.entry(18, "VIRTIO_NET_F_CTRL_RX"),
                    Map.entry(23, "VIRTIO_NET_F_CTRL_MAC_ADDR")),
            DeviceType.BLOCK,
            Map.of(
                    2, "VIRTIO_BLK_F_SEG_MAX",
                    5, "VIRTIO_BLK_F_RO",
                    6, "VIRTIO_BLK_F_BLK_SIZE",
                    9, "VIRTIO_BLK_F_FLUSH",
                    10, "VIRTIO_BLK_F_TOPOLOGY",
                    11, "VIRTIO_BLK_F_CONFIG_WCE",
                    12, "VIRTIO_BLK_F_MQ",
                    13, "VIRTIO_BLK_F_DISCARD",
                    14, "VIRTIO_BLK_F_WRITE_ZEROES"));

    private record Shown(DeviceType type, VirtioFunction<?> function) {}

    private static Map<String, Shown> devices() {
        GuestRam ram = new GuestRam();
        MemoryBackend disk = new MemoryBackend(512);
        MemoryBackend readOnly = new MemoryBackend(512);
        readOnly.readOnly = true;
        Map<String, Shown> devices = new LinkedHashMap<>();
        devices.put("block, two vCPUs", new Shown(DeviceType.BLOCK, new VirtioBlock("d", ram, disk, "", 2)));
        devices.put(
                "block, read-only, one vCPU", new Shown(DeviceType.BLOCK, new VirtioBlock("d", ram, readOnly, "", 1)));
        devices.put(
                "network",
                new Shown(
                        DeviceType.NETWORK,
                        new VirtioNetwork("n", ram, new VirtioConformanceTest.Nowhere(), new byte[6])));
        devices.put("entropy", new Shown(DeviceType.ENTROPY, new VirtioEntropy("r", ram, bytes -> {})));
        devices.put(
                "balloon",
                new Shown(
                        DeviceType.BALLOON, new VirtioBalloon("b", ram, (physical, length) -> {}, new ManualClock())));
        return devices;
    }

    private static String features(Shown shown) {
        Map<Integer, String> names = new TreeMap<>(COMMON);
        names.putAll(NAMES.get(shown.type));
        return LongStream.range(0, 64)
                .filter(bit -> (shown.function.offeredFeatures() & 1L << bit) != 0)
                .mapToObj(bit -> {
                    assertThat(names)
                            .as("feature bit %d of %s", bit, shown.type)
                            .containsKey((int) bit);
                    return names.get((int) bit).replaceFirst("VIRTIO_([A-Z]+_)?F_", "") + " (" + bit + ")";
                })
                .collect(Collectors.joining(", "));
    }

    private static String page() {
        StringBuilder page = new StringBuilder(HEAD.formatted("an entropy source and a balloon"));
        page.append("| device | PCI ID | queues | features offered |\n|---|---|---|---|\n");
        devices().forEach((name, shown) -> page.append("| ")
                .append(name)
                .append(" | 1AF4:")
                .append("%04X".formatted(0x1040 + shown.type.id()))
                .append(" | ")
                .append(shown.function.queues().stream()
                        .map(queue -> String.valueOf(queue.largest()))
                        .collect(Collectors.joining(", ")))
                .append(" | ")
                .append(features(shown))
                .append(" |\n"));
        return page.toString();
    }

    @Test
    void pageSaysWhatTheCodeOffers() throws Exception {
        Path here = Path.of("").toAbsolutePath();
        Path file = (Files.exists(here.resolve("docs")) ? here : here.getParent()).resolve("docs/devices.md");
        if (Boolean.getBoolean("write.devices")) {
            Files.writeString(file, page());
        }
        assertThat(Files.readString(file))
                .as("docs/devices.md, to be written by -Dwrite.devices=true")
                .isEqualTo(page());
    }
}
