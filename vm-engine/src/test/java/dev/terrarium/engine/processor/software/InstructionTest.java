// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Control flow, the stack, addressing, faults and what only 16- and 32-bit code has; {@code hex} is real code. */
final class InstructionTest {
    private TestMachine machine = TestMachine.bits64();

    @AfterEach
    void close() {
        machine.close();
    }

    private void use(TestMachine other) {
        machine.close();
        machine = other;
    }

    private long register(int number) {
        return machine.cpu.gpr[number];
    }

    @Test
    void loopsCallsAndReturns() {
        machine.run("B90500000031C001C8E2FCE802000000EB03505AC390");
        assertThat(register(Cpu.RDX)).isEqualTo(15);
        assertThat(register(Cpu.RCX)).isZero();
        assertThat(register(Cpu.RSP)).isEqualTo(0x8000);
        assertThat(machine.cpu.instructions).isEqualTo(2 + 5 * 2 + 2 + 3 + 2);
        assertThat(machine.cpu.rip).isEqualTo(0x1000 + 23);
    }

    @Test
    void addressesOf64BitCode() {
        machine.cpu.segmentBase[Cpu.FS] = 0x3000;
        machine.cpu.segmentBase[Cpu.GS] = 0x4000;
        machine.cpu.gpr[Cpu.RBX] = 0x20;
        machine.poke(0x3010, 8, 0x1122334455667788L);
        machine.run("488D05100000008D4C40FF64488B142510000000658903");
        assertThat(register(Cpu.RAX)).isEqualTo(0x1017);
        assertThat(register(Cpu.RCX)).isEqualTo(0x1017 * 3 - 1);
        assertThat(register(Cpu.RDX)).isEqualTo(0x1122334455667788L);
        assertThat(machine.peek(0x4020, 4)).isEqualTo(0x1017);
    }

    @Test
    void stackIn64BitMode() {
        machine.poke(0x8000, 8, 0x55);
        machine.run("5458FF34248F4424086AFF6878563412666A07");
        assertThat(register(Cpu.RAX)).as("PUSH RSP pushes the old value").isEqualTo(0x8000);
        assertThat(register(Cpu.RSP)).isEqualTo(0x8000 - 8 - 8 - 2);
        assertThat(machine.peek(0x7FF8, 8)).isEqualTo(-1);
        assertThat(machine.peek(0x7FF0, 8)).isEqualTo(0x12345678);
        assertThat(machine.peek(0x7FEE, 2)).isEqualTo(7);
        assertThat(machine.peek(0x8008, 8))
                .as("POP [RSP+8] counts from the new RSP")
                .isEqualTo(0x55);
    }

    @Test
    void highByteRegisters() {
        machine.cpu.gpr[Cpu.RBX] = 0x99;
        machine.run("B40540B40386DC0FB6C4");
        assertThat(register(Cpu.RAX)).isEqualTo(0x99);
        assertThat(register(Cpu.RBX)).isEqualTo(5);
        assertThat(register(Cpu.RSP)).isEqualTo(0x8003);
    }

    @Test
    void divisionErrorsLeaveEverythingAlone() {
        machine.cpu.gpr[Cpu.RAX] = 0;
        machine.cpu.gpr[Cpu.RDX] = Long.MIN_VALUE;
        machine.cpu.gpr[Cpu.RCX] = -1;
        machine.run("48F7F9");
        assertThat(machine.faults).containsExactly("0");
        assertThat(machine.cpu.rip).isEqualTo(0x1000);
        machine.cpu.gpr[Cpu.RDX] = -1;
        machine.cpu.gpr[Cpu.RAX] = Long.MIN_VALUE;
        machine.run("48F7F9");
        assertThat(machine.faults).as("the most negative number by -1").hasSize(2);
        assertThat(register(Cpu.RAX)).isEqualTo(Long.MIN_VALUE);
    }

    @Test
    void compareExchange16Bytes() {
        machine.cpu.gpr[Cpu.RSI] = 0x3000;
        machine.cpu.gpr[Cpu.RBX] = 7;
        machine.cpu.gpr[Cpu.RCX] = 8;
        machine.poke(0x3000, 8, 5);
        machine.run("F0480FC70E");
        assertThat(machine.cpu.zero()).isFalse();
        assertThat(register(Cpu.RAX)).isEqualTo(5);
        machine.run("F0480FC70E");
        assertThat(machine.cpu.zero()).isTrue();
        assertThat(machine.peek(0x3000, 8)).isEqualTo(7);
        assertThat(machine.peek(0x3008, 8)).isEqualTo(8);
        machine.cpu.gpr[Cpu.RSI] = 0x3008;
        machine.run("F0480FC70E");
        assertThat(machine.faults).as("misaligned").containsExactly("13:0");
    }

    @Test
    void branchesToNonCanonicalAddressesFaultWhereTheyAre() {
        machine.cpu.gpr[Cpu.RAX] = 0x8000_0000_0000L;
        machine.run("FFE0");
        assertThat(machine.faults).containsExactly("13:0");
        assertThat(machine.cpu.rip).isEqualTo(0x1000);
        machine.poke(0x8000, 8, 0x8000_0000_0000L);
        machine.run("C21000");
        assertThat(register(Cpu.RSP)).isEqualTo(0x8000);
        machine.poke(0x8000, 8, 0x1100);
        machine.put(0x1100, "F4");
        machine.run("C21000");
        assertThat(register(Cpu.RSP)).isEqualTo(0x8018);
    }

    @Test
    void faultsChangeNothing() {
        machine.absent.add(0x5000L);
        machine.cpu.gpr[Cpu.RSP] = 0x5004;
        machine.run("50");
        assertThat(machine.faults).containsExactly("14:2@5000");
        assertThat(register(Cpu.RSP)).isEqualTo(0x5004);
        machine.cpu.gpr[Cpu.RSI] = 0x5000;
        machine.cpu.setArithmeticFlags(Cpu.FLAG_CF);
        machine.run("F048830605");
        assertThat(machine.faults.getLast()).isEqualTo("14:2@5000");
        assertThat(machine.cpu.arithmeticFlags()).isEqualTo(Cpu.FLAG_CF);
        assertThat(machine.cpu.instructions).isZero();
    }

    @Test
    void readModifyWriteOfAReadOnlyPageReportsAWrite() {
        machine.readOnly.add(0x5000L);
        machine.cpu.gpr[Cpu.RSI] = 0x5000;
        machine.run("F048830605");
        assertThat(machine.faults).containsExactly("14:2@5000");
    }

    @Test
    void enterWithNestingLevel() {
        machine.cpu.gpr[Cpu.RBP] = 0x9000;
        machine.poke(0x8FF8, 8, 0xABCD);
        machine.run("C8200002");
        assertThat(register(Cpu.RBP)).isEqualTo(0x7FF8);
        assertThat(machine.peek(0x7FF8, 8)).isEqualTo(0x9000);
        assertThat(machine.peek(0x7FF0, 8)).isEqualTo(0xABCD);
        assertThat(machine.peek(0x7FE8, 8)).isEqualTo(0x7FF8);
        assertThat(register(Cpu.RSP)).isEqualTo(0x7FE8 - 0x20);
    }

    @Test
    void pushAllAndPopAll() {
        use(TestMachine.bits32());
        for (int n = 0; n < 8; n++) {
            machine.cpu.gpr[n] = n == Cpu.RSP ? 0x8000 : 0x100 + n;
        }
        machine.run("60");
        assertThat(machine.peek(0x7FFC, 4)).isEqualTo(0x100);
        assertThat(machine.peek(0x7FEC, 4)).as("the old ESP").isEqualTo(0x8000);
        machine.poke(0x7FE0, 4, 0x777);
        machine.run("61");
        assertThat(register(Cpu.RDI)).isEqualTo(0x777);
        assertThat(register(Cpu.RSP)).isEqualTo(0x8000);
        machine.cpu.gpr[Cpu.RSI] = 0x3000;
        machine.poke(0x3000, 4, 0x102);
        machine.poke(0x3004, 4, 0x200);
        machine.run("406206");
        assertThat(machine.faults).as("BOUND with 0x101 below 0x102").containsExactly("5");
    }

    @Test
    void pushedSelectorsLeaveTheUpperHalfOfTheirSlot() {
        use(TestMachine.bits32());
        machine.poke(0x7FFC, 4, 0xAABBCCDDL);
        machine.cpu.selector[Cpu.FS] = 0x33;
        machine.run("0FA0");
        assertThat(machine.peek(0x7FFC, 4)).isEqualTo(0xAABB0033L);
        assertThat(register(Cpu.RSP)).isEqualTo(0x7FFC);
    }

    @Test
    void decimalAdjustments() {
        use(TestMachine.bits32());
        machine.run("B079043527");
        assertThat(register(Cpu.RAX) & 0xFF).isEqualTo(0x14);
        assertThat(machine.cpu.carry()).isTrue();
        machine.run("B0352C472F");
        assertThat(register(Cpu.RAX) & 0xFF).isEqualTo(0x88);
        assertThat(machine.cpu.carry()).isTrue();
        machine.run("66B80501040837");
        assertThat(register(Cpu.RAX) & 0xFFFF).isEqualTo(0x0203);
        machine.run("66B805022C083F");
        assertThat(register(Cpu.RAX) & 0xFFFF).isEqualTo(0x0107);
        machine.run("B03FD40A6689C1D50A");
        assertThat(register(Cpu.RCX) & 0xFFFF).isEqualTo(0x0603);
        assertThat(register(Cpu.RAX) & 0xFFFF).isEqualTo(63);
        machine.run("F9D6");
        assertThat(register(Cpu.RAX) & 0xFF).isEqualTo(0xFF);
        machine.run("D400");
        assertThat(machine.faults).containsExactly("0");
    }

    @Test
    void realModeStackAndAddresses() {
        use(TestMachine.bits16());
        for (int segment = Cpu.ES; segment <= Cpu.DS; segment++) {
            machine.cpu.segmentBase[segment] = 0x1_0000L * segment;
        }
        machine.cpu.segmentBase[Cpu.CS] = 0;
        machine.cpu.gpr[Cpu.RBP] = 0xFFFF_0100L;
        machine.cpu.gpr[Cpu.RBX] = 0xFFFE;
        machine.cpu.gpr[Cpu.RDI] = 0x12;
        machine.poke(0x2_0102, 2, 0xBEEF);
        machine.run("8B4602268901506668443322115966B87856341266C1E804BC000050");
        assertThat(machine.faults).isEmpty();
        assertThat(machine.peek(0x10, 2)).as("BX+DI wraps at 64 KiB").isEqualTo(0xBEEF);
        assertThat(register(Cpu.RCX) & 0xFFFF).isEqualTo(0x3344);
        assertThat(register(Cpu.RAX)).isEqualTo(0x1234567);
        assertThat(machine.peek(0x2_FFFE, 2)).as("SP wraps").isEqualTo(0x4567);
        assertThat(register(Cpu.RSP)).isEqualTo(0xFFFE);
    }

    @Test
    void accessesPastTheSegmentLimit() {
        use(TestMachine.bits16());
        machine.cpu.gpr[Cpu.RSI] = 0xFFFF;
        machine.run("8B04");
        assertThat(machine.faults).containsExactly("13:0");
        machine.cpu.gpr[Cpu.RBP] = 0xFFFF;
        machine.run("8B4600");
        assertThat(machine.faults.getLast()).isEqualTo("12:0");
        machine.cpu.segmentLimit[Cpu.CS] = 0x1FFF;
        machine.run("E9FD0F");
        assertThat(machine.faults).hasSize(3);
        assertThat(machine.cpu.rip).as("the jump itself faults").isEqualTo(0x1000);
        machine.put(0x1FFE, "9090");
        machine.runFrom(0x1FFE);
        assertThat(machine.faults).hasSize(4);
        assertThat(machine.cpu.rip)
                .as("running past the limit faults at the limit")
                .isEqualTo(0x2000);
        machine.put(0x1FFE, "90B8");
        machine.runFrom(0x1FFE);
        assertThat(machine.cpu.rip).as("an instruction half beyond the limit").isEqualTo(0x1FFF);
    }

    @Test
    void operandSizePrefixCutsTheInstructionPointer() {
        use(new TestMachine(0, 1 << 20, 4));
        machine.put(0x1_2000, "6674FE");
        machine.put(0x2001, "F4");
        machine.cpu.setArithmeticFlags(Cpu.FLAG_ZF);
        machine.runFrom(0x1_2000);
        assertThat(machine.cpu.rip)
                .as("JE with a 16-bit operand in 32-bit code")
                .isEqualTo(0x2002);
    }

    @Test
    void nearReturnsOfTheOtherSize() {
        use(TestMachine.bits16());
        machine.poke(0x7FF0, 4, 0x1100);
        machine.cpu.gpr[Cpu.RSP] = 0x7FF0;
        machine.put(0x1100, "F4");
        machine.run("66C3");
        assertThat(machine.cpu.rip).isEqualTo(0x1101);
        assertThat(register(Cpu.RSP)).isEqualTo(0x7FF4);
    }

    @Test
    void otherUnitsSeeTheNextInstructionsAddress() {
        machine.run("90D9EE");
        assertThat(machine.cpu.rip).isEqualTo(0x1004);
        machine.run("0F050F1F00");
        assertThat(machine.faults).isEmpty();
        machine.run("90900F6FC1");
        assertThat(machine.last.opcode).isEqualTo(0xF4);
        assertThat(machine.lastAddress).isEqualTo(0x1005);
        use(TestMachine.bits16());
        machine.put(0xFFFE, "0F05");
        machine.put(0, "F4");
        machine.runFrom(0xFFFE);
        assertThat(machine.cpu.rip).as("IP wraps").isEqualTo(1);
    }

    @Test
    void stepExecutesOneInstruction() {
        machine.put(0x1000, "B80100000083C001EBFC");
        machine.cpu.rip = 0x1000;
        machine.interpreter.step();
        assertThat(machine.cpu.rip).isEqualTo(0x1005);
        machine.interpreter.step();
        machine.interpreter.step();
        assertThat(machine.cpu.rip).isEqualTo(0x1006);
        assertThat(register(Cpu.RAX)).isEqualTo(2);
        assertThat(machine.cpu.instructions).isEqualTo(3);
    }

    @Test
    void tooLongAndUndefined() {
        machine.run("66".repeat(15) + "90");
        machine.run("0F0B");
        machine.run("F08B06");
        assertThat(machine.faults).containsExactly("13:0", "6", "6");
        assertThat(machine.cpu.rip).isEqualTo(0x1000);
    }

    @Test
    void everyCombinationOfFlagsComesBack() {
        for (int bits = 0; bits < 64; bits++) {
            int flags = (bits & 1)
                    | (bits & 2) << 1
                    | (bits & 4) << 2
                    | (bits & 8) << 3
                    | (bits & 16) << 3
                    | (bits & 32) << 6;
            machine.cpu.setArithmeticFlags(flags);
            assertThat(machine.cpu.arithmeticFlags()).isEqualTo(flags);
            boolean less = ((flags & Cpu.FLAG_SF) != 0) != ((flags & Cpu.FLAG_OF) != 0);
            assertThat(machine.cpu.less()).isEqualTo(less);
        }
    }
}
