// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.io.IOException;
import org.junit.jupiter.api.Test;

/** Random programs of all instructions of ring 3, by {@link CompiledPrograms}. */
final class CompiledCodeTest {
    private static final int MOST_INSTRUCTIONS = 24;

    @Test
    void randomProgramsEndAsInTheInterpreter() throws IOException {
        CompiledPrograms.endAsInTheInterpreter("compiled code", 5_500_000, number -> {
            OracleGenerator generator = new OracleGenerator(CompiledPrograms.SEED, number, false);
            generator.extendTo(FeatureSet.BEST, true);
            return new CompiledPrograms.Program(generator.sequence(MOST_INSTRUCTIONS), generator::extensionState);
        });
    }
}
