// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.serial;

import dev.terrarium.engine.device.ByteSink;
import dev.terrarium.engine.device.DeviceConformance;
import dev.terrarium.engine.device.TestLine;
import java.util.List;

/** The conformance suite over serial ports. */
class SerialConformanceTest extends DeviceConformance {
    @Override
    protected List<Subject> subjects() {
        return List.of(subject("uart", rig -> {
            Uart16550 uart = new Uart16550("serial0", new TestLine(), rig.clock, ByteSink.NONE);
            rig.device(uart)
                    .window(uart, Uart16550.PORTS)
                    .stimulus(random -> uart.receive(new byte[random.nextInt(40)], 0, 0))
                    .stimulus(random -> {
                        byte[] data = new byte[random.nextInt(40)];
                        random.nextBytes(data);
                        uart.receive(data, 0, data.length);
                    })
                    .stimulus(random -> uart.receiveBreak())
                    .stimulus(random -> uart.setModemLines(
                            random.nextBoolean(), random.nextBoolean(), random.nextBoolean(), random.nextBoolean()));
        }));
    }
}
