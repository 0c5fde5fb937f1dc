// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.util.Arrays;

/**
 * What a region is to be made of.
 *
 * @param pieces the blocks in it, the first being the one it was made for
 * @param pages the pages they lie in
 */
record RegionPlan(Piece[] pieces, Page[] pages) {
    static final RegionPlan NONE = new RegionPlan(new Piece[0], new Page[0]);

    /** The same with the first half of its pieces, for when it turned out too large. */
    RegionPlan half() {
        return new RegionPlan(Arrays.copyOf(pieces, Math.max(1, pieces.length / 2)), pages);
    }

    /** Are there instructions in it that the compiled code executes on the XMM registers itself? */
    boolean usesSimd() {
        for (Piece piece : pieces) {
            for (Instruction i : piece.code) {
                if (SimdForms.of(i) != null) {
                    return true;
                }
            }
        }
        return false;
    }

    /**
     * A block.
     *
     * @param code its instructions as they were when the plan was made
     * @param delta its distance in bytes from the region's base
     * @param entry the number under which the region can be entered here, or -1
     */
    record Piece(Block block, Instruction[] code, int delta, int entry) {}

    /**
     * @param delta the page's distance from the region's base
     * @param physical its physical address
     */
    record Page(int delta, long physical) {}

    /**
     * An instruction at which the compiled code may have to stop.
     *
     * @param delta its distance from the region's base
     * @param blockDelta its block's distance from the region's base
     * @param index how many instructions of the block come before it
     */
    record Site(Instruction instruction, int delta, int blockDelta, int index) {}
}
