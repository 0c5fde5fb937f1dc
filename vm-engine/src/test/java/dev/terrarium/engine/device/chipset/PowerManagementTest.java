// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.device.ManualClock;
import dev.terrarium.engine.device.TestBuses;
import dev.terrarium.engine.device.TestLine;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PowerManagementTest {
    private static final int PM = 0x600;

    private final ManualClock clock = new ManualClock();
    private final TestLine sci = new TestLine();
    private final TestSystem system = new TestSystem();
    private final TestBuses buses = new TestBuses();
    private final PciBus bus = new PciBus(buses, buses.memoryBus);
    private final PowerManagement power = new PowerManagement(sci, clock, system);

    @BeforeEach
    void setUpAsFirmwareDoes() {
        bus.attach(2, 0, power);
        power.reset();
        config(0x40, 4, PM | 1);
        config(0x80, 1, 1);
        config(0x90, 4, 0x700 | 1);
        config(0xD2, 1, 9);
    }

    private void config(int offset, int size, long value) {
        bus.configPorts().write(0, 4, 0x8000_1000L | offset & 0xFC);
        bus.configPorts().write(4 + (offset & 3), size, value);
    }

    private void enableAcpi() {
        power.smiCommandPorts().write(0, 1, 0xF1);
    }

    @Test
    void firmwareThinksThatSystemManagementIsSetUp() {
        bus.configPorts().write(0, 4, 0x8000_1058L);
        assertThat(bus.configPorts().read(4, 4) & 1 << 25).isNotZero();
    }

    @Test
    void timerRunsAtItsRateAndWrapsAt24Bits() {
        long start = buses.in(PM + 8, 4);
        clock.advance(1_000_000_000L);
        assertThat(buses.in(PM + 8, 4) - start).isEqualTo(3_579_545);
        clock.advance(10_000_000_000L);
        assertThat(buses.in(PM + 8, 4)).isLessThan(1 << 24).isEqualTo(11L * 3_579_545 & 0xFF_FFFF);
    }

    @Test
    void timerStatusAndInterrupt() {
        enableAcpi();
        clock.advance(2_400_000_000L);
        assertThat(buses.in(PM, 2) & 1).isEqualTo(1);
        buses.out(PM, 2, 1);
        assertThat(buses.in(PM, 2) & 1).isZero();
        buses.out(PM + 2, 2, 1);
        assertThat(sci.level()).isFalse();
        clock.advance(2_400_000_000L);
        assertThat(sci.level()).isTrue();
        buses.out(PM, 2, 1);
        assertThat(sci.level()).isFalse();
    }

    @Test
    void acpiIsSwitchedThroughTheSmiCommandPort() {
        assertThat(buses.in(PM + 4, 2)).isZero();
        enableAcpi();
        assertThat(buses.in(PM + 4, 2)).isEqualTo(1);
        power.smiCommandPorts().write(0, 1, 0xF0);
        assertThat(buses.in(PM + 4, 2)).isZero();
        assertThat(power.smiCommandPorts().read(0, 1)).isEqualTo(0xF0);
    }

    @Test
    void powerButton() {
        assertThat(power.pressPowerButton()).isFalse();
        enableAcpi();
        buses.out(PM, 2, 0xFFFF);
        buses.out(PM + 2, 2, 0x100);
        assertThat(sci.level()).isFalse();
        assertThat(power.pressPowerButton()).isTrue();
        assertThat(sci.level()).isTrue();
        assertThat(buses.in(PM, 2)).isEqualTo(0x100);
        buses.out(PM, 2, 0x100);
        assertThat(sci.level()).isFalse();
    }

    @Test
    void softOff() {
        enableAcpi();
        buses.out(PM + 4, 2, 0x0401);
        assertThat(system.powerOffs()).isZero();
        buses.out(PM + 4, 2, 0x2001);
        assertThat(system.powerOffs()).isEqualTo(1);
        assertThat(buses.in(PM + 4, 2)).isEqualTo(1);
    }

    @Test
    void generalPurposeEvents() {
        enableAcpi();
        power.generalPurposeEventPorts().write(2, 1, 0x02);
        power.raiseEvent(1);
        assertThat(sci.level()).isTrue();
        assertThat(power.generalPurposeEventPorts().read(0, 1)).isEqualTo(2);
        power.generalPurposeEventPorts().write(0, 1, 2);
        assertThat(sci.level()).isFalse();
    }

    @Test
    void smbusHasNoDevices() {
        buses.out(0x702, 1, 0x48);
        assertThat(buses.in(0x700, 1)).isEqualTo(0x04);
        buses.out(0x700, 1, 0xFF);
        assertThat(buses.in(0x700, 1)).isZero();
    }
}
