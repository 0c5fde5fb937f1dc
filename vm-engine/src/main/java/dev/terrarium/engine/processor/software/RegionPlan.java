// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.util.Arrays;
import java.util.List;

/**
 * What a region is to be made of.
 *
 * @param pieces the blocks in it, the first being the one it was made for
 * @param pages the pages they lie in
 */
record RegionPlan(Piece[] pieces, Page[] pages) {
    static final RegionPlan NONE = new RegionPlan(new Piece[0], new Page[0]);

    /** How many instructions of a piece belong to it: a following piece may start among them. */
    int length(Piece piece) {
        Instruction[] code = piece.code;
        for (int n = 1; n < code.length; n++) {
            if (startsAt(piece.delta + code[n].end - code[n].length)) {
                return n;
            }
        }
        return code.length;
    }

    private boolean startsAt(int delta) {
        for (Piece piece : pieces) {
            if (piece.delta == delta) {
                return true;
            }
        }
        return false;
    }

    /** Where control goes from a piece by direct jumps and by falling through, as distances from the base. */
    List<Integer> successors(Piece piece) {
        int length = length(piece);
        if (length < piece.code.length) {
            Instruction next = piece.code[length];
            return List.of(piece.delta + next.end - next.length);
        }
        Instruction last = piece.code[length - 1];
        int next = piece.delta + last.end;
        int target = (int) (piece.delta + last.addressOffset);
        return switch (last.op) {
            case Op.JMP, Op.CALL64 -> List.of(target);
            case Op.END_OF_BLOCK -> List.of(next);
            case Op.SYSTEM -> SystemUnit.leavesModeAlone(last) ? List.of(next) : List.of();
            default -> last.op >= Op.JO && last.op <= Op.JG ? List.of(target, next) : List.of();
        };
    }

    /** The same with the first half of its pieces, for when it turned out too large. */
    RegionPlan half() {
        return new RegionPlan(Arrays.copyOf(pieces, Math.max(1, pieces.length / 2)), pages);
    }

    /** Are there instructions in it that the compiled code executes on the XMM registers itself? */
    boolean usesSimd() {
        for (Piece piece : pieces) {
            for (Instruction i : piece.code) {
                if (SimdForms.of(i) != null || isAvx(i)) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Are there instructions in it that it executes on the YMM registers itself? */
    boolean usesAvx() {
        for (Piece piece : pieces) {
            for (Instruction i : piece.code) {
                if (isAvx(i)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static boolean isAvx(Instruction i) {
        return i.op == Op.AVX && AvxForms.isNative(i);
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
     * @param flagKind the {@link FlagKind} of the flags saved here, or -1 for {@link Cpu#savedFlagKind}
     */
    record Site(Instruction instruction, int delta, int blockDelta, int index, int flagKind) {}
}
