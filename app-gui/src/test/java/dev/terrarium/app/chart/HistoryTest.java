// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.chart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class HistoryTest {
    @Test
    void theOldestMakesRoomForTheNewest() {
        History history = new History(3);
        for (int i = 1; i <= 5; i++) {
            history.add(i / 10.0);
        }
        assertThat(history.size()).isEqualTo(3);
        assertThat(history.get(0)).isEqualTo(0.3);
        assertThat(history.get(2)).isEqualTo(0.5);
        assertThat(history.last()).isEqualTo(0.5);
        assertThatThrownBy(() -> history.get(3)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void sharesStayBetweenNothingAndAll() {
        History history = new History(2);
        history.add(-1);
        history.add(7);
        assertThat(history.get(0)).isZero();
        assertThat(history.get(1)).isEqualTo(1);
    }

    @Test
    void everyChangeIsNoticed() {
        History history = new History(2);
        int before = history.revisionProperty().get();
        history.add(0.5);
        assertThat(history.revisionProperty().get()).isNotEqualTo(before);
        history.clear();
        assertThat(history.size()).isZero();
        assertThat(history.last()).isZero();
    }
}
