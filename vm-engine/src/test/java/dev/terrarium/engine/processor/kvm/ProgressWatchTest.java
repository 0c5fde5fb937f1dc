// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ProgressWatchTest {
    private static final long SECOND = 1_000_000_000L;
    private static final MovePolicy POLICY = new MovePolicy(SECOND, 3, 0.5, 1000);

    private long emulated;
    private final ProgressWatch watch = new ProgressWatch(POLICY, () -> emulated);

    @Test
    void threeBadWindowsInARowAreEnough() {
        for (int second = 1; second <= 2; second++) {
            emulated += 1001;
            assertThat(watch.judge(second * SECOND, 0, 0)).isEmpty();
        }
        emulated += 1001;
        assertThat(watch.judge(3 * SECOND, 0, 0))
                .hasValueSatisfying(
                        reason -> assertThat(reason).contains("KVM emulates").doesNotContain("help"));
    }

    @Test
    void aGoodWindowForgivesTheBadOnes() {
        for (int second = 1; second <= 20; second++) {
            emulated += second % 3 == 0 ? 1000 : 5000;
            assertThat(watch.judge(second * SECOND, 0, 0)).isEmpty();
        }
    }

    @Test
    void accessesToDevicesAreNotHeldAgainstKvm() {
        for (int second = 1; second <= 10; second++) {
            emulated += 500_000;
            assertThat(watch.judge(second * SECOND, 0, second * 499_500L)).isEmpty();
        }
    }

    @Test
    void timeSpentHelpingCounts() {
        assertThat(watch.judge(SECOND, 600_000_000L, 0)).isEmpty();
        assertThat(watch.judge(2 * SECOND, 1_200_000_000L, 0)).isEmpty();
        assertThat(watch.judge(3 * SECOND, 1_800_000_000L, 0)).contains("KVM needed help for 60 % of the time");
    }

    @Test
    void aWindowIsLongEnoughOfBusyTime() {
        for (int look = 1; look <= 9; look++) {
            emulated += 1_000_000;
            assertThat(watch.judge(look * SECOND / 10, 0, 0)).isEmpty();
        }
    }
}
