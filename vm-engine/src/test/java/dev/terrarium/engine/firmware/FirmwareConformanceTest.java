// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.firmware;

import dev.terrarium.engine.device.DeviceConformance;
import dev.terrarium.engine.device.DeviceMemory;
import java.util.Arrays;
import java.util.List;

/** The conformance suite over the firmware configuration device. */
class FirmwareConformanceTest extends DeviceConformance {
    @Override
    protected List<Subject> subjects() {
        return List.of(subject("fw_cfg", rig -> {
            DeviceMemory zeros = new DeviceMemory() {
                @Override
                public void read(long physical, byte[] target, int offset, int length) {
                    Arrays.fill(target, offset, offset + length, (byte) 0x0A);
                }

                @Override
                public void write(long physical, byte[] source, int offset, int length) {}

                @Override
                public int readInt(long physical) {
                    return 0;
                }

                @Override
                public void writeInt(long physical, int value) {}
            };
            FirmwareConfig config = new FirmwareConfig("fw_cfg", zeros, 1 << 20);
            config.addFile("etc/test", new byte[100]);
            rig.device(config).window(config.ports(), FirmwareConfig.PORTS).stimulus(random -> config.ports()
                    .write(0, 2, random.nextInt(0x22)));
        }));
    }
}
