// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The loops of a region in which registers stay in variables from one piece to the next: strongly connected pieces that
 * use few enough registers for the host's. A loop that uses too many is looked into for smaller ones.
 */
final class RegisterLoops {
    /** HotSpot has 13 or 14 registers on x86-64 hosts. */
    private static final int MOST_REGISTERS = 14;

    private final RegionPlan plan;
    private final Map<Integer, RegionPlan.Piece> pieces = new HashMap<>();
    private final Map<Integer, Loop> loops = new HashMap<>();

    /**
     * A loop.
     *
     * @param used registers read or written in it, as bits
     * @param written those written
     */
    record Loop(int used, int written) {}

    RegisterLoops(RegionPlan plan) {
        this.plan = plan;
        for (RegionPlan.Piece piece : plan.pieces()) {
            pieces.put(piece.delta(), piece);
        }
        find(new HashSet<>(pieces.keySet()), Integer.MIN_VALUE);
    }

    /** The loop that the piece at a distance belongs to, or null. */
    @Nullable
    Loop of(int delta) {
        return loops.get(delta);
    }

    /** Finds the loops among some pieces, jumps to {@code header} left out. */
    private void find(Set<Integer> among, int header) {
        for (Set<Integer> component : new Components(among, header).all) {
            int first = component.stream().mapToInt(Integer::intValue).min().orElseThrow();
            if (component.size() == 1 && (first == header || !successors(first).contains(first))) {
                continue;
            }
            Loop loop = loop(component);
            if (Integer.bitCount(loop.used) <= MOST_REGISTERS) {
                component.forEach(delta -> loops.put(delta, loop));
            } else if (component.size() > 1) {
                find(component, first);
            }
        }
    }

    private Loop loop(Set<Integer> component) {
        int used = 0;
        int written = 0;
        for (int delta : component) {
            RegionPlan.Piece piece = piece(delta);
            int length = plan.length(piece);
            for (int n = 0; n < length; n++) {
                RegisterUse use = RegisterUse.of(piece.code()[n]);
                used |= use.reads | use.writes;
                written |= use.writes;
            }
        }
        return new Loop(used, written);
    }

    private RegionPlan.Piece piece(int delta) {
        RegionPlan.Piece piece = pieces.get(delta);
        if (piece == null) {
            throw new IllegalStateException("no piece at " + delta);
        }
        return piece;
    }

    private List<Integer> successors(int delta) {
        return plan.successors(piece(delta));
    }

    /** Tarjan's strongly connected components ("Depth-first search and linear graph algorithms", 1972). */
    private final class Components {
        final List<Set<Integer>> all = new ArrayList<>();

        private final Set<Integer> among;
        private final int header;
        private final Map<Integer, Integer> number = new HashMap<>();
        private final Deque<Integer> open = new ArrayDeque<>();

        Components(Set<Integer> among, int header) {
            this.among = among;
            this.header = header;
            for (int delta : among) {
                if (!number.containsKey(delta)) {
                    visit(delta);
                }
            }
        }

        private int visit(int delta) {
            int own = number.size();
            number.put(delta, own);
            open.push(delta);
            int lowest = own;
            for (int successor : successors(delta)) {
                if (successor == header || !among.contains(successor)) {
                    continue;
                }
                Integer seen = number.get(successor);
                if (seen == null) {
                    lowest = Math.min(lowest, visit(successor));
                } else if (open.contains(successor)) {
                    lowest = Math.min(lowest, seen);
                }
            }
            if (lowest == own) {
                Set<Integer> component = new HashSet<>();
                int member;
                do {
                    member = open.pop();
                    component.add(member);
                } while (member != delta);
                all.add(component);
            }
            return lowest;
        }
    }
}
