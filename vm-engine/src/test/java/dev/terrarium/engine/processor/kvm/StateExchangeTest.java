// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.processor.Processor;
import dev.terrarium.engine.processor.Processor.Exit;
import dev.terrarium.engine.processor.ProcessorState;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A program that goes from KVM to the software processor and back in the middle of its work does not notice. */
class StateExchangeTest {
    /**
     * fninit, fldz, then RCX rounds of: rax = rax * 0x5DEECE6D + 11, and (rax >> 33) added to memory, to XMM0 and 1.0 to ST0; then all
     * of it stored behind RBX, and UD2.
     */
    private static final String CHECKSUM = "DBE3 D9EE"
            + "4869C06DCEEE5D 4883C00B 4889C2 48C1EA21 480113 66480F6ECA 660FD4C1 D9E8 DEC1 48FFC9 75D9"
            + "F30F7F4310 DD5B20 48894308 0F0B";

    @BeforeEach
    void needsKvm() {
        KvmHere.require();
    }

    private static void check(SmallMachine machine, long rounds) {
        long state = 0;
        long sum = 0;
        for (long i = 0; i < rounds; i++) {
            state = state * 0x5DEECE6DL + 11;
            sum += state >>> 33;
        }
        assertThat(machine.read(SmallMachine.DATA)).as("sum in memory").isEqualTo(sum);
        assertThat(machine.read(SmallMachine.DATA + 8)).as("RAX").isEqualTo(state);
        assertThat(machine.read(SmallMachine.DATA + 16)).as("XMM0").isEqualTo(sum);
        assertThat(Double.longBitsToDouble(machine.read(SmallMachine.DATA + 32)))
                .as("ST0")
                .isEqualTo(rounds);
    }

    private static Exit runFor(Processor processor, long milliseconds) {
        CompletableFuture<Void> kick = CompletableFuture.runAsync(
                processor::kick, CompletableFuture.delayedExecutor(milliseconds, TimeUnit.MILLISECONDS));
        Exit exit = processor.run();
        if (exit == Exit.SHUTDOWN) {
            kick.cancel(false);
        }
        return exit;
    }

    @Test
    void aChecksumLoopGoesToAndFro() throws Exception {
        long rounds = 30_000_000;
        try (SmallMachine machine = new SmallMachine()) {
            ProcessorState state = machine.at(CHECKSUM, true, rounds, true);
            int[] turns = new int[2];
            int turn = 0;
            while (true) {
                Processor processor = turn == 0 ? machine.kvm : machine.software;
                processor.restore(state);
                if (runFor(processor, turn == 0 ? 3 : 10) == Exit.SHUTDOWN) {
                    break;
                }
                state = processor.state();
                turns[turn]++;
                turn ^= 1;
            }
            check(machine, rounds);
            System.out.printf("state exchange: %d turns under KVM, %d in software%n", turns[0], turns[1]);
            assertThat(turns[0]).isGreaterThan(2);
            assertThat(turns[1]).isGreaterThan(2);
        }
    }

    @Test
    void aStateThatGoesThroughKvmComesBackTheSame() throws Exception {
        try (SmallMachine machine = new SmallMachine()) {
            machine.software.restore(machine.at(CHECKSUM, true, 5_000_000, true));
            runFor(machine.software, 20);
            ProcessorState before = machine.software.state();
            machine.kvm.restore(before);
            ProcessorState after = machine.kvm.state();
            assertThat(describe(after)).isEqualTo(describe(before));
            before.modelSpecificRegisters().forEach((register, value) -> {
                if (register != KvmRegisters.TIME_STAMP_COUNTER) {
                    assertThat(after.modelSpecificRegisters())
                            .as(Integer.toHexString(register))
                            .containsEntry(register, value);
                }
            });
        }
    }

    private static String describe(ProcessorState state) {
        byte[] extended = state.extendedState().clone();
        // Which parts are in use, and the scratch bytes of FXSAVE, are each processor's own affair.
        Arrays.fill(extended, 464, 576, (byte) 0);
        return String.join(
                "\n",
                Arrays.toString(state.registers()),
                Long.toHexString(state.instructionPointer()) + " " + Long.toHexString(state.flags()),
                Arrays.toString(state.segments()),
                state.globalDescriptorTable() + " " + state.interruptDescriptorTable(),
                Arrays.toString(state.controlRegisters()),
                Arrays.toString(state.debugRegisters()),
                Long.toString(state.extendedControl()),
                HexFormat.of().formatHex(extended),
                state.activity() + " " + state.interruptShadow() + " " + state.nonMaskableBlocked());
    }

    /** In ring 0 an emulating KVM cannot do SSE: the software processor does, instruction by instruction. */
    @Test
    void whatKvmCannotExecuteIsExecutedForIt() throws Exception {
        long rounds = 200;
        try (SmallMachine machine = new SmallMachine()) {
            machine.kvm.restore(machine.at(CHECKSUM, false, rounds, false));
            long start = System.nanoTime();
            assertThat(machine.kvm.run()).isEqualTo(Exit.SHUTDOWN);
            long nanos = System.nanoTime() - start;
            check(machine, rounds);
            long helped = machine.kvm.helped();
            System.out.printf("help: %d instructions, %.0f us each%n", helped, helped == 0 ? 0 : nanos / 1e3 / helped);
            if (KvmHost.report().missing().contains("SSE")) {
                assertThat(helped).isGreaterThan(rounds);
            } else {
                assertThat(helped).isZero();
            }
        }
    }
}
