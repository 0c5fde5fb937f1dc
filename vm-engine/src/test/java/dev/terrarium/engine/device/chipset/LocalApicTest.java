// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.device.ManualClock;
import dev.terrarium.engine.processor.LocalInterruptController.Signal;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LocalApicTest {
    private static final int EOI = 0xB0;
    private static final int SVR = 0xF0;
    private static final int ICR_LOW = 0x300;
    private static final int ICR_HIGH = 0x310;
    private static final int LVT_TIMER = 0x320;
    private static final int LVT_LINT0 = 0x350;
    private static final int LVT_LINT1 = 0x360;
    private static final int INITIAL_COUNT = 0x380;
    private static final int CURRENT_COUNT = 0x390;
    private static final int DIVIDE = 0x3E0;

    private final ManualClock clock = new ManualClock();
    private final ApicBus bus = new ApicBus();
    private final InterruptControllerPair pic =
            new InterruptControllerPair(asserted -> boot().lint0().set(asserted));
    private final LocalApic boot = new LocalApic(0, clock, bus, pic::acknowledge);
    private final LocalApic second = new LocalApic(1, clock, bus, () -> -1);
    private final IoApic ioApic = new IoApic(bus);
    private int wakes;

    private LocalApic boot() {
        return boot;
    }

    @BeforeEach
    void reset() {
        pic.reset();
        boot.reset();
        second.reset();
        ioApic.reset();
        boot.onRequest(() -> wakes++);
        pic.masterPorts().write(0, 1, 0x11);
        pic.masterPorts().write(1, 1, 0x20);
        pic.masterPorts().write(1, 1, 0x04);
        pic.masterPorts().write(1, 1, 0x01);
    }

    private static void write(LocalApic apic, int offset, long value) {
        apic.registers().write(offset, 4, value & 0xFFFF_FFFFL);
    }

    private static long read(LocalApic apic, int offset) {
        return apic.registers().read(offset, 4);
    }

    private void enable() {
        write(boot, SVR, 0x1FF);
        write(second, SVR, 0x1FF);
    }

    private void redirect(int pin, long entry) {
        ioApic.registers().write(0, 4, 0x10 + 2 * pin);
        ioApic.registers().write(0x10, 4, entry & 0xFFFF_FFFFL);
        ioApic.registers().write(0, 4, 0x11 + 2 * pin);
        ioApic.registers().write(0x10, 4, entry >>> 32);
    }

    private long entry(int pin) {
        ioApic.registers().write(0, 4, 0x10 + 2 * pin);
        return ioApic.registers().read(0x10, 4);
    }

    @Test
    void identity() {
        assertThat(read(boot, 0x30)).isEqualTo(0x50014);
        assertThat(read(second, 0x20)).isEqualTo(0x0100_0000);
        assertThat(boot.baseAddress()).isEqualTo(0xFEE0_0900L);
        assertThat(second.baseAddress()).isEqualTo(0xFEE0_0800L);
    }

    @Test
    void picGoesStraightThroughUntilTheApicIsEnabled() {
        pic.input(1).pulse();
        assertThat(boot.interruptPending()).isTrue();
        assertThat(wakes).isEqualTo(1);
        assertThat(boot.acknowledge()).isEqualTo(0x21);
        assertThat(boot.interruptPending()).isFalse();
        assertThat(boot.acknowledge()).isEqualTo(-1);
        pic.masterPorts().write(0, 1, 0x20);

        enable();
        pic.input(1).pulse();
        assertThat(boot.interruptPending()).isFalse();
        write(boot, LVT_LINT0, 0x700);
        assertThat(boot.interruptPending()).isTrue();
        assertThat(boot.acknowledge()).isEqualTo(0x21);
        write(boot, LVT_LINT0, 0x10700);
        pic.masterPorts().write(0, 1, 0x20);
        pic.input(1).pulse();
        assertThat(boot.interruptPending()).isFalse();
        boot.setBaseAddress(0xFEE0_0000L);
        assertThat(boot.interruptPending()).isTrue();
    }

    @Test
    void prioritiesAndTaskPriority() {
        enable();
        boot.receive(DeliveryMode.FIXED, 0x41, false);
        boot.receive(DeliveryMode.FIXED, 0x52, false);
        assertThat(boot.acknowledge()).isEqualTo(0x52);
        assertThat(boot.interruptPending()).isFalse();
        assertThat(read(boot, 0xA0)).isEqualTo(0x50);
        assertThat(read(boot, 0x120)).isEqualTo(1 << 0x12);
        write(boot, EOI, 0);
        assertThat(boot.interruptPending()).isTrue();
        boot.setTaskPriorityClass(4);
        assertThat(read(boot, 0x80)).isEqualTo(0x40);
        assertThat(boot.interruptPending()).isFalse();
        assertThat(boot.acknowledge()).isEqualTo(-1);
        wakes = 0;
        boot.setTaskPriorityClass(3);
        assertThat(wakes).isEqualTo(1);
        assertThat(boot.acknowledge()).isEqualTo(0x41);
    }

    @Test
    void oneShotTimer() {
        enable();
        write(boot, DIVIDE, 0x3);
        write(boot, LVT_TIMER, 0xEC);
        write(boot, INITIAL_COUNT, 1_000_000);
        clock.advance(4_000_000);
        assertThat(read(boot, CURRENT_COUNT)).isEqualTo(750_000);
        assertThat(boot.interruptPending()).isFalse();
        clock.advance(12_000_000);
        assertThat(boot.acknowledge()).isEqualTo(0xEC);
        assertThat(read(boot, CURRENT_COUNT)).isZero();
        clock.advance(100_000_000);
        assertThat(boot.interruptPending()).isFalse();
        assertThat(clock.scheduled()).isZero();
    }

    @Test
    void periodicTimerAndMask() {
        enable();
        write(boot, DIVIDE, 0xB);
        write(boot, LVT_TIMER, 0x200EC);
        write(boot, INITIAL_COUNT, 1_000_000);
        int interrupts = 0;
        for (int i = 0; i < 105; i++) {
            clock.advance(100_000);
            if (boot.interruptPending()) {
                assertThat(boot.acknowledge()).isEqualTo(0xEC);
                write(boot, EOI, 0);
                interrupts++;
            }
        }
        assertThat(interrupts).isEqualTo(10);
        clock.jump(50_000_000);
        assertThat(boot.acknowledge()).isEqualTo(0xEC);
        write(boot, EOI, 0);
        assertThat(boot.interruptPending()).isFalse();
        write(boot, LVT_TIMER, 0x300EC);
        clock.advance(5_000_000);
        assertThat(boot.interruptPending()).isFalse();
        assertThat(read(boot, CURRENT_COUNT)).isBetween(1L, 1_000_000L);
    }

    @Test
    void runawayTimerDoesNotOccupyTheHost() {
        enable();
        write(boot, DIVIDE, 0xB);
        write(boot, LVT_TIMER, 0x200EC);
        write(boot, INITIAL_COUNT, 1);
        clock.advance(1_000_000_000);
        assertThat(boot.acknowledge()).isEqualTo(0xEC);
    }

    @Test
    void startsAnotherProcessor() {
        write(boot, ICR_HIGH, 1 << 24);
        write(boot, ICR_LOW, 0xC500);
        write(boot, ICR_LOW, 0x8500);
        assertThat(second.signalPending()).isTrue();
        assertThat(second.takeSignal()).isEqualTo(Signal.INIT);
        write(boot, ICR_LOW, 0x4608);
        write(boot, ICR_LOW, 0x4609);
        assertThat(second.takeSignal()).isEqualTo(Signal.STARTUP);
        assertThat(second.startupVector()).isEqualTo(8);
        assertThat(second.takeSignal()).isEqualTo(Signal.NONE);
        assertThat(second.signalPending()).isFalse();
        assertThat(boot.takeSignal()).isEqualTo(Signal.NONE);
    }

    @Test
    void signalsThatComeTogetherAreAllTaken() {
        int[] secondWakes = {0};
        second.onRequest(() -> secondWakes[0]++);
        write(boot, ICR_HIGH, 1 << 24);
        write(boot, ICR_LOW, 0xC500);
        write(boot, ICR_LOW, 0x4608);
        assertThat(secondWakes[0]).isEqualTo(2);
        assertThat(second.takeSignal()).isEqualTo(Signal.INIT);
        assertThat(secondWakes[0]).as("called again for what is left").isEqualTo(3);
        assertThat(second.takeSignal()).isEqualTo(Signal.STARTUP);
        assertThat(second.signalPending()).isFalse();
    }

    @Test
    void timerReachesTheProcessorThroughEitherController() {
        IsaInterrupts isa = new IsaInterrupts(pic::input, ioApic::input);
        Pit8254 pit = new Pit8254(isa.line(0), clock);
        pit.reset();
        pit.ports().write(3, 1, 0x34);
        pit.ports().write(0, 1, 0xA9);
        pit.ports().write(0, 1, 0x04);
        assertThat(boot.acknowledge()).isEqualTo(0x20);
        pic.masterPorts().write(0, 1, 0x20);
        clock.advance(1_000_000);
        assertThat(boot.acknowledge()).isEqualTo(0x20);
        pic.masterPorts().write(1, 1, 0xFF);
        enable();
        redirect(2, 0x30);
        clock.advance(1_000_000);
        assertThat(boot.acknowledge()).isEqualTo(0x30);
    }

    @Test
    void destinations() {
        enable();
        write(boot, 0xD0, 0x0100_0000);
        write(second, 0xD0, 0x0200_0000);
        write(boot, ICR_HIGH, 0x0200_0000);
        write(boot, ICR_LOW, 0x4841);
        assertThat(second.acknowledge()).isEqualTo(0x41);
        assertThat(boot.interruptPending()).isFalse();
        write(boot, ICR_LOW, 0x44000 | 0x61);
        assertThat(boot.acknowledge()).isEqualTo(0x61);
        assertThat(second.interruptPending()).isFalse();
        write(boot, ICR_LOW, 0x84000 | 0x71);
        assertThat(boot.acknowledge()).isEqualTo(0x71);
        assertThat(second.acknowledge()).isEqualTo(0x71);
        write(boot, ICR_LOW, 0xC4000 | 0x81);
        assertThat(boot.interruptPending()).isFalse();
        assertThat(second.acknowledge()).isEqualTo(0x81);
        write(boot, ICR_LOW, 0xC4400);
        assertThat(second.takeSignal()).isEqualTo(Signal.NON_MASKABLE);

        write(boot, 0xE0, 0x0FFF_FFFF);
        write(second, 0xE0, 0x0FFF_FFFF);
        write(boot, 0xD0, 0x1100_0000);
        write(second, 0xD0, 0x2100_0000);
        write(boot, ICR_HIGH, 0x2100_0000);
        write(boot, ICR_LOW, 0x4891);
        assertThat(second.acknowledge()).isEqualTo(0x91);
        assertThat(boot.interruptPending()).isFalse();
    }

    @Test
    void messageSignalledInterrupt() {
        enable();
        bus.messageSignalled(0xFEE0_1000L, 0x41);
        assertThat(second.acknowledge()).isEqualTo(0x41);
    }

    @Test
    void errorsAreReadAfterAWrite() {
        enable();
        write(boot, 0x370, 0xFE);
        write(boot, ICR_LOW, 0x44005);
        assertThat(read(boot, 0x280)).isZero();
        write(boot, 0x280, 0);
        assertThat(read(boot, 0x280)).isEqualTo(0x20);
        assertThat(boot.acknowledge()).isEqualTo(0xFE);
    }

    @Test
    void lint1IsNonMaskable() {
        enable();
        write(boot, LVT_LINT1, 0x400);
        boot.lint1().set(true);
        assertThat(boot.takeSignal()).isEqualTo(Signal.NON_MASKABLE);
        assertThat(wakes).isEqualTo(1);
    }

    @Test
    void ioApicEdge() {
        enable();
        redirect(4, 0x34);
        ioApic.input(4).set(true);
        assertThat(boot.acknowledge()).isEqualTo(0x34);
        write(boot, EOI, 0);
        assertThat(boot.interruptPending()).isFalse();
        ioApic.input(4).set(false);
        ioApic.input(4).set(true);
        assertThat(boot.acknowledge()).isEqualTo(0x34);
        redirect(5, 0x10035);
        ioApic.input(5).set(true);
        redirect(5, 0x35);
        write(boot, EOI, 0);
        assertThat(boot.interruptPending()).isFalse();
    }

    @Test
    void ioApicLevelIsSentAgainAfterEndOfInterrupt() {
        enable();
        redirect(11, 0x0100_0000_0000_8000L | 0x5B);
        ioApic.input(11).set(true);
        assertThat(boot.interruptPending()).isFalse();
        assertThat(entry(11)).isEqualTo(0xC05B);
        assertThat(second.acknowledge()).isEqualTo(0x5B);
        write(second, EOI, 0);
        assertThat(second.acknowledge()).isEqualTo(0x5B);
        ioApic.input(11).set(false);
        write(second, EOI, 0);
        assertThat(second.interruptPending()).isFalse();
        assertThat(entry(11)).isEqualTo(0x805B);
    }

    @Test
    void switchingToEdgeClearsRemoteRequest() {
        enable();
        redirect(9, 0x8059);
        ioApic.input(9).set(true);
        redirect(9, 0x10059);
        assertThat(entry(9)).isEqualTo(0x10059);
        ioApic.registers().write(0, 4, 1);
        assertThat(ioApic.registers().read(0x10, 4)).isEqualTo(0x170011);
    }

    @Test
    void lowestPriorityGoesToTheIdleProcessor() {
        enable();
        write(boot, 0xD0, 0x0100_0000);
        write(second, 0xD0, 0x0200_0000);
        boot.setTaskPriorityClass(8);
        redirect(3, 0xFF00_0000_0000_0000L | 0x900 | 0x99);
        ioApic.input(3).set(true);
        assertThat(second.acknowledge()).isEqualTo(0x99);
    }
}
