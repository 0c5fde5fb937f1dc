// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.device.TestLine;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class InterruptControllerPairTest {
    private final TestLine output = new TestLine();
    private final InterruptControllerPair pic = new InterruptControllerPair(output);

    @BeforeEach
    void initialise() {
        pic.reset();
        initialise(0x01);
    }

    private void initialise(int icw4) {
        master(0, 0x11);
        master(1, 0x20);
        master(1, 0x04);
        master(1, icw4);
        slave(0, 0x11);
        slave(1, 0x28);
        slave(1, 0x02);
        slave(1, icw4);
    }

    private void master(int offset, int value) {
        pic.masterPorts().write(offset, 1, value);
    }

    private void slave(int offset, int value) {
        pic.slavePorts().write(offset, 1, value);
    }

    @Test
    void deliversAnEdgeOnce() {
        pic.input(1).set(true);
        assertThat(output.level()).isTrue();
        assertThat(pic.acknowledge()).isEqualTo(0x21);
        assertThat(output.level()).isFalse();
        master(0, 0x20);
        assertThat(output.level()).isFalse();
        pic.input(1).set(false);
        pic.input(1).set(true);
        assertThat(pic.acknowledge()).isEqualTo(0x21);
    }

    @Test
    void higherPriorityInterruptsLower() {
        pic.input(4).pulse();
        assertThat(pic.acknowledge()).isEqualTo(0x24);
        pic.input(5).pulse();
        assertThat(output.level()).isFalse();
        pic.input(0).pulse();
        assertThat(pic.acknowledge()).isEqualTo(0x20);
        master(0, 0x20);
        assertThat(output.level()).isFalse();
        master(0, 0x20);
        assertThat(pic.acknowledge()).isEqualTo(0x25);
    }

    @Test
    void slaveComesThroughInputTwo() {
        pic.input(12).pulse();
        assertThat(pic.acknowledge()).isEqualTo(0x2C);
        master(0, 0x0B);
        assertThat(pic.masterPorts().read(0, 1)).isEqualTo(0x04);
        slave(0, 0x20);
        master(0, 0x20);
        assertThat(pic.masterPorts().read(0, 1)).isZero();
        pic.input(14).pulse();
        assertThat(output.level()).isTrue();
    }

    @Test
    void secondSlaveRequestFollowsTheFirst() {
        pic.input(8).pulse();
        pic.input(9).pulse();
        assertThat(pic.acknowledge()).isEqualTo(0x28);
        slave(0, 0x20);
        master(0, 0x20);
        assertThat(pic.acknowledge()).isEqualTo(0x29);
    }

    @Test
    void spuriousInterruptIsSevenAndNotInService() {
        assertThat(pic.acknowledge()).isEqualTo(0x27);
        master(0, 0x0B);
        assertThat(pic.masterPorts().read(0, 1)).isZero();
    }

    @Test
    void levelTriggeredInputInterruptsAgainAfterEndOfInterrupt() {
        pic.edgeLevelPorts().write(1, 1, 0x08);
        assertThat(pic.edgeLevelPorts().read(0, 2)).isEqualTo(0x0800);
        pic.input(11).set(true);
        assertThat(pic.acknowledge()).isEqualTo(0x2B);
        slave(0, 0x20);
        master(0, 0x20);
        assertThat(output.level()).isTrue();
        pic.input(11).set(false);
        assertThat(output.level()).isFalse();
    }

    @Test
    void timerKeyboardAndClockStayEdgeTriggered() {
        pic.edgeLevelPorts().write(0, 2, 0xFFFF);
        assertThat(pic.edgeLevelPorts().read(0, 2)).isEqualTo(0xDEF8);
    }

    @Test
    void maskHoldsBack() {
        master(1, 0xFF);
        pic.input(3).set(true);
        assertThat(output.level()).isFalse();
        master(1, 0xF7);
        assertThat(output.level()).isTrue();
        assertThat(pic.masterPorts().read(1, 1)).isEqualTo(0xF7);
    }

    @Test
    void rotatingEndOfInterruptMakesServedInputLowest() {
        pic.input(0).pulse();
        pic.input(1).pulse();
        assertThat(pic.acknowledge()).isEqualTo(0x20);
        master(0, 0xA0);
        pic.input(0).pulse();
        assertThat(pic.acknowledge()).isEqualTo(0x21);
    }

    @Test
    void specificEndOfInterruptAndSetPriority() {
        pic.input(3).pulse();
        pic.acknowledge();
        master(0, 0x63);
        master(0, 0x0B);
        assertThat(pic.masterPorts().read(0, 1)).isZero();
        master(0, 0xC4);
        pic.input(0).pulse();
        pic.input(5).pulse();
        assertThat(pic.acknowledge()).isEqualTo(0x25);
    }

    @Test
    void specialMaskModeLetsLowerInputsThrough() {
        pic.input(2 - 1).pulse();
        pic.acknowledge();
        pic.input(5).pulse();
        assertThat(output.level()).isFalse();
        master(1, 0x02);
        master(0, 0x68);
        assertThat(pic.acknowledge()).isEqualTo(0x25);
    }

    @Test
    void automaticEndOfInterrupt() {
        initialise(0x03);
        pic.input(3).pulse();
        assertThat(pic.acknowledge()).isEqualTo(0x23);
        master(0, 0x0B);
        assertThat(pic.masterPorts().read(0, 1)).isZero();
    }

    @Test
    void pollAcknowledges() {
        pic.input(6).pulse();
        master(0, 0x0C);
        assertThat(pic.masterPorts().read(0, 1)).isEqualTo(0x86);
        assertThat(output.level()).isFalse();
        master(0, 0x0C);
        assertThat(pic.masterPorts().read(0, 1)).isZero();
    }
}
