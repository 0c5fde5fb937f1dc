// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Mistakes are put into compiled code: lock-step must stop at each, and at nothing else. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class LockStepTest {
    private static final long DATA = 0x5_0000;
    private static final long OTHER_DATA = 0x6_0000;
    private static final int TIMES = 1000;

    /** Adds with carry, stores to {@link #DATA} and {@link #OTHER_DATA}, adds vectors. */
    private static final String LOOP = """
            48 11 C8
            48 89 07
            48 89 0E
            66 0F FE C1
            48 FF CA
            75 EE
            """;

    private final LockStepMachine machine = new LockStepMachine();

    /** Makes each pass over the loop another. */
    private int loops;

    LockStepTest() throws IOException {}

    @AfterEach
    void close() {
        machine.close();
    }

    private void runLoop() {
        machine.cpu.gpr[Cpu.RAX] = 0x1234_5678_9ABC_DEF0L + ++loops;
        machine.cpu.gpr[Cpu.RCX] = 0x8765_4321_0FED_CBA9L;
        machine.cpu.gpr[Cpu.RDX] = TIMES;
        machine.cpu.gpr[Cpu.RSI] = OTHER_DATA;
        machine.cpu.gpr[Cpu.RDI] = DATA;
        machine.cpu.floatingPoint.xmm[2] = 0x0000_0001_0000_0002L;
        machine.run(LOOP);
    }

    @Test
    void whatCompiledCodeDoesRightIsRepeatedOnce() {
        runLoop();
        assertThat(machine.cpu.gpr[Cpu.RDX]).isZero();
        assertThat(machine.cpu.instructions).isEqualTo(6 * TIMES + 1);
        assertThat(machine.cpu.floatingPoint.xmm[0]).isEqualTo((long) TIMES << 32 | 2 * TIMES);
        assertThat(machine.peek(DATA)).isEqualTo(machine.cpu.gpr[Cpu.RAX]);
        assertThat(machine.lockStep.runs()).isPositive();
        assertThat(machine.lockStep.instructions()).isGreaterThan(6 * TIMES * 9 / 10);
    }

    /** What compiled code does wrong after having done it right; {@code before} was at {@link #DATA}. */
    @FunctionalInterface
    private interface Mistake {
        void make(Cpu cpu, Mmu mmu, long before);
    }

    private void stopsAt(Mistake mistake, String found) {
        runLoop();
        Region right = machine.region();
        machine.replaceRegion(new Region() {
            @Override
            int run(Cpu cpu, Mmu mmu, long base, int entry) {
                long before = machine.peek(DATA);
                int outcome = right.run(cpu, mmu, base, entry);
                mistake.make(cpu, mmu, before);
                return outcome;
            }
        });
        assertThatThrownBy(this::runLoop)
                .isInstanceOf(IllegalStateException.class)
                .message()
                .containsPattern(
                        "^compiled code differs from the interpreter after \\d+ instructions from 1000, found in the 1 block")
                .containsPattern("\n  " + found + " <---\n")
                .contains("\n  1000: 4811c8\n  1003: 488907\n  1006: 48890e\n  1009: 660ffec1\n  100d: 48ffca\n")
                .satisfies(report -> assertThat(report.lines().filter(line -> line.endsWith("<---")))
                        .hasSize(1));
    }

    @Test
    void aRegister() {
        stopsAt(
                (cpu, mmu, before) -> cpu.gpr[Cpu.RCX] ^= 1,
                "RCX was 876543210fedcba9, interpreted \\w+a9, compiled \\w+a8");
    }

    @Test
    void aRegisterThatTheLoopDoesNotUse() {
        stopsAt((cpu, mmu, before) -> cpu.gpr[13]++, "R13 was 0, interpreted 0, compiled 1");
    }

    @Test
    void theCarryFlag() {
        stopsAt(
                (cpu, mmu, before) -> {
                    cpu.takeFlags();
                    cpu.setCarry(!cpu.carry());
                    cpu.giveFlags();
                },
                "RFLAGS was \\w+, interpreted \\w+, compiled \\w+");
    }

    @Test
    void theDirectionFlag() {
        stopsAt(
                (cpu, mmu, before) -> cpu.systemFlags ^= Cpu.FLAG_DF,
                "RFLAGS was \\w+, interpreted \\w+, compiled \\w+");
    }

    @Test
    void theInstructionPointer() {
        stopsAt((cpu, mmu, before) -> cpu.rip += 3, "RIP was 1000, interpreted 10\\w\\w, compiled 10\\w\\w");
    }

    @Test
    void aVectorRegister() {
        stopsAt((cpu, mmu, before) -> cpu.floatingPoint.xmm[31]++, "XMM15 high was 0, interpreted 0, compiled 1");
    }

    @Test
    void theUpperHalfOfAVectorRegister() {
        stopsAt((cpu, mmu, before) -> cpu.floatingPoint.upper[0]++, "YMM0 low was 0, interpreted 0, compiled 1");
    }

    @Test
    void theFloatingPointStack() {
        stopsAt(
                (cpu, mmu, before) -> cpu.floatingPoint.significand[4]++,
                "x87 register 4 was 0:0, interpreted 0:0, compiled 0:1");
    }

    @Test
    void aStoreOfAWrongValue() {
        stopsAt(
                (cpu, mmu, before) -> mmu.write64(DATA, 0x77),
                "bytes at physical 50000 were \\w{16}, interpreted \\w{16}, compiled 770{14}");
    }

    @Test
    void aStoreThatIsTooWide() {
        stopsAt(
                (cpu, mmu, before) -> mmu.write8(DATA + 8, 1),
                "bytes at physical 50008 were 0{16}, interpreted 0{16}, compiled 010{14}");
    }

    @Test
    void aStoreElsewhereInAnotherPage() {
        stopsAt(
                (cpu, mmu, before) -> mmu.write8(OTHER_DATA + 0xFFF, 0x5A),
                "bytes at physical 60ff8 were 0{16}, interpreted 0{16}, compiled 0{14}5a");
    }

    @Test
    void aStoreThatDoesNotHappen() {
        stopsAt(
                (cpu, mmu, before) -> mmu.write64(DATA, before),
                "bytes at physical 50000 were (\\w{16}), interpreted \\w{16}, compiled \\1");
    }

    /** A mistake that is not made when each region runs on its own. */
    @Test
    void whatIsNotFoundAgainIsReportedAsAWhole() {
        runLoop();
        Region right = machine.region();
        machine.replaceRegion(new Region() {
            @Override
            int run(Cpu cpu, Mmu mmu, long base, int entry) {
                int outcome = right.run(cpu, mmu, base, entry);
                cpu.gpr[13] += cpu.attention() == 0 ? 1 : 0;
                return outcome;
            }
        });
        assertThatThrownBy(this::runLoop)
                .isInstanceOf(IllegalStateException.class)
                .message()
                .contains("R13 was 0, interpreted 0, compiled 1 <---")
                .contains("each region on its own does what the interpreter does");
    }

    /** Compiled code that says it has executed a load from the device, and has not. */
    @Test
    void aDeviceThatOnlyTheInterpreterReaches() {
        String program = "48 FF C1 8B 03 48 FF CA 75 F6";
        machine.cpu.gpr[Cpu.RBX] = DATA;
        machine.cpu.gpr[Cpu.RDX] = TIMES;
        machine.run(program);
        machine.replaceRegion(new Region() {
            @Override
            int run(Cpu cpu, Mmu mmu, long base, int entry) {
                cpu.gpr[Cpu.RCX]++;
                cpu.gpr[Cpu.RAX] = 1;
                cpu.rip += 5;
                cpu.instructions += 2;
                return INTERPRET;
            }
        });
        machine.cpu.gpr[Cpu.RBX] = LockStepMachine.DEVICE;
        machine.cpu.gpr[Cpu.RDX] = TIMES;
        assertThatThrownBy(() -> machine.run(program))
                .isInstanceOf(IllegalStateException.class)
                .message()
                .contains("the interpreter reached the device at physical 200000 <---");
    }

    /** Else the machine could not be ended. */
    @Test
    void anErrorInCompiledCodeDoesNotKeepTheBoard() {
        runLoop();
        machine.replaceRegion(new Region() {
            @Override
            int run(Cpu cpu, Mmu mmu, long base, int entry) {
                throw new ArithmeticException("a mistake");
            }
        });
        assertThatThrownBy(this::runLoop).isInstanceOf(ArithmeticException.class);
        assertThat(machine.lock.isLocked()).isTrue();
        machine.lockStep.leave();
        assertThat(machine.lock.isLocked()).isFalse();
    }

    /** x87 instructions are the interpreter's, called out for, and reach the device themselves; MOV leaves the region. */
    @Test
    void devicesAreReadAndWrittenOnce() {
        machine.cpu.gpr[Cpu.RDI] = LockStepMachine.DEVICE;
        machine.cpu.gpr[Cpu.RDX] = TIMES;
        machine.run("""
                48 FF C1
                D9 07
                D9 5F 04
                48 FF C1
                8B 07
                89 47 04
                48 FF CA
                75 EB
                """);
        assertThat(machine.deviceReads).isEqualTo(2 * TIMES);
        assertThat(machine.deviceWrites).isEqualTo(2 * TIMES);
        assertThat(machine.lockStep.instructions()).isGreaterThan(TIMES / 2);
    }

    @Test
    void randomNumbersAreLeftToTheInterpreter() {
        machine.cpu.gpr[Cpu.RDX] = TIMES;
        machine.run("48 FF C1 48 0F C7 F0 48 FF CA 75 F4");
        assertThat(machine.cpu.gpr[Cpu.RCX]).isEqualTo(TIMES);
        assertThat(machine.lockStep.runs()).isPositive();
    }

    /** More pages than are copied before a run, written in turn. */
    @Test
    void everyPageOfManyIsWritten() {
        machine.cpu.gpr[Cpu.RDX] = TIMES;
        machine.cpu.gpr[Cpu.RDI] = 0x4_0000;
        machine.run("""
                48 81 C7 00 10 00 00
                81 E7 00 F0 07 00
                81 CF 00 00 04 00
                48 89 17
                48 FF CA
                75 E5
                """);
        for (int back = 1; back <= 64; back++) {
            int page = (TIMES + 1 - back) % 64;
            assertThat(machine.peek(0x4_0000 + page * 0x1000)).isEqualTo(back);
        }
        assertThat(machine.lockStep.instructions()).isGreaterThan(TIMES);
    }
}
