// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.util.HashMap;
import java.util.Map;

/**
 * Which registers of a region may differ from the vCPU's where a piece begins: those written since the last instruction
 * that surely saved them all, along any way there. A data-flow analysis, forward, by union.
 */
final class DirtyRegisters {
    private final RegionPlan plan;
    private final Map<Integer, Integer> before = new HashMap<>();
    private int beforeEntries;

    DirtyRegisters(RegionPlan plan) {
        this.plan = plan;
    }

    /** Register masks by the pieces' distances. */
    Map<Integer, Integer> atPieces() {
        for (RegionPlan.Piece piece : plan.pieces()) {
            before.put(piece.delta(), 0);
        }
        boolean changed = true;
        while (changed) {
            changed = false;
            for (RegionPlan.Piece piece : plan.pieces()) {
                int in = at(piece.delta()) | (piece.entry() >= 0 ? beforeEntries : 0);
                changed |= add(piece.delta(), in);
                int out = after(piece, in);
                for (int successor : plan.successors(piece)) {
                    changed |= before.containsKey(successor) && add(successor, out);
                }
                if (leavesIndirectly(piece) && (beforeEntries | out) != beforeEntries) {
                    beforeEntries |= out;
                    changed = true;
                }
            }
        }
        return before;
    }

    private int at(int delta) {
        return before.getOrDefault(delta, 0);
    }

    private boolean add(int delta, int registers) {
        int old = at(delta);
        before.put(delta, old | registers);
        return (old | registers) != old;
    }

    private static boolean leavesIndirectly(RegionPlan.Piece piece) {
        int op = piece.code()[piece.code().length - 1].op;
        return op == Op.RET64 || op == Op.JMP_INDIRECT || op == Op.CALL_INDIRECT;
    }

    private int after(RegionPlan.Piece piece, int in) {
        int dirty = in;
        int length = plan.length(piece);
        for (int n = 0; n < length; n++) {
            Instruction i = piece.code()[n];
            if (surelySaves(i)) {
                dirty = 0;
            }
            dirty |= RegisterUse.of(i).writes;
        }
        return dirty;
    }

    private static boolean surelySaves(Instruction i) {
        return i.op == Op.X87;
    }
}
