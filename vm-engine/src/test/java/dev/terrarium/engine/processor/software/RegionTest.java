// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RegionTest {
    private final Block first = new Block(0, 8, new Instruction[] {new Instruction()}, 1);
    private final Block second = new Block(16, 8, new Instruction[] {new Instruction()}, 1);

    /** Else the blocks that are left would wait for ever for a region that is gone, and stay with the interpreter. */
    @Test
    void aRegionThatIsRetiredBeforeItIsWarmHoldsNoBlockBack() {
        Region region = new Region() {
            @Override
            int run(Cpu cpu, Mmu mmu, long base, int entry) {
                return LEFT;
            }
        };
        region.complete(
                new RegionPlan(
                        new RegionPlan.Piece[] {
                            new RegionPlan.Piece(first, first.instructions(), 0, 0),
                            new RegionPlan.Piece(second, second.instructions(), 16, 1)
                        },
                        new RegionPlan.Page[0]),
                new RegionPlan.Site[0],
                null);
        region.install();
        assertThat(first.isWarmingUp()).isTrue();
        second.retire();
        assertThat(first.region).isNull();
        assertThat(first.isWarmingUp()).isFalse();
    }
}
