// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.input;

import dev.terrarium.engine.device.DeviceConformance;
import dev.terrarium.engine.device.TestLine;
import dev.terrarium.engine.device.chipset.A20Gate;
import dev.terrarium.engine.device.chipset.SystemControl;
import java.util.List;
import java.util.Random;

/** The conformance suite over the PS/2 devices. */
class InputConformanceTest extends DeviceConformance {
    @Override
    protected List<Subject> subjects() {
        return List.of(
                subject("controller", rig -> controller(rig, new Ps2Keyboard(), new Ps2Mouse())),
                subject("keyboard", rig -> {
                    Ps2Keyboard keyboard = new Ps2Keyboard();
                    rig.device(keyboard).stimulus(random -> key(keyboard, random));
                    ps2(rig, keyboard);
                }),
                subject("mouse", rig -> {
                    Ps2Mouse mouse = new Ps2Mouse();
                    rig.device(mouse).stimulus(random -> move(mouse, random));
                    ps2(rig, mouse);
                }));
    }

    private static void controller(Rig rig, Ps2Keyboard keyboard, Ps2Mouse mouse) {
        A20Gate a20 = new A20Gate(enabled -> {});
        SystemControl system = new SystemControl() {
            @Override
            public void requestReset() {}

            @Override
            public void requestPowerOff() {}
        };
        Ps2Controller controller = new Ps2Controller(new TestLine(), new TestLine(), keyboard, mouse, a20, system);
        rig.device(controller)
                .companion(keyboard)
                .companion(mouse)
                .companion(a20)
                .window(controller.dataPort(), 1)
                .window(controller.commandPort(), 1)
                .stimulus(random -> key(keyboard, random))
                .stimulus(random -> move(mouse, random));
    }

    private static void ps2(Rig rig, Ps2Device device) {
        rig.stimulus(random -> device.receive(random.nextInt(256)))
                .stimulus(random -> device.receive(0xE0 + random.nextInt(32)))
                .stimulus(random -> {
                    for (int i = random.nextInt(10); i > 0 && device.hasOutput(); i--) {
                        device.take();
                    }
                });
    }

    private static void key(Ps2Keyboard keyboard, Random random) {
        keyboard.key(random.nextInt(256), random.nextBoolean());
    }

    private static void move(Ps2Mouse mouse, Random random) {
        int reach = random.nextInt(8) == 0 ? Integer.MAX_VALUE : 50;
        mouse.move(
                random.nextInt(-reach, reach), random.nextInt(-reach, reach), random.nextInt(-2, 3), random.nextInt(8));
    }
}
