// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class FiguresTest {
    @Test
    void theMedianIsTheMiddleOneWhateverTheOrder() {
        assertThat(Figures.median(List.of(9.0, 1.0, 100.0, 2.0, 3.0))).isEqualTo(3.0);
    }

    @Test
    void theMedianOfAnEvenNumberIsTheMeanOfTheMiddleTwo() {
        assertThat(Figures.median(List.of(4.0, 1.0, 2.0, 100.0))).isEqualTo(3.0);
    }

    @Test
    void theGeometricMeanOfReciprocalsIsOne() {
        assertThat(Figures.geometricMean(List.of(0.25, 4.0))).isCloseTo(1.0, within(1e-12));
        assertThat(Figures.geometricMean(List.of(2.0, 4.0, 8.0))).isCloseTo(4.0, within(1e-12));
    }

    @Test
    void nothingHasNoMeanAndNeitherHasZero() {
        assertThatIllegalArgumentException().isThrownBy(() -> Figures.median(List.of()));
        assertThatIllegalArgumentException().isThrownBy(() -> Figures.geometricMean(List.of()));
        assertThatIllegalArgumentException().isThrownBy(() -> Figures.geometricMean(List.of(1.0, 0.0)));
    }
}
