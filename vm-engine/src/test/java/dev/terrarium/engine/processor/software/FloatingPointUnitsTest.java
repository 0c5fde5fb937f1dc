// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the oracle's ring-3 programs do not reach: control registers, modes, and the state instructions. */
final class FloatingPointUnitsTest {
    private static final int AREA = 0x2000;

    private final TestMachine machine = TestMachine.bits64();
    private final Cpu cpu = machine.cpu;
    private int errorPinPulses;
    private final X87Unit x87 = new X87Unit(cpu, machine.mmu, machine.segmentation, () -> errorPinPulses++);
    private final SimdUnit simd = new SimdUnit(cpu, machine.mmu, machine.segmentation, () -> errorPinPulses++);

    FloatingPointUnitsTest() {
        cpu.cr0 |= Cpu.CR0_NE | Cpu.CR0_MP;
        cpu.cr4 |= Cpu.CR4_OSFXSR | Cpu.CR4_OSXMMEXCPT;
        cpu.gpr[Cpu.RSI] = AREA;
    }

    @AfterEach
    void close() {
        machine.close();
    }

    /** Executes one instruction; returns the vector of the exception it raised, or -1. */
    private int execute(String hex) {
        byte[] bytes = Arrays.copyOf(HexFormat.of().parseHex(hex.replace(" ", "")), 15 + Decoder.PADDING);
        Instruction instruction = new Decoder(bytes, FeatureSet.BEST).decode(0, cpu.codeSize, 0);
        try {
            switch (instruction.op) {
                case Op.X87 -> x87.execute(instruction, 0x1000);
                case Op.SIMD -> simd.execute(instruction, 0x1000);
                default -> throw new AssertionError("not for these units: " + hex);
            }
            return -1;
        } catch (GuestFault fault) {
            return fault.vector;
        }
    }

    @Test
    void deviceNotAvailable() {
        cpu.cr0 |= Cpu.CR0_TS;
        assertThat(execute("D9 E8")).isEqualTo(GuestFault.DEVICE_NOT_AVAILABLE);
        assertThat(execute("9B")).isEqualTo(GuestFault.DEVICE_NOT_AVAILABLE);
        assertThat(execute("0F 58 C1")).isEqualTo(GuestFault.DEVICE_NOT_AVAILABLE);
        assertThat(execute("0F FC C1")).isEqualTo(GuestFault.DEVICE_NOT_AVAILABLE);
        assertThat(execute("0F AE 06")).isEqualTo(GuestFault.DEVICE_NOT_AVAILABLE);
        cpu.cr0 &= ~Cpu.CR0_MP;
        assertThat(execute("9B")).isEqualTo(-1);
        cpu.cr0 = (cpu.cr0 & ~Cpu.CR0_TS) | Cpu.CR0_EM;
        assertThat(execute("D9 E8")).isEqualTo(GuestFault.DEVICE_NOT_AVAILABLE);
        assertThat(execute("0F 58 C1")).isEqualTo(GuestFault.INVALID_OPCODE);
        assertThat(execute("0F FC C1")).isEqualTo(GuestFault.INVALID_OPCODE);
    }

    @Test
    void sseNeedsTheOperatingSystemsConsent() {
        cpu.cr4 &= ~Cpu.CR4_OSFXSR;
        assertThat(execute("0F 58 C1")).isEqualTo(GuestFault.INVALID_OPCODE);
        assertThat(execute("0F FC C1")).isEqualTo(-1);
    }

    @Test
    void unmaskedVectorExceptionChangesNothingButTheFlag() {
        cpu.floatingPoint.mxcsr = 0x1F80 & ~(1 << 9);
        cpu.floatingPoint.xmm[0] = Double.doubleToRawLongBits(1);
        assertThat(execute("F2 0F 5E C1")).isEqualTo(GuestFault.SIMD_FLOATING_POINT);
        assertThat(cpu.floatingPoint.mxcsr & 0x3F).isEqualTo(1 << 2);
        assertThat(cpu.floatingPoint.xmm[0]).isEqualTo(Double.doubleToRawLongBits(1));
        cpu.cr4 &= ~Cpu.CR4_OSXMMEXCPT;
        assertThat(execute("F2 0F 5E C1")).isEqualTo(GuestFault.INVALID_OPCODE);
    }

    @Test
    void vectorsInMemoryAreAligned() {
        cpu.gpr[Cpu.RSI] = AREA + 8;
        assertThat(execute("0F 28 06")).isEqualTo(GuestFault.GENERAL_PROTECTION);
        assertThat(execute("66 0F FE 06")).isEqualTo(GuestFault.GENERAL_PROTECTION);
        assertThat(execute("0F 29 06")).isEqualTo(GuestFault.GENERAL_PROTECTION);
        assertThat(execute("0F 10 06")).isEqualTo(-1);
        assertThat(execute("F2 0F 58 06")).isEqualTo(-1);
        assertThat(execute("48 0F AE 06")).isEqualTo(GuestFault.GENERAL_PROTECTION);
    }

    @Test
    void vectorWriteAcrossAFaultWritesNothing() {
        machine.absent.add(0x3000L);
        cpu.gpr[Cpu.RSI] = 0x2FF8;
        cpu.floatingPoint.xmm[0] = -1;
        assertThat(execute("0F 11 06")).isEqualTo(GuestFault.PAGE_FAULT);
        assertThat(machine.peek(0x2FF8, 8)).isZero();
    }

    @Test
    void pendingExceptionIsReportedByTheNextInstruction() {
        cpu.floatingPoint.control = 0x37F & ~4;
        assertThat(execute("DB E3")).isEqualTo(-1);
        cpu.floatingPoint.control = 0x37F & ~4;
        assertThat(execute("D9 E8")).isEqualTo(-1);
        assertThat(execute("D9 EE")).isEqualTo(-1);
        assertThat(execute("DE F9")).as("1 / 0").isEqualTo(-1);
        assertThat(execute("DF E0")).as("FNSTSW does not wait").isEqualTo(-1);
        assertThat(cpu.gpr[Cpu.RAX] & 0x80FF).isEqualTo(0x8084);
        assertThat(execute("D9 E8")).isEqualTo(GuestFault.X87_FLOATING_POINT);
        assertThat(execute("9B")).isEqualTo(GuestFault.X87_FLOATING_POINT);
        assertThat(execute("0F FC C1")).isEqualTo(GuestFault.X87_FLOATING_POINT);
        assertThat(errorPinPulses).isZero();
        cpu.cr0 &= ~Cpu.CR0_NE;
        assertThat(execute("9B")).isEqualTo(-1);
        assertThat(errorPinPulses).isEqualTo(1);
        assertThat(execute("DB E2")).isEqualTo(-1);
        assertThat(execute("9B")).isEqualTo(-1);
        assertThat(errorPinPulses).isEqualTo(1);
    }

    private byte[] randomState(long seed) {
        Random random = new Random(seed);
        FloatingPointState state = cpu.floatingPoint;
        state.control = 0x37F;
        state.status = 0x4700;
        state.top = random.nextInt(8);
        state.valid = random.nextInt(256);
        for (int i = 0; i < 8; i++) {
            state.significand[i] = random.nextLong();
            state.signExponent[i] = random.nextInt(0x10000);
        }
        for (int i = 0; i < 32; i++) {
            state.xmm[i] = random.nextLong();
        }
        state.lastInstruction = 0x1234_5678;
        state.lastOperand = 0x2345_6789;
        state.lastOpcode = 0x123;
        return FloatingPointImage.save(state);
    }

    @Test
    void fxsaveAndFxrstorRoundTrip() {
        byte[] before = randomState(1);
        assertThat(execute("48 0F AE 06")).isEqualTo(-1);
        for (int i = 0; i < 464; i++) {
            assertThat((byte) machine.peek(AREA + i, 1)).as("byte %d", i).isEqualTo(before[i]);
        }
        randomState(2);
        assertThat(execute("48 0F AE 0E")).isEqualTo(-1);
        assertThat(FloatingPointImage.save(cpu.floatingPoint)).isEqualTo(before);
        machine.poke(AREA + 24, 4, 0x1_1F80);
        assertThat(execute("48 0F AE 0E")).isEqualTo(GuestFault.GENERAL_PROTECTION);
    }

    @Test
    void fnsaveInitializesAndFrstorBringsBack() {
        for (String prefix : new String[] {"", "66"}) {
            randomState(3);
            cpu.floatingPoint.lastInstruction = 0x5678;
            cpu.floatingPoint.lastOperand = 0x6789;
            cpu.floatingPoint.lastOpcode = 0;
            byte[] before = FloatingPointImage.save(cpu.floatingPoint);
            assertThat(execute(prefix + "DD 36")).isEqualTo(-1);
            assertThat(cpu.floatingPoint.control).isEqualTo(0x37F);
            assertThat(cpu.floatingPoint.valid).isZero();
            assertThat(execute(prefix + "DD 26")).isEqualTo(-1);
            assertThat(FloatingPointImage.save(cpu.floatingPoint)).isEqualTo(before);
        }
    }

    @Test
    void environmentInRealModeHasLinearPointers() {
        machine.mode(2);
        cpu.cr0 |= Cpu.CR0_NE;
        FloatingPointState state = cpu.floatingPoint;
        state.lastInstruction = 0x8234;
        state.lastInstructionSelector = 0xF000;
        state.lastOperand = 0x10;
        state.lastOperandSelector = 0x1234;
        state.lastOpcode = 0x5DA;
        assertThat(execute("D9 34")).isEqualTo(-1); // FNSTENV [SI]
        assertThat(machine.peek(AREA + 6, 2)).isEqualTo(0x8234);
        assertThat(machine.peek(AREA + 8, 2)).isEqualTo(0xF5DA);
        assertThat(machine.peek(AREA + 10, 2)).isEqualTo(0x2350);
        assertThat(machine.peek(AREA + 12, 2)).isEqualTo(0x1000);
    }

    @Test
    void mmxTurnsTheStackIntoRegisters() {
        cpu.floatingPoint.top = 5;
        cpu.floatingPoint.valid = 0;
        machine.poke(AREA, 8, 0x0102_0304_0506_0708L);
        assertThat(execute("0F 6F 1E")).isEqualTo(-1); // MOVQ MM3, [RSI]
        assertThat(cpu.floatingPoint.top).isZero();
        assertThat(cpu.floatingPoint.valid).isEqualTo(0xFF);
        assertThat(cpu.floatingPoint.signExponent[3]).isEqualTo(0xFFFF);
        assertThat(cpu.floatingPoint.significand[3]).isEqualTo(0x0102_0304_0506_0708L);
        assertThat(execute("0F 77")).isEqualTo(-1);
        assertThat(cpu.floatingPoint.valid).isZero();
    }

    @Test
    void storeThatAnUnmaskedExceptionForbidsDoesNotTouchMemory() {
        machine.absent.add((long) AREA);
        cpu.floatingPoint.control = 0x37E;
        assertThat(execute("DD 16")).as("FST m64 from an empty register").isEqualTo(-1);
        assertThat(cpu.floatingPoint.status & 0xC1).isEqualTo(0xC1);
        cpu.floatingPoint.control = 0x37F;
        cpu.floatingPoint.status = 0;
        assertThat(execute("DD 16")).isEqualTo(GuestFault.PAGE_FAULT);
        assertThat(cpu.floatingPoint.status & 0xC1).isZero();
    }

    @Test
    void mostNegativeIntegerHasTooManyDigits() {
        machine.poke(AREA, 8, Long.MIN_VALUE);
        assertThat(execute("DF 2E")).isEqualTo(-1); // FILD m64
        assertThat(execute("DF 36")).isEqualTo(-1); // FBSTP
        assertThat(cpu.floatingPoint.status & 1).isEqualTo(1);
        assertThat(machine.peek(AREA + 2, 8)).isEqualTo(0xFFFF_C000_0000_0000L);
    }
}
