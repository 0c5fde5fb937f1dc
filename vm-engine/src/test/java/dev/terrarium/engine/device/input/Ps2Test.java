// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.input;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.device.TestLine;
import dev.terrarium.engine.device.chipset.A20Gate;
import dev.terrarium.engine.device.chipset.SystemControl;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class Ps2Test {
    private final TestLine irq1 = new TestLine();
    private final TestLine irq12 = new TestLine();
    private final A20Gate a20 = new A20Gate(enabled -> {});
    private int resets;
    private final SystemControl system = new SystemControl() {
        @Override
        public void requestReset() {
            resets++;
        }

        @Override
        public void requestPowerOff() {
            throw new AssertionError();
        }
    };
    private final Ps2Keyboard keyboard = new Ps2Keyboard();
    private final Ps2Mouse mouse = new Ps2Mouse();
    private final Ps2Controller controller = new Ps2Controller(irq1, irq12, keyboard, mouse, a20, system);

    @BeforeEach
    void reset() {
        a20.reset();
        keyboard.reset();
        mouse.reset();
        controller.reset();
        command(0x60);
        data(0x47);
    }

    private void command(int value) {
        controller.commandPort().write(0, 1, value);
    }

    private void data(int value) {
        controller.dataPort().write(0, 1, value);
    }

    private int status() {
        return (int) controller.commandPort().read(0, 1);
    }

    private int read() {
        assertThat(status() & 1).as("output buffer full").isEqualTo(1);
        return (int) controller.dataPort().read(0, 1);
    }

    private List<Integer> drain() {
        List<Integer> bytes = new ArrayList<>();
        while ((status() & 1) != 0) {
            bytes.add(read());
        }
        return bytes;
    }

    private void mouse(int value) {
        command(0xD4);
        data(value);
        assertThat(status() & 0x21).isEqualTo(0x21);
        assertThat(read()).isEqualTo(0xFA);
    }

    @Test
    void firmwareSelfTest() {
        command(0xAA);
        assertThat(read()).isEqualTo(0x55);
        command(0xAB);
        assertThat(read()).isZero();
        command(0xA9);
        assertThat(read()).isZero();
        data(0xFF);
        assertThat(drain()).containsExactly(0xFA, 0xAA);
        command(0x20);
        assertThat(read()).isEqualTo(0x47);
    }

    @Test
    void keysAreTranslatedToSetOne() {
        keyboard.key(0x1E, true);
        assertThat(irq1.level()).isTrue();
        assertThat(drain()).containsExactly(0x1E);
        assertThat(irq1.level()).isFalse();
        keyboard.key(0x1E, false);
        assertThat(drain()).containsExactly(0x9E);
        keyboard.key(0xCD, true);
        keyboard.key(0xCD, false);
        assertThat(drain()).containsExactly(0xE0, 0x4D, 0xE0, 0xCD);
        keyboard.key(0x41, true);
        keyboard.key(0x41, false);
        assertThat(drain()).containsExactly(0x41, 0xC1);
    }

    @Test
    void everyKeySurvivesTranslation() {
        for (int code = 1; code < 0x80; code++) {
            boolean special = code == 0x54 || ScanCodes.set2(code) == 0;
            if (!special) {
                keyboard.key(code, true);
                keyboard.key(code, false);
                assertThat(drain()).containsExactly(code, code | 0x80);
            }
        }
    }

    @Test
    void untranslatedKeysAreSetTwo() {
        command(0x60);
        data(0x03);
        keyboard.key(0x1E, true);
        keyboard.key(0x1E, false);
        keyboard.key(0xCD, false);
        assertThat(drain()).containsExactly(0x1C, 0xF0, 0x1C, 0xE0, 0xF0, 0x74);
        data(0xF0);
        data(0x01);
        keyboard.key(0xCD, false);
        assertThat(drain()).containsExactly(0xFA, 0xFA, 0xE0, 0xCD);
        data(0xF0);
        data(0x03);
        keyboard.key(0xCD, false);
        assertThat(drain()).containsExactly(0xFA, 0xFA, 0xF0, 0x6A);
        data(0xF0);
        data(0x00);
        assertThat(drain()).containsExactly(0xFA, 0xFA, 0x03);
    }

    @Test
    void pauseAndPrint() {
        keyboard.key(0xC6, true);
        keyboard.key(0xC6, false);
        assertThat(drain()).containsExactly(0xE1, 0x1D, 0x45, 0xE1, 0x9D, 0xC5);
        keyboard.key(0xB7, true);
        keyboard.key(0xB7, false);
        assertThat(drain()).containsExactly(0xE0, 0x2A, 0xE0, 0x37, 0xE0, 0xB7, 0xE0, 0xAA);
        keyboard.key(0x38, true);
        keyboard.key(0x54, true);
        keyboard.key(0x54, false);
        keyboard.key(0x38, false);
        assertThat(drain()).containsExactly(0x38, 0x54, 0xD4, 0xB8);
    }

    @Test
    void identifiesAndTakesLedsAndRate() {
        data(0xF2);
        assertThat(drain()).containsExactly(0xFA, 0xAB, 0x41);
        data(0xED);
        data(0x02);
        data(0xF3);
        data(0x20);
        assertThat(drain()).containsExactly(0xFA, 0xFA, 0xFA, 0xFA);
        assertThat(keyboard.leds()).isEqualTo(2);
        data(0xEE);
        assertThat(drain()).containsExactly(0xEE);
        data(0xF5);
        drain();
        keyboard.key(0x1E, true);
        assertThat(drain()).isEmpty();
    }

    @Test
    void everyByteIsAnEdge() {
        irq1.takeRises();
        keyboard.key(0xCD, true);
        keyboard.key(0xCD, false);
        drain();
        assertThat(irq1.takeRises()).isEqualTo(4);
    }

    @Test
    void disabledKeyboardHoldsItsBytes() {
        command(0xAD);
        keyboard.key(0x1E, true);
        assertThat(status() & 1).isZero();
        command(0xAE);
        assertThat(read()).isEqualTo(0x1E);
    }

    @Test
    void fullQueueLosesWholeKeysAndKeepsReleases() {
        for (int i = 0; i < 500; i++) {
            keyboard.key(0xCD, true);
        }
        keyboard.key(0xCD, false);
        List<Integer> bytes = drain();
        assertThat(bytes.subList(bytes.size() - 2, bytes.size())).containsExactly(0xE0, 0xCD);
        assertThat(bytes.size() % 2).isZero();
    }

    @Test
    void gateAndReset() {
        command(0xD1);
        data(0xDD);
        assertThat(a20.enabled()).isFalse();
        command(0xD0);
        assertThat(read() & 2).isZero();
        command(0xD1);
        data(0xDF);
        assertThat(a20.enabled()).isTrue();
        assertThat(resets).isZero();
        command(0xFE);
        assertThat(resets).isEqualTo(1);
        command(0xFF);
        assertThat(resets).isEqualTo(1);
    }

    @Test
    void injectedBytes() {
        command(0xD2);
        data(0x12);
        assertThat(status() & 0x21).isEqualTo(0x01);
        assertThat(read()).isEqualTo(0x12);
        command(0xD3);
        data(0x34);
        assertThat(status() & 0x21).isEqualTo(0x21);
        assertThat(irq12.level()).isTrue();
        assertThat(read()).isEqualTo(0x34);
    }

    @Test
    void standardMouse() {
        mouse(0xFF);
        assertThat(drain()).containsExactly(0xAA, 0x00);
        mouse.move(5, 5, 0, 0);
        assertThat(drain()).isEmpty();
        mouse(0xF4);
        mouse.move(5, -3, 1, 1);
        assertThat(irq12.level()).isTrue();
        assertThat(drain()).containsExactly(0x09, 5, 3);
        mouse.move(-2, 4, 0, 4);
        assertThat(drain()).containsExactly(0x3A, 0xFE, 0xFC);
        mouse(0xE9);
        assertThat(drain()).containsExactly(0x21, 2, 100);
    }

    @Test
    void knockBringsTheWheel() {
        for (int rate : new int[] {200, 100, 80}) {
            mouse(0xF3);
            mouse(rate);
        }
        mouse(0xF2);
        assertThat(read()).isEqualTo(3);
        mouse(0xF4);
        mouse.move(0, 0, 1, 2);
        assertThat(drain()).containsExactly(0x0C, 0, 0, 0xFF);
        mouse.move(0, 0, -1, 0);
        assertThat(drain()).containsExactly(0x08, 0, 0, 1);
    }

    @Test
    void motionIsGatheredAndClicksAreNot() {
        mouse(0xF4);
        for (int i = 0; i < 400; i++) {
            mouse.move(1, 0, 0, 0);
        }
        mouse.move(0, 0, 0, 1);
        mouse.move(0, 0, 0, 0);
        List<Integer> bytes = drain();
        int x = 0;
        StringBuilder buttons = new StringBuilder();
        for (int i = 0; i < bytes.size(); i += 3) {
            x += bytes.get(i + 1);
            buttons.append(bytes.get(i) & 1);
        }
        assertThat(x).isEqualTo(400);
        assertThat(buttons.toString()).contains("01").endsWith("0");
        assertThat(bytes.size()).isLessThan(30);
    }

    @Test
    void remoteModeAnswersWhenAsked() {
        mouse(0xF0);
        mouse.move(7, 0, 0, 0);
        assertThat(drain()).isEmpty();
        mouse(0xEB);
        assertThat(drain()).containsExactly(0x08, 7, 0);
    }
}
