// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

import dev.terrarium.engine.device.DeviceConformance;
import dev.terrarium.engine.device.TestLine;
import java.util.List;

/** The conformance suite over the chipset. */
class ChipsetConformanceTest extends DeviceConformance {
    @Override
    protected List<Subject> subjects() {
        return List.of(
                subject("pic", ChipsetConformanceTest::pic),
                subject("pit", ChipsetConformanceTest::pit),
                subject("rtc", rig -> {
                    RealTimeClock rtc = new RealTimeClock(new TestLine(), rig.clock, 0);
                    rig.device(rtc).window(rtc.ports(), 2);
                }));
    }

    private static void pic(Rig rig) {
        InterruptControllerPair pic = new InterruptControllerPair(new TestLine());
        rig.device(pic)
                .window(pic.masterPorts(), 2)
                .window(pic.slavePorts(), 2)
                .window(pic.edgeLevelPorts(), 2)
                .stimulus(random -> pic.input(random.nextInt(16)).set(random.nextBoolean()))
                .stimulus(random -> pic.acknowledge());
    }

    private static void pit(Rig rig) {
        Pit8254 pit = new Pit8254(new TestLine(), rig.clock);
        rig.device(pit).window(pit.ports(), 4).window(pit.systemControlPort(), 1);
    }
}
