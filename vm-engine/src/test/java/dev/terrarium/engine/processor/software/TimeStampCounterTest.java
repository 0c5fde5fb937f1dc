// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.device.ManualClock;
import org.junit.jupiter.api.Test;

/** IA32_TSC_ADJUST: Intel SDM volume 3, section 18.17.3. */
class TimeStampCounterTest {
    private final ManualClock clock = new ManualClock();
    private final TimeStampCounter counter = new TimeStampCounter(clock, TimeStampCounter.USUAL_HERTZ);

    @Test
    void writesShowInTheAdjustment() {
        clock.advance(1000);
        assertThat(counter.read()).isEqualTo(1000);
        counter.write(5000);
        assertThat(counter.read()).isEqualTo(5000);
        assertThat(counter.adjustment()).isEqualTo(4000);
        counter.adjust(0);
        assertThat(counter.read()).as("together with the others again").isEqualTo(1000);
    }

    @Test
    void aRestoredCounterGoesOnWithItsAdjustmentInEitherOrder() {
        clock.advance(1000);
        counter.restore(7000);
        counter.restoreAdjustment(-50);
        assertThat(counter.read()).isEqualTo(7000);
        assertThat(counter.adjustment()).isEqualTo(-50);
        counter.restoreAdjustment(10);
        counter.restore(100);
        clock.advance(5);
        assertThat(counter.read()).isEqualTo(105);
        assertThat(counter.adjustment()).isEqualTo(10);
        counter.adjust(0);
        assertThat(counter.read()).isEqualTo(95);
    }

    @Test
    void resetIsBoardTime() {
        clock.advance(1000);
        counter.write(7);
        counter.restore(9);
        counter.reset();
        assertThat(counter.read()).isEqualTo(1000);
        assertThat(counter.adjustment()).isZero();
    }
}
