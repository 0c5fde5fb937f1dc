// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongFunction;
import java.util.function.Supplier;

/**
 * Random programs interpreted and compiled, from the same states, ending the same. {@code -Dseed=S} and
 * {@code -Dcompiled.instructions=N} choose others and more; {@link HostOracleTest} says that the interpreter is right.
 */
final class CompiledPrograms {
    static final long SEED = Long.getLong("seed", 20261121L);
    static final int STATES = 120;
    private static final int MOST_REPORTS = 10;

    private CompiledPrograms() {}

    /** A program and the states that it is started from. */
    record Program(OracleSequence sequence, Supplier<OracleState> states) {}

    /** Makes programs by number and runs them until so many instructions were executed. */
    static void endAsInTheInterpreter(String name, long instructions, LongFunction<Program> programs)
            throws IOException {
        long budget = Long.getLong("compiled.instructions", instructions);
        List<String> reports = new ArrayList<>();
        long done = 0;
        try (SoftwareOracle interpreted = new SoftwareOracle();
                SoftwareOracle compiled = new SoftwareOracle(Compilation.EAGER)) {
            for (long number = 0; done < budget && reports.size() < MOST_REPORTS; number++) {
                Program program = programs.apply(number);
                OracleSequence sequence = program.sequence;
                for (int n = 0; n < STATES; n++) {
                    OracleState before = program.states.get();
                    done += sequence.steps().size();
                    OracleState expected =
                            n == 0 ? interpreted.run(sequence, before) : interpreted.runAgain(sequence, before);
                    OracleState actual = n == 0 ? compiled.run(sequence, before) : compiled.runAgain(sequence, before);
                    String differences = actual.differences(expected, sequence);
                    if (!differences.isEmpty()) {
                        reports.add(
                                "program " + number + ", state " + n + ": " + sequence.describe() + "\n" + differences);
                        break;
                    }
                }
            }
            System.out.println(name + ": seed " + SEED + ", " + done + " instructions, of them "
                    + compiled.compiledInstructions() + " compiled");
            assertThat(reports).as("seed %d", SEED).isEmpty();
            assertThat(compiled.compilationFailures())
                    .as("regions that could not be compiled")
                    .isZero();
            assertThat(compiled.compiledInstructions()).isGreaterThan(done / 4);
        }
    }
}
