// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HotSpotsTest {
    @Test
    void methodsAddTheirLinesUp() {
        HotSpots spots = new HotSpots();
        spots.add("Cpu.run", 1);
        spots.add("Cpu.run", 2);
        spots.add("Mmu.walk", 9);
        spots.add("Mmu.walk", 9);
        spots.add("Cpu.run", 3);

        assertThat(spots.text(1)).isEqualTo("""
                        5 samples
                        method    share
                        Cpu.run  60.0 %

                        line         share
                        Mmu.walk:9  40.0 %
                        """);
    }
}
