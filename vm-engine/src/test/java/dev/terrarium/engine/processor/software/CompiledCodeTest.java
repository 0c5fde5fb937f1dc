// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Random programs interpreted and compiled, from the same states, ending the same. {@code -Dseed=S} and
 * {@code -Dcompiled.instructions=N} choose others and more; {@link HostOracleTest} says that the interpreter is right.
 */
final class CompiledCodeTest {
    private static final int MOST_INSTRUCTIONS = 24;
    private static final int STATES = 120;
    private static final int MOST_REPORTS = 20;

    @Test
    void randomProgramsEndAsInTheInterpreter() throws IOException {
        long seed = Long.getLong("seed", 20261121L);
        long budget = Long.getLong("compiled.instructions", 5_500_000);
        List<String> reports = new ArrayList<>();
        long done = 0;
        try (SoftwareOracle interpreted = new SoftwareOracle();
                SoftwareOracle compiled = new SoftwareOracle(Compilation.EAGER)) {
            for (long program = 0; done < budget && reports.size() < MOST_REPORTS; program++) {
                OracleGenerator generator = new OracleGenerator(seed, program, false);
                generator.extendTo(FeatureSet.BEST, true);
                OracleSequence sequence = generator.sequence(MOST_INSTRUCTIONS);
                for (int n = 0; n < STATES; n++) {
                    OracleState before = generator.extensionState();
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
            System.out.println("compiled code: seed " + seed + ", " + done + " instructions, of them "
                    + compiled.compiledInstructions() + " compiled");
            assertThat(reports).as("seed %d", seed).isEmpty();
            assertThat(compiled.compiledInstructions()).isGreaterThan(done / 4);
        }
    }
}
