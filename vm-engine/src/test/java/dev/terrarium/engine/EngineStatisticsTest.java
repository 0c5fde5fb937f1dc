// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.junit.jupiter.api.Test;

class EngineStatisticsTest {
    @Test
    void processorsAddUp() {
        EngineStatistics both = new EngineStatistics(10, 5, 3, 100, 2).plus(new EngineStatistics(30, 25, 4, 50, 1));
        assertThat(both).isEqualTo(new EngineStatistics(40, 30, 7, 150, 3));
        assertThat(both.compiledShare()).isEqualTo(0.75);
        assertThat(EngineStatistics.NONE.compiledShare()).isZero();
        assertThat(EngineStatistics.interpreted(7).plus(EngineStatistics.NONE))
                .isEqualTo(EngineStatistics.interpreted(7));
    }

    /** The counters are read while the processor runs: the compiled ones may be ahead for a moment. */
    @Test
    void aShareIsAtMostTheWhole() {
        assertThat(new EngineStatistics(10, 11, 0, 0, 0).compiledShare()).isEqualTo(1);
    }

    @Test
    void aProcessThatDoesNotSayCountsNothing() throws Exception {
        ObjectMapper mapper = new ObjectMapper();
        ObjectNode figures = mapper.valueToTree(MachineStatistics.off(MachineState.OFF, 1, 64));
        assertThat(figures.get("engine").get("instructions").asLong()).isZero();
        figures.remove("engine");
        assertThat(mapper.treeToValue(figures, MachineStatistics.class).engine())
                .isEqualTo(EngineStatistics.NONE);
    }
}
