// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Programs of SSE instructions interpreted and compiled, as in {@link CompiledCodeTest}: {@code -Dseed=S} and
 * {@code -Dcompiled.instructions=N} choose others and more.
 */
final class CompiledSimdTest {
    private static final int MOST_INSTRUCTIONS = 16;
    private static final int STATES = 120;
    private static final int MOST_REPORTS = 10;
    private static final long SEED = Long.getLong("seed", 20261121L);

    @Test
    void simdProgramsEndAsInTheInterpreter() throws IOException {
        long budget = Long.getLong("compiled.instructions", 5_500_000);
        List<String> reports = new ArrayList<>();
        long done = 0;
        try (SoftwareOracle interpreted = new SoftwareOracle();
                SoftwareOracle compiled = new SoftwareOracle(Compilation.EAGER)) {
            for (long program = 0; done < budget && reports.size() < MOST_REPORTS; program++) {
                OracleSequence sequence = new SimdGenerator(SEED, program).sequence(MOST_INSTRUCTIONS);
                OracleGenerator states = new OracleGenerator(SEED, program, false);
                for (int n = 0; n < STATES; n++) {
                    OracleState before = states.state();
                    done += sequence.steps().size();
                    OracleState expected =
                            n == 0 ? interpreted.run(sequence, before) : interpreted.runAgain(sequence, before);
                    OracleState actual = n == 0 ? compiled.run(sequence, before) : compiled.runAgain(sequence, before);
                    String differences = actual.differences(expected, sequence);
                    if (!differences.isEmpty()) {
                        reports.add("program " + program + ", state " + n + ": " + sequence.describe() + "\n"
                                + differences);
                        break;
                    }
                }
            }
            System.out.println("compiled SIMD: seed " + SEED + ", " + done + " instructions, of them "
                    + compiled.compiledInstructions() + " compiled");
            assertThat(reports).as("seed %d", SEED).isEmpty();
            assertThat(compiled.compiledInstructions()).isGreaterThan(done / 4);
        }
    }

    @Test
    void compiledCodeRaisesWhatSseBeingDisabledRaises() throws IOException {
        OracleGenerator states = new OracleGenerator(SEED, 0, false);
        OracleSequence copy = new OracleSequence(
                true, List.of(new OracleSequence.Step(new byte[] {0x0F, 0x28, (byte) 0xC1}, 0))); // MOVAPS XMM0, XMM1
        try (SoftwareOracle compiled = new SoftwareOracle(Compilation.EAGER)) {
            OracleState before = states.state();
            compiled.run(copy, before);
            for (int n = 0; n < STATES; n++) {
                assertThat(compiled.runAgain(copy, before).vector).isEqualTo(OracleState.BREAKPOINT);
            }
            assertThat(compiled.compiledInstructions()).isPositive();
            compiled.setTaskSwitched(true);
            OracleState after = compiled.runAgain(copy, before);
            assertThat(after.vector).isEqualTo(GuestFault.DEVICE_NOT_AVAILABLE);
            assertThat(after.instructionPointer).isEqualTo(OracleState.CODE);
            compiled.setTaskSwitched(false);
            assertThat(compiled.runAgain(copy, before).vector).isEqualTo(OracleState.BREAKPOINT);
        }
    }
}
