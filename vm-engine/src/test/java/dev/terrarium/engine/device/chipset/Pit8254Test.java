// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.device.ManualClock;
import dev.terrarium.engine.device.RegisterWindow;
import dev.terrarium.engine.device.TestLine;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class Pit8254Test {
    private final ManualClock clock = new ManualClock();
    private final TestLine irq = new TestLine();
    private final Pit8254 pit = new Pit8254(irq, clock);
    private final RegisterWindow ports = pit.ports();
    private final RegisterWindow portB = pit.systemControlPort();

    @BeforeEach
    void reset() {
        pit.reset();
    }

    private void ticks(long ticks) {
        clock.advance(TickRate.PIT.nanosAt(TickRate.PIT.ticksAt(clock.nanoTime()) + ticks) - clock.nanoTime());
    }

    private void program(int counter, int mode, int count) {
        ports.write(3, 1, counter << 6 | 0x30 | mode << 1);
        ports.write(counter, 1, count & 0xFF);
        ports.write(counter, 1, count >> 8);
    }

    private int readCount(int counter) {
        ports.write(3, 1, counter << 6);
        return (int) (ports.read(counter, 1) | ports.read(counter, 1) << 8);
    }

    private int status(int counter) {
        ports.write(3, 1, 0xE0 | 2 << counter);
        return (int) ports.read(counter, 1);
    }

    @Test
    void rateGeneratorCountsDownToOneAndInterruptsEachPeriod() {
        program(0, 2, 1000);
        irq.takeRises();
        assertThat(readCount(0)).isEqualTo(1000);
        ticks(1);
        assertThat(readCount(0)).isEqualTo(999);
        ticks(998);
        assertThat(readCount(0)).isEqualTo(1);
        assertThat(irq.takeRises()).isZero();
        assertThat(status(0) & 0x80).isZero();
        ticks(1);
        assertThat(readCount(0)).isEqualTo(1000);
        assertThat(irq.takeRises()).isEqualTo(1);
        assertThat(status(0)).isEqualTo(0xB4);
        ticks(10_000);
        assertThat(irq.takeRises()).isEqualTo(10);
    }

    @Test
    void aSecondHasTheRightNumberOfTicks() {
        program(0, 2, 11932);
        irq.takeRises();
        clock.advance(3_600_000_000_000L);
        assertThat(irq.takeRises()).isEqualTo((int) (3600L * 1_193_182 / 11932));
    }

    @Test
    void lateHostGetsOneEdgeForMissedPeriods() {
        program(0, 2, 1193);
        irq.takeRises();
        clock.jump(100_000_000);
        assertThat(irq.takeRises()).isEqualTo(1);
        clock.advance(1_000_000);
        assertThat(irq.takeRises()).isEqualTo(1);
    }

    @Test
    void squareWaveCountsByTwos() {
        program(0, 3, 10);
        int[] expected = {10, 8, 6, 4, 2, 10, 8, 6, 4, 2, 10};
        for (int count : expected) {
            assertThat(readCount(0)).isEqualTo(count);
            ticks(1);
        }
    }

    @Test
    void squareWaveWithOddCountIsHighOneTickLonger() {
        program(2, 3, 5);
        portB.write(0, 1, 1);
        boolean[] expected = {true, true, true, false, false, true, true, true, false, false};
        for (boolean level : expected) {
            assertThat((portB.read(0, 1) & 0x20) != 0).isEqualTo(level);
            ticks(1);
        }
    }

    @Test
    void newDivisorTakesEffectAtPeriodEnd() {
        program(0, 2, 100);
        ticks(30);
        ports.write(0, 1, 50);
        ports.write(0, 1, 0);
        assertThat(status(0) & 0x40).isNotZero();
        assertThat(readCount(0)).isEqualTo(70);
        ticks(70);
        assertThat(readCount(0)).isEqualTo(50);
        assertThat(status(0) & 0x40).isZero();
    }

    @Test
    void terminalCountRaisesOutputOnce() {
        program(0, 0, 500);
        assertThat(irq.level()).isFalse();
        ticks(499);
        assertThat(irq.level()).isFalse();
        ticks(1);
        assertThat(irq.level()).isTrue();
        ticks(200_000);
        assertThat(irq.takeRises()).isEqualTo(1);
        assertThat(clock.scheduled()).isZero();
    }

    @Test
    void softwareStrobeInterruptsOnce() {
        program(0, 4, 500);
        irq.takeRises();
        ticks(499);
        assertThat(irq.takeRises()).isZero();
        ticks(2);
        assertThat(irq.takeRises()).isEqualTo(1);
        ticks(200_000);
        assertThat(irq.takeRises()).isZero();
    }

    @Test
    void gateStopsTheThirdCounter() {
        program(2, 0, 1000);
        ticks(100);
        assertThat(readCount(2)).isEqualTo(1000);
        portB.write(0, 1, 1);
        ticks(400);
        assertThat(readCount(2)).isEqualTo(600);
        portB.write(0, 1, 0);
        ticks(400);
        assertThat(readCount(2)).isEqualTo(600);
        portB.write(0, 1, 1);
        ticks(600);
        assertThat(portB.read(0, 1) & 0x20).isNotZero();
    }

    @Test
    void oneShotIsTriggeredByTheGate() {
        program(2, 1, 100);
        ticks(500);
        assertThat(portB.read(0, 1) & 0x20).isNotZero();
        portB.write(0, 1, 1);
        assertThat(portB.read(0, 1) & 0x20).isZero();
        ticks(100);
        assertThat(portB.read(0, 1) & 0x20).isNotZero();
    }

    @Test
    void decimalCounting() {
        ports.write(3, 1, 0x35);
        ports.write(0, 1, 0x00);
        ports.write(0, 1, 0x10);
        assertThat(readCount(0)).isEqualTo(0x1000);
        ticks(1);
        assertThat(readCount(0)).isEqualTo(0x999);
    }

    @Test
    void readBackLatchesStatusBeforeCount() {
        program(0, 2, 1000);
        ticks(10);
        ports.write(3, 1, 0xC2);
        ticks(10);
        assertThat(ports.read(0, 1)).isEqualTo(0xB4);
        assertThat(ports.read(0, 1) | ports.read(0, 1) << 8).isEqualTo(990);
        assertThat(readCount(0)).isEqualTo(980);
    }

    @Test
    void refreshBitToggles() {
        long before = portB.read(0, 1) & 0x10;
        clock.advance(15_100);
        assertThat(portB.read(0, 1) & 0x10).isNotEqualTo(before);
    }
}
