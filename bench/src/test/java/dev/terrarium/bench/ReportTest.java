// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ReportTest {
    private static final Comparison FAST = Comparison.of("fast", true, 1.0, 4.0, 1.0);
    private static final Comparison SLOW = Comparison.of("slow", true, 8.0, 2.0, 1.0);
    private static final Comparison SYSTEM = Comparison.of("system", false, 300.0, 200.0, 1.5);

    @Test
    void theTableHasTimesRatioTargetAndVerdictAndTheMeanOfTheCpuBoundRowsOnly() {
        Report report = new Report(List.of(FAST, SLOW, SYSTEM), List.of(), List.of("A fact."), false);

        assertThat(report.text(List.of("today"))).isEqualTo("""
                        today

                        row                               Terrarium, s  QEMU TCG, s  ratio  target  verdict
                        fast                                      1.00         4.00   0.25    1.00     pass
                        slow                                      8.00         2.00   4.00    1.00     FAIL
                        system                                  300.00       200.00   1.50    1.50     pass
                        geometric mean, 2 CPU-bound rows                              1.00    0.50     FAIL

                        A fact.
                        """);
    }

    @Test
    void aBrokenRowSpoilsTheMeanAndIsExplained() {
        Comparison broken = Comparison.failed("broken", true, 1.0, "CHECKSUMS DIFFER");
        String text = new Report(List.of(FAST, broken), List.of(), List.of(), true).text(List.of());

        assertThat(text).contains("broken: CHECKSUMS DIFFER").containsPattern("geometric mean, 1 CPU.*BROKEN");
    }

    @Test
    void markdownHasARuleUnderTheHead() {
        assertThat(new Report(List.of(FAST), List.of(), List.of(), false).markdown(List.of("today")))
                .startsWith("""
                        - today

                        | row | Terrarium, s | QEMU TCG, s | ratio | target | verdict |
                        |---|---:|---:|---:|---:|---:|
                        | fast | 1.00 | 4.00 | 0.25 | 1.00 | pass |
                        """);
    }

    @Test
    void scalingIsThroughputAndMustReachItsTarget() {
        double perfect = Scaling.of(2, 10, 10);
        double serial = Scaling.of(2, 10, 20);
        assertThat(perfect).isEqualTo(2.0);
        assertThat(serial).isEqualTo(1.0);

        String text = new Report(
                        List.of(),
                        List.of(new Scaling("a", perfect, serial, ""), new Scaling("b", serial, perfect, "")),
                        List.of(),
                        false)
                .text(List.of());
        assertThat(text).containsPattern("a +2.00 +1.00 +1.80 +pass").containsPattern("b +1.00 +2.00 +1.80 +FAIL");
    }
}
