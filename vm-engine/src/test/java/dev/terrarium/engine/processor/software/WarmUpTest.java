// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class WarmUpTest {
    private final WarmUp warmUp = new WarmUp();

    /** Takes turns whose runs last so long; returns how many of them were runs. */
    private int runs(int turns, long nanos, long instructions) {
        int runs = 0;
        for (int turn = 0; turn < turns; turn++) {
            if (warmUp.admits()) {
                runs++;
                warmUp.ran(nanos, instructions);
            }
        }
        return runs;
    }

    @Test
    void enoughRunsForHotSpotToCompileThenFewWhileSlow() {
        assertThat(runs(8, 0, 1000)).isEqualTo(8);
        assertThat(warmUp.over()).as("the first runs are not looked at").isFalse();
        assertThat(runs(160, 4000, 100)).isEqualTo(10);
        assertThat(warmUp.over()).isFalse();
    }

    @Test
    void oneFastRunEndsIt() {
        runs(50, 4000, 100);
        assertThat(runs(32, 1000, 100)).isGreaterThan(1);
        assertThat(warmUp.over()).isTrue();
        assertThat(runs(100, 1_000_000, 1)).isEqualTo(100);
    }

    @Test
    void whatStaysSlowIsRunAtLast() {
        runs(40_000, 1_000_000, 1);
        assertThat(warmUp.over()).isTrue();
    }

    @Test
    void endedBeforeItBegan() {
        warmUp.end();
        assertThat(runs(1000, 1_000_000, 1)).isEqualTo(1000);
    }
}
