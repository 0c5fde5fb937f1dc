// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.serial;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.device.ManualClock;
import dev.terrarium.engine.device.TestLine;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class Uart16550Test {
    private static final int DATA = 0;
    private static final int IER = 1;
    private static final int IIR = 2;
    private static final int FCR = 2;
    private static final int LCR = 3;
    private static final int MCR = 4;
    private static final int LSR = 5;
    private static final int MSR = 6;

    private final ManualClock clock = new ManualClock();
    private final TestLine irq = new TestLine();
    private final StringBuilder sent = new StringBuilder();
    private final Uart16550 uart = new Uart16550("serial0", irq, clock, value -> sent.append((char) value));

    @BeforeEach
    void setUp() {
        uart.reset();
        uart.writeByte(LCR, 0x83);
        uart.writeByte(DATA, 1);
        uart.writeByte(IER, 0);
        uart.writeByte(LCR, 0x03);
        uart.writeByte(MCR, 0x0B);
    }

    private void receive(String text) {
        assertThat(uart.receive(text.getBytes(US_ASCII), 0, text.length())).isEqualTo(text.length());
    }

    private String drain() {
        StringBuilder text = new StringBuilder();
        while ((uart.readByte(LSR) & 1) != 0) {
            text.append((char) uart.readByte(DATA));
        }
        return text.toString();
    }

    @Test
    void sendsAtOnce() {
        assertThat(uart.readByte(LSR)).isEqualTo(0x60);
        for (char c : "login: ".toCharArray()) {
            uart.writeByte(DATA, c);
        }
        assertThat(sent).hasToString("login: ");
        assertThat(uart.readByte(LSR)).isEqualTo(0x60);
    }

    @Test
    void transmitterInterruptIsClearedByIdentificationAndComesWithEachByte() {
        uart.writeByte(IER, 2);
        assertThat(irq.level()).isTrue();
        assertThat(uart.readByte(IIR)).isEqualTo(0x02);
        assertThat(irq.level()).isFalse();
        assertThat(uart.readByte(IIR)).isEqualTo(0x01);
        irq.takeRises();
        uart.writeByte(DATA, 'x');
        assertThat(irq.takeRises()).isEqualTo(1);
        uart.writeByte(DATA, 'y');
        assertThat(irq.takeRises()).isEqualTo(1);
        uart.readByte(IIR);
        uart.writeByte(IER, 0);
        uart.writeByte(IER, 2);
        assertThat(uart.readByte(IIR)).isEqualTo(0x02);
    }

    @Test
    void withoutFifoEachByteInterrupts() {
        uart.writeByte(IER, 1);
        receive("abc");
        assertThat(uart.readByte(IIR)).isEqualTo(0x04);
        irq.takeRises();
        assertThat(uart.readByte(DATA)).isEqualTo('a');
        assertThat(irq.takeRises()).isEqualTo(1);
        assertThat(drain()).isEqualTo("bc");
        assertThat(irq.level()).isFalse();
    }

    @Test
    void fifoInterruptsAtTriggerLevelOrAfterFourCharacters() {
        uart.writeByte(FCR, 0x81);
        uart.writeByte(IER, 1);
        receive("1234567");
        assertThat(irq.level()).isFalse();
        assertThat(uart.readByte(IIR)).isEqualTo(0xC1);
        clock.advance(300_000);
        assertThat(irq.level()).isFalse();
        clock.advance(60_000);
        assertThat(irq.level()).isTrue();
        assertThat(uart.readByte(IIR)).isEqualTo(0xCC);
        assertThat(uart.readByte(DATA)).isEqualTo('1');
        assertThat(irq.level()).isFalse();
        receive("89");
        assertThat(uart.readByte(IIR)).isEqualTo(0xC4);
        assertThat(drain()).isEqualTo("23456789");
        clock.advance(10_000_000);
        assertThat(irq.level()).isFalse();
    }

    @Test
    void longInputWaitsForTheGuest() {
        uart.writeByte(FCR, 0x01);
        String text = "0123456789".repeat(1000);
        receive(text);
        assertThat(drain()).isEqualTo(text);
        assertThat(uart.readByte(LSR) & 2).isZero();
        byte[] flood = new byte[100_000];
        assertThat(uart.receive(flood, 0, flood.length)).isEqualTo(65_536);
    }

    @Test
    void out2GatesTheInterrupt() {
        uart.writeByte(IER, 1);
        receive("x");
        assertThat(irq.level()).isTrue();
        uart.writeByte(MCR, 0x03);
        assertThat(irq.level()).isFalse();
    }

    @Test
    void loopback() {
        uart.writeByte(MCR, 0x1A);
        assertThat(uart.readByte(MSR) & 0xF0).isEqualTo(0x90);
        uart.writeByte(DATA, 0x55);
        assertThat(sent).isEmpty();
        assertThat(uart.readByte(LSR) & 1).isEqualTo(1);
        assertThat(uart.readByte(DATA)).isEqualTo(0x55);
        uart.writeByte(FCR, 0x01);
        for (int i = 0; i < 20; i++) {
            uart.writeByte(DATA, i);
        }
        assertThat(uart.readByte(LSR) & 2).isEqualTo(2);
        assertThat(drain()).hasSize(16);
    }

    @Test
    void modemLinesAndTheirChanges() {
        assertThat(uart.readByte(MSR)).isEqualTo(0xB0);
        uart.writeByte(IER, 8);
        uart.setModemLines(true, true, false, false);
        assertThat(irq.level()).isTrue();
        assertThat(uart.readByte(IIR)).isZero();
        assertThat(uart.readByte(MSR)).isEqualTo(0x38);
        assertThat(irq.level()).isFalse();
        assertThat(uart.readByte(MSR)).isEqualTo(0x30);
    }

    @Test
    void breakIsALineStatusInterrupt() {
        uart.writeByte(IER, 5);
        uart.receiveBreak();
        assertThat(uart.readByte(IIR)).isEqualTo(0x06);
        assertThat(uart.readByte(LSR) & 0x11).isEqualTo(0x11);
        assertThat(uart.readByte(IIR)).isEqualTo(0x04);
    }

    @Test
    void identifiesAsA16550A() {
        uart.writeByte(FCR, 0x01);
        assertThat(uart.readByte(IIR) & 0xC0).isEqualTo(0xC0);
        uart.writeByte(7, 0xA5);
        assertThat(uart.readByte(7)).isEqualTo(0xA5);
        uart.writeByte(IER, 0xFF);
        assertThat(uart.readByte(IER)).isEqualTo(0x0F);
    }
}
