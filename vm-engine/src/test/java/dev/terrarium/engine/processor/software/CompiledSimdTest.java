// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Programs of SSE instructions, by {@link CompiledPrograms}. */
final class CompiledSimdTest {
    private static final int MOST_INSTRUCTIONS = 16;

    @Test
    void simdProgramsEndAsInTheInterpreter() throws IOException {
        CompiledPrograms.endAsInTheInterpreter("compiled SIMD", 5_500_000, number -> {
            OracleGenerator states = new OracleGenerator(CompiledPrograms.SEED, number, false);
            return new CompiledPrograms.Program(
                    new SimdGenerator(CompiledPrograms.SEED, number).sequence(MOST_INSTRUCTIONS), states::state);
        });
    }

    @Test
    void compiledCodeRaisesWhatSseBeingDisabledRaises() throws IOException {
        OracleGenerator states = new OracleGenerator(CompiledPrograms.SEED, 0, false);
        OracleSequence copy = new OracleSequence(
                true, List.of(new OracleSequence.Step(new byte[] {0x0F, 0x28, (byte) 0xC1}, 0))); // MOVAPS XMM0, XMM1
        try (SoftwareOracle compiled = new SoftwareOracle(Compilation.EAGER)) {
            OracleState before = states.state();
            compiled.run(copy, before);
            for (int n = 0; n < CompiledPrograms.STATES; n++) {
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
