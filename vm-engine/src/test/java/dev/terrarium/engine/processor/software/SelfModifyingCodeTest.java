// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class SelfModifyingCodeTest {
    private final TestMachine machine = TestMachine.bits64();

    @AfterEach
    void close() {
        machine.close();
    }

    @Test
    void theNextInstructionIsTheWrittenOne() {
        machine.run("C6050100000042B041");
        assertThat(machine.cpu.gpr[Cpu.RAX]).isEqualTo(0x42);
        assertThat(machine.cpu.instructions).isEqualTo(3);
        machine.run("C60500000000F4B001B302");
        assertThat(machine.cpu.gpr[Cpu.RBX]).isZero();
    }

    @Test
    void aLoopThatChangesItself() {
        machine.cpu.gpr[Cpu.RCX] = 10;
        machine.run("FE0501000000B000FFC975F4");
        assertThat(machine.cpu.gpr[Cpu.RAX]).isEqualTo(10);
        assertThat(machine.cpu.instructions).isEqualTo(41);
    }

    @Test
    void dataBesideCodeIsNotSlowToRun() {
        machine.cpu.gpr[Cpu.RSI] = 0x1800;
        machine.cpu.gpr[Cpu.RCX] = 100;
        machine.put(0x1000, "48FF06FFC975F9F4");
        machine.runFrom(0x1000);
        assertThat(machine.peek(0x1800, 8)).isEqualTo(100);
        assertThat(machine.codePages.isCode(0x1000))
                .as("the code is still kept")
                .isTrue();
        machine.poke(0x1000, 1, 0x48);
        machine.codePages.written(0x1000, 8);
        assertThat(machine.cpu.attention()).as("same thread: at once").isNotEqualTo(Cpu.ATTENTION_EVENT);
        assertThat(machine.codePages.isCode(0x1000)).isFalse();
    }

    @Test
    void writesOfOtherThreadsAreSeenOnTheNextRun() throws InterruptedException {
        machine.run("B041");
        machine.cpu.takeAttention();
        Thread disk = new Thread(() -> {
            machine.poke(0x1001, 1, 0x43);
            machine.codePages.written(0x1001, 1);
        });
        disk.start();
        disk.join();
        assertThat(machine.cpu.attention()).isEqualTo(Cpu.ATTENTION_EVENT);
        machine.runFrom(0x1000);
        assertThat(machine.cpu.gpr[Cpu.RAX]).isEqualTo(0x43);
    }

    @Test
    void instructionsAcrossAPageBorder() {
        machine.put(0x1FFD, "48B88877665544332211" + "F4");
        machine.runFrom(0x1FFD);
        assertThat(machine.cpu.gpr[Cpu.RAX]).isEqualTo(0x1122334455667788L);
        machine.runFrom(0x1FFD);
        machine.poke(0x2000, 1, 0x99);
        machine.codePages.written(0x2000, 1);
        machine.runFrom(0x1FFD);
        assertThat(machine.cpu.gpr[Cpu.RAX]).isEqualTo(0x1122334455669988L);
        machine.poke(0x1FFE, 1, 0xBB);
        machine.codePages.written(0x1FFE, 1);
        machine.runFrom(0x1FFD);
        assertThat(machine.cpu.gpr[Cpu.RBX]).isEqualTo(machine.cpu.gpr[Cpu.RAX]);
    }

    @Test
    void aFetchAcrossThePageBorderFaultsAtTheSecondPage() {
        machine.absent.add(0x2000L);
        machine.put(0x1FF0, "90".repeat(13) + "B888776655");
        machine.runFrom(0x1FF0);
        assertThat(machine.faults).containsExactly("14:0@2000");
        assertThat(machine.cpu.rip).isEqualTo(0x1FFD);
        assertThat(machine.cpu.instructions).isEqualTo(13);
        machine.put(0x1FF0, "90".repeat(16));
        machine.blocks.forgetAll();
        machine.runFrom(0x1FF0);
        assertThat(machine.cpu.rip).isEqualTo(0x2000);
        assertThat(machine.faults).hasSize(2);
    }

    @Test
    void aPageThatIsMappedAwayIsNotExecuted() {
        machine.run("B041");
        machine.absent.add(0x1000L);
        machine.blocks.forgetTranslations();
        machine.runFrom(0x1000);
        assertThat(machine.faults).containsExactly("14:0@1000");
    }

    @Test
    void theCacheIsBounded() {
        Cpu cpu = machine.cpu;
        cpu.gpr[Cpu.RAX] = 0x2000;
        for (int at = 0x2000; at < 0xF0000; at += 2) {
            machine.poke(at, 2, 0xC0FF);
        }
        for (int at = 0x2000; at < 0xF0000; at += 8) {
            machine.put(at, "4883C008FFE0");
        }
        machine.poke(0xF0000 - 8, 1, 0xF4);
        for (int round = 0; round < 3; round++) {
            cpu.gpr[Cpu.RAX] = 0x2000;
            machine.runFrom(0x2000);
            assertThat(cpu.gpr[Cpu.RAX]).isEqualTo(0xF0000 - 8);
        }
    }

    @Test
    void everyModeHasItsOwnDecodingOfTheSameBytes() {
        machine.run("4090");
        machine.mode(4);
        machine.cpu.gpr[Cpu.RAX] = 5;
        machine.runFrom(0x1000);
        assertThat(machine.cpu.gpr[Cpu.RAX]).as("40 is INC EAX here").isEqualTo(6);
        machine.mode(2);
        machine.runFrom(0x1000);
        assertThat(machine.cpu.gpr[Cpu.RAX]).isEqualTo(7);
    }
}
