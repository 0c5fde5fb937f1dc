// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class CodePagesTest {
    private final CodePages pages = new CodePages(1 << 20);
    private final List<String> told = new ArrayList<>();
    private boolean stopped;
    private int stops;

    /** Stands for stopping all other vCPUs. */
    private final Consumer<Runnable> alone = action -> {
        stops++;
        stopped = true;
        action.run();
        stopped = false;
    };

    private int listener(String name) {
        return pages.addListener(new CodePages.Listener() {
            @Override
            public void pageMarked(long physicalPage) {
                told.add(name + " marked " + Long.toHexString(physicalPage) + (stopped ? "" : " while others run"));
            }

            @Override
            public void codeWritten(long physical, int length) {
                told.add(name + " written " + Long.toHexString(physical) + "," + length);
            }
        });
    }

    @Test
    void theFirstMarkOfAPageStopsAllTheNextOnesDoNot() {
        int first = listener("first");
        int second = listener("second");
        pages.markBy(first, 0x5123, alone);
        assertThat(told).containsExactly("first marked 5000", "second marked 5000");
        pages.markBy(second, 0x5FFF, alone);
        assertThat(stops).isEqualTo(1);
        assertThat(told).hasSize(2);
        assertThat(pages.isCodeOf(0x5000, first)).isTrue();
        assertThat(pages.isCodeOf(0x5000, second)).isTrue();
    }

    @Test
    void aPageIsCodeUntilTheLastOneHasForgottenIt() {
        int first = listener("first");
        int second = listener("second");
        pages.markBy(first, 0x5000, alone);
        pages.markBy(second, 0x5000, alone);
        pages.clear(0x5000, first);
        assertThat(pages.isCode(0x5800)).as("the second one's").isTrue();
        assertThat(pages.isCodeOf(0x5000, first)).isFalse();
        pages.clear(0x5000, second);
        assertThat(pages.isCode(0x5800)).isFalse();
        pages.markBy(second, 0x5000, alone);
        assertThat(stops).isEqualTo(2);
    }

    @Test
    void everyoneHearsOfAWrite() {
        listener("first");
        listener("second");
        pages.written(0x5010, 4);
        assertThat(told).containsExactly("first written 5010,4", "second written 5010,4");
    }

    @Test
    void eightListenersAtMost() {
        for (int i = 0; i < CodePages.MOST_LISTENERS; i++) {
            int bit = listener("each");
            pages.markBy(bit, 0x7000, alone);
            assertThat(pages.isCodeOf(0x7000, bit)).isTrue();
            pages.clear(0x7000, bit);
            assertThat(pages.isCode(0x7000)).isFalse();
        }
        assertThatThrownBy(() -> listener("ninth")).isInstanceOf(IllegalStateException.class);
    }
}
