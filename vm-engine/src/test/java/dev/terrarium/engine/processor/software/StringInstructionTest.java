// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class StringInstructionTest {
    private TestMachine machine = TestMachine.bits64();

    @AfterEach
    void close() {
        machine.close();
    }

    private void registers(long count, long source, long destination) {
        machine.cpu.gpr[Cpu.RCX] = count;
        machine.cpu.gpr[Cpu.RSI] = source;
        machine.cpu.gpr[Cpu.RDI] = destination;
    }

    private long register(int number) {
        return machine.cpu.gpr[number];
    }

    private void fillSource() {
        for (int n = 0; n < 0x3000; n++) {
            machine.poke(0x1_0000 + n, 1, n * 7 + (n >> 8));
        }
    }

    private void assertCopied(long from, long to, int length) {
        for (int n = 0; n < length; n++) {
            assertThat(machine.peek(to + n, 1)).as("byte %d", n).isEqualTo(machine.peek(from + n, 1));
        }
    }

    @Test
    void longCopyAcrossPages() {
        fillSource();
        registers(0x2345, 0x1_0123, 0x2_0FF1);
        machine.run("F3A4");
        assertCopied(0x1_0123, 0x2_0FF1, 0x2345);
        assertThat(register(Cpu.RCX)).isZero();
        assertThat(register(Cpu.RSI)).isEqualTo(0x1_0123 + 0x2345);
        assertThat(register(Cpu.RDI)).isEqualTo(0x2_0FF1 + 0x2345);
        assertThat(machine.cpu.instructions).isEqualTo(2);
    }

    @Test
    void overlappingCopyRepeatsThePattern() {
        machine.poke(0x1_0000, 4, 0x44332211);
        registers(0x1000, 0x1_0000, 0x1_0003);
        machine.run("F3A4");
        for (int n = 0; n < 0x1003; n++) {
            assertThat(machine.peek(0x1_0000 + n, 1)).isEqualTo(0x11 * (n % 3 + 1));
        }
    }

    @Test
    void backwardCopy() {
        fillSource();
        registers(0x400, 0x1_0FFC, 0x2_0FFC);
        machine.run("FDF3A5FC");
        assertCopied(0x1_0000, 0x2_0000, 0x1000);
        assertThat(register(Cpu.RSI)).isEqualTo(0x1_0000 - 4);
    }

    @Test
    void faultInTheMiddleKeepsTheProgress() {
        fillSource();
        machine.absent.add(0x2_2000L);
        registers(0x1000, 0x1_0000, 0x2_1800);
        machine.run("F3A4");
        assertThat(machine.faults).containsExactly("14:2@22000");
        assertThat(machine.cpu.rip).isEqualTo(0x1000);
        assertThat(register(Cpu.RCX)).isEqualTo(0x800);
        assertThat(register(Cpu.RSI)).isEqualTo(0x1_0800);
        assertThat(register(Cpu.RDI)).isEqualTo(0x2_2000);
        machine.absent.clear();
        machine.runFrom(machine.cpu.rip);
        assertCopied(0x1_0000, 0x2_1800, 0x1000);
    }

    @Test
    void stores() {
        machine.cpu.gpr[Cpu.RAX] = 0x1122334455667788L;
        registers(0x500, 0, 0x2_0004);
        machine.run("F348AB");
        assertThat(machine.peek(0x2_0004 + 0x4FF * 8, 8)).isEqualTo(0x1122334455667788L);
        assertThat(machine.peek(0x2_0004 + 0x500 * 8, 8)).isZero();
        assertThat(register(Cpu.RDI)).isEqualTo(0x2_0004 + 0x500 * 8);
    }

    @Test
    void scansStopWhereTheyShould() {
        machine.poke(0x2_0003, 1, 0x41);
        machine.cpu.gpr[Cpu.RAX] = 0x41;
        registers(100, 0, 0x2_0000);
        machine.run("F2AE");
        assertThat(register(Cpu.RCX)).isEqualTo(96);
        assertThat(register(Cpu.RDI)).isEqualTo(0x2_0004);
        assertThat(machine.cpu.zero()).isTrue();
        registers(100, 0x2_0000, 0x2_0010);
        machine.run("F3A6");
        assertThat(register(Cpu.RCX)).isEqualTo(96);
        assertThat(machine.cpu.zero()).isFalse();
        machine.cpu.setArithmeticFlags(Cpu.FLAG_ZF);
        registers(0, 0x2_0000, 0x2_0010);
        machine.run("F3A6");
        assertThat(machine.cpu.zero()).as("a count of 0 compares nothing").isTrue();
    }

    @Test
    void ports() {
        machine.cpu.gpr[Cpu.RDX] = 0x3F8;
        machine.poke(0x2_0000, 2, 0x4241);
        registers(2, 0x2_0000, 0x2_0100);
        machine.run("6CF36E");
        assertThat(machine.portLog).containsExactly("in 1016,1", "out 1016,1=65", "out 1016,1=66");
        machine.readOnly.add(0x3_0000L);
        registers(1, 0, 0x3_0000);
        machine.run("6C");
        assertThat(machine.portLog)
                .as("a read with side effects waits for its destination")
                .hasSize(3);
    }

    @Test
    void attentionInterruptsAndRestarts() {
        registers(1000, 0x1_0000, 0x2_0000);
        machine.put(0x1000, "F36EF4");
        machine.cpu.rip = 0x1000;
        machine.cpu.demandAttention(Cpu.ATTENTION_EVENT);
        machine.interpreter.step();
        assertThat(register(Cpu.RCX)).isEqualTo(1000 - 64);
        assertThat(machine.cpu.rip).isEqualTo(0x1000);
        machine.runFrom(0x1000);
        assertThat(register(Cpu.RCX)).isZero();
        assertThat(machine.portLog).hasSize(1000);
    }

    @Test
    void singleSteppingDoesOneElement() {
        registers(3, 0x1_0000, 0x2_0000);
        machine.put(0x1000, "F3A4");
        machine.cpu.rip = 0x1000;
        machine.cpu.systemFlags |= Cpu.FLAG_TF;
        machine.interpreter.step();
        assertThat(register(Cpu.RCX)).isEqualTo(2);
        assertThat(machine.cpu.rip).isEqualTo(0x1000);
        machine.interpreter.step();
        machine.interpreter.step();
        assertThat(machine.cpu.rip).isEqualTo(0x1002);
    }

    @Test
    void sixteenBitIndexesWrap() {
        machine.close();
        machine = TestMachine.bits16();
        machine.poke(0xFFFE, 2, 0x1111);
        machine.poke(0, 2, 0x2222);
        machine.poke(2, 2, 0x3333);
        machine.run("B90300BEFEFFF3AD");
        assertThat(register(Cpu.RAX)).isEqualTo(0x3333);
        assertThat(register(Cpu.RSI)).isEqualTo(4);
        registers(0x40, 0xFFE0, 0x4000);
        machine.run("F3A4");
        assertThat(machine.peek(0x401E, 2)).isEqualTo(0x1111);
        assertThat(machine.peek(0x4020, 2)).isEqualTo(0x2222);
        assertThat(register(Cpu.RSI)).isEqualTo(0x20);
    }

    @Test
    void faultInRepeatedCompareRestoresTheFlags() {
        for (int n = 0; n < 16; n++) {
            machine.poke(0x1_0FF0 + n, 1, n);
            machine.poke(0x2_0FF0 + n, 1, n + 1);
        }
        machine.absent.add(0x1_1000L);
        registers(0x20, 0x1_0FF0, 0x2_0FF0);
        machine.cpu.setFlags(Cpu.FLAG_ZF | Cpu.FLAG_OF);
        machine.run("F2A6");
        assertThat(machine.faults).containsExactly("14:0@11000");
        assertThat(register(Cpu.RCX)).isEqualTo(0x10);
        assertThat(machine.cpu.arithmeticFlags()).isEqualTo(Cpu.FLAG_ZF | Cpu.FLAG_OF);
    }
}
