// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.device.ManualClock;
import dev.terrarium.engine.device.RegisterWindow;
import dev.terrarium.engine.device.TestLine;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RealTimeClockTest {
    private static final long SECOND = 1_000_000_000L;

    private final ManualClock clock = new ManualClock();
    private final TestLine irq = new TestLine();
    private final RealTimeClock rtc = new RealTimeClock(irq, clock, 0);
    private final RegisterWindow ports = rtc.ports();

    @BeforeEach
    void reset() {
        rtc.reset();
    }

    private int read(int index) {
        ports.write(0, 1, index);
        return (int) ports.read(1, 1);
    }

    private void write(int index, int value) {
        ports.write(0, 1, index);
        ports.write(1, 1, value);
    }

    private String time() {
        return "%02x%02x-%02x-%02x %02x:%02x:%02x"
                .formatted(read(0x32), read(9), read(8), read(7), read(4), read(2), read(0));
    }

    @Test
    void showsWallTimeAcrossTheLeapDay() {
        assertThat(time()).isEqualTo("2024-02-28 23:59:58");
        assertThat(read(6)).isEqualTo(4);
        clock.advance(2 * SECOND);
        assertThat(time()).isEqualTo("2024-02-29 00:00:00");
        assertThat(read(0x0D)).isEqualTo(0x80);
    }

    @Test
    void settingIsKept() {
        write(0x0B, 0x82);
        write(0x32, 0x19);
        write(9, 0x99);
        write(8, 0x12);
        write(7, 0x31);
        write(4, 0x23);
        write(2, 0x59);
        write(0, 0x59);
        clock.advance(5 * SECOND);
        assertThat(time()).isEqualTo("1999-12-31 23:59:59");
        write(0x0B, 0x02);
        clock.advance(SECOND);
        assertThat(time()).isEqualTo("2000-01-01 00:00:00");
    }

    @Test
    void dividerResetStartsHalfASecondBeforeTheUpdate() {
        clock.advance(900_000_000);
        write(0x0A, 0x76);
        write(0x0A, 0x26);
        int second = read(0);
        clock.advance(490_000_000);
        assertThat(read(0)).isEqualTo(second);
        clock.advance(20_000_000);
        assertThat(read(0)).isNotEqualTo(second);
    }

    @Test
    void twelveHoursAndBinary() {
        write(0x0B, 0x04);
        assertThat(read(4)).isEqualTo(0x80 | 11);
        assertThat(read(2)).isEqualTo(59);
        clock.advance(3 * SECOND);
        assertThat(read(4)).isEqualTo(12);
    }

    @Test
    void updateInProgressGoesUpBeforeTheSecondEnds() {
        assertThat(read(0x0A)).isEqualTo(0x26);
        clock.advance(999_000_000);
        assertThat(read(0x0A)).isEqualTo(0xA6);
        clock.advance(1_000_000);
        assertThat(read(0x0A)).isEqualTo(0x26);
    }

    @Test
    void updateInterruptUntilRegisterCIsRead() {
        read(0x0C);
        write(0x0B, 0x12);
        clock.advance(SECOND);
        assertThat(irq.level()).isTrue();
        assertThat(read(0x0C)).isEqualTo(0xD0);
        assertThat(irq.level()).isFalse();
        assertThat(read(0x0C)).isZero();
        clock.advance(SECOND);
        assertThat(irq.level()).isTrue();
    }

    @Test
    void alarmRingsAtItsTime() {
        write(1, 0x05);
        write(3, 0x00);
        write(5, 0x00);
        write(0x0B, 0x22);
        clock.advance(6 * SECOND);
        assertThat(irq.level()).isFalse();
        clock.advance(SECOND);
        assertThat(irq.level()).isTrue();
        assertThat(read(0x0C) & 0xA0).isEqualTo(0xA0);
    }

    @Test
    void alarmWithDoNotCareRingsEachMinute() {
        write(1, 0x30);
        write(3, 0xC0);
        write(5, 0xFF);
        write(0x0B, 0x22);
        int rings = 0;
        for (int i = 0; i < 180; i++) {
            clock.advance(SECOND);
            rings += (read(0x0C) & 0x20) != 0 ? 1 : 0;
        }
        assertThat(rings).isEqualTo(3);
    }

    @Test
    void periodicInterruptAtItsRate() {
        write(0x0B, 0x42);
        read(0x0C);
        irq.takeRises();
        for (int i = 0; i < 100_000; i++) {
            clock.advance(10_000);
            if (irq.level()) {
                assertThat(read(0x0C) & 0xC0).isEqualTo(0xC0);
            }
        }
        assertThat(irq.takeRises()).isEqualTo(1024);
    }

    @Test
    void flagsAreSetWithoutInterrupts() {
        read(0x0C);
        clock.advance(SECOND);
        assertThat(read(0x0C)).isEqualTo(0x50);
    }

    @Test
    void memoryAndNmiMask() {
        rtc.setCmos(0x34, 0xAB);
        rtc.reset();
        assertThat(read(0x34)).isEqualTo(0xAB);
        write(0x80 | 0x0F, 5);
        assertThat(rtc.nmiDisabled()).isTrue();
        assertThat(read(0x0F)).isEqualTo(5);
        assertThat(rtc.nmiDisabled()).isFalse();
    }
}
