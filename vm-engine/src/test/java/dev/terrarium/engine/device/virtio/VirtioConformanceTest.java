// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.virtio;

import dev.terrarium.engine.device.DeviceConformance;
import dev.terrarium.engine.device.NetworkBackend;
import dev.terrarium.engine.device.NetworkFrame;
import dev.terrarium.engine.device.RegisterWindow;
import dev.terrarium.engine.device.TestBuses;
import dev.terrarium.engine.device.storage.MemoryBackend;
import dev.terrarium.engine.device.virtio.balloon.VirtioBalloon;
import dev.terrarium.engine.device.virtio.blk.VirtioBlock;
import dev.terrarium.engine.device.virtio.net.VirtioNetwork;
import dev.terrarium.engine.device.virtio.rng.VirtioEntropy;
import java.util.Arrays;
import java.util.List;

/** The conformance suite over the virtio devices: anything may be written to their registers, and to the rings by nobody. */
class VirtioConformanceTest extends DeviceConformance {
    /** A cable that leads nowhere. */
    static final class Nowhere implements NetworkBackend {
        @Override
        public void send(NetworkFrame frame) {}

        @Override
        public void connect(Card card) {}

        @Override
        public void ready() {}
    }

    @Override
    protected List<Subject> subjects() {
        return List.of(
                subject(
                        "entropy",
                        rig -> virtio(
                                rig, new VirtioEntropy("rng", new GuestRam(), bytes -> Arrays.fill(bytes, (byte) 1)))),
                subject("balloon", rig -> {
                    VirtioBalloon balloon =
                            new VirtioBalloon("balloon", new GuestRam(), (physical, length) -> {}, rig.clock);
                    virtio(rig, balloon);
                    rig.stimulus(random -> balloon.setTarget(random.nextInt()))
                            .stimulus(random -> balloon.refreshStatistics());
                }),
                subject("network", rig -> {
                    VirtioNetwork card = new VirtioNetwork(
                            "net", new GuestRam(), new Nowhere(), new byte[] {0x52, 0x54, 0, 0, 0, 1});
                    virtio(rig, card);
                    rig.stimulus(random -> card.receive(new NetworkFrame(new byte[60], 60)))
                            .stimulus(random -> card.setLink(random.nextBoolean()));
                }),
                subject("block", rig -> {
                    MemoryBackend disk = new MemoryBackend(1 << 16);
                    virtio(rig, new VirtioBlock("disk", new GuestRam(), disk, "TRV00001", 2));
                    rig.stimulus(random -> disk.drain());
                }));
    }

    /** Some writes that get a driver further than chance would. */
    private static void virtio(Rig rig, VirtioFunction<?> function) {
        rig.pci(function);
        int[] statuses = {0, 1, 3, 11, 15, 15, 15};
        rig.stimulus(random -> registers(rig.buses, TestDriver.STATUS, 1, statuses[random.nextInt(statuses.length)]));
        rig.stimulus(random -> {
            registers(rig.buses, TestDriver.DRIVER_FEATURE_SELECT, 4, 0);
            registers(rig.buses, TestDriver.DRIVER_FEATURE, 4, function.offeredFeatures() & 0xFFFF_FFFFL);
            registers(rig.buses, TestDriver.DRIVER_FEATURE_SELECT, 4, 1);
            registers(rig.buses, TestDriver.DRIVER_FEATURE, 4, function.offeredFeatures() >>> 32);
        });
        rig.stimulus(random -> {
            registers(rig.buses, TestDriver.QUEUE_SELECT, 2, random.nextInt(3));
            for (int i = 0; i < 3; i++) {
                registers(rig.buses, TestDriver.QUEUE_DESC + 8 * i, 8, random.nextInt(1 << 16) & -16L);
            }
            registers(rig.buses, TestDriver.QUEUE_ENABLE, 2, 1);
        });
    }

    private static void registers(TestBuses buses, int offset, int size, long value) {
        for (TestBuses.Range range : buses.memory()) {
            if (range.size() == 0x4000) {
                RegisterWindow window = range.window();
                window.write(offset, size, value);
            }
        }
    }
}
