// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Chooses what a region consists of: from a hot block along the jumps that were taken often, hottest first, until the
 * method would grow too large. Only code that was executed is taken in, and none that is in a region already: HotSpot's time
 * and the processor's caches are what there is least of. A region can be entered at every piece, so that it serves whoever
 * comes from another one, and the interpreter after an instruction that it had to execute.
 */
final class RegionPlanner {
    /** Jumps farther than this stay outside, so that distances fit an int with room to spare. */
    private static final long FARTHEST = 1 << 28;

    private static final int MOST_PAGES = 8;
    private static final int MOST_PIECES = 200;

    /** A block is taken in if it ran at least this fraction as often as the region's first. */
    private static final int COLDEST_SHARE = 64;

    private static final int PAGE_MASK = 4095;

    private final BlockCache blocks;

    RegionPlanner(BlockCache blocks) {
        this.blocks = blocks;
    }

    private record Candidate(Block block, int delta) {}

    /**
     * @param linear where {@code head} is mapped now
     * @param budget roughly how many bytes of bytecode the region may have
     * @return null if {@code head} cannot be compiled
     */
    @Nullable
    RegionPlan plan(Block head, long linear, long context, int budget) {
        if (head.codeSize != 8 || head.secondPage >= 0 || !startsCompiled(head.code[0])) {
            return null;
        }
        long base = linear & ~(long) PAGE_MASK;
        Map<Integer, Block> chosen = new HashMap<>();
        Map<Integer, Long> pages = new HashMap<>();
        Set<Integer> seen = new HashSet<>();
        PriorityQueue<Candidate> candidates =
                new PriorityQueue<>(Comparator.comparing((Candidate each) -> each.block != head)
                        .thenComparingInt(each -> -each.block.heat)
                        .thenComparingInt(Candidate::delta));
        Candidate first = new Candidate(head, (int) (linear - base));
        candidates.add(first);
        seen.add(first.delta);
        int size = 0;
        int coldest = Math.max(1, head.heat / COLDEST_SHARE);
        while (!candidates.isEmpty() && chosen.size() < MOST_PIECES) {
            Candidate next = candidates.remove();
            int cost = cost(next.block);
            int page = next.delta & ~PAGE_MASK;
            if (size > 0 && size + cost > budget || pages.size() >= MOST_PAGES && !pages.containsKey(page)) {
                continue;
            }
            size += cost;
            chosen.put(next.delta, next.block);
            pages.put(page, next.block.physical & ~(long) PAGE_MASK);
            for (long successor : successors(next)) {
                if (Math.abs(successor) < FARTHEST && seen.add((int) successor)) {
                    Block block = blocks.peek(base + successor, context);
                    if (block != null && !block.retired() && block.region == null && block.heat >= coldest) {
                        candidates.add(new Candidate(block, (int) successor));
                    }
                }
            }
        }
        return finished(head, chosen, pages, first.delta);
    }

    private static RegionPlan finished(Block head, Map<Integer, Block> chosen, Map<Integer, Long> pages, int first) {
        List<RegionPlan.Piece> pieces = new ArrayList<>();
        pieces.add(piece(head, first, 0));
        int number = 1;
        for (Map.Entry<Integer, Block> each : new TreeMap<>(chosen).entrySet()) {
            int delta = each.getKey();
            if (delta != first) {
                boolean entry = startsCompiled(each.getValue().code[0]);
                pieces.add(piece(each.getValue(), delta, entry ? number++ : -1));
            }
        }
        List<RegionPlan.Page> used = new ArrayList<>();
        pages.forEach((delta, physical) -> used.add(new RegionPlan.Page(delta, physical)));
        return new RegionPlan(pieces.toArray(RegionPlan.Piece[]::new), used.toArray(RegionPlan.Page[]::new));
    }

    private static RegionPlan.Piece piece(Block block, int delta, int entry) {
        return new RegionPlan.Piece(block, block.instructions(), delta, entry);
    }

    /** A region is not entered at an instruction that it would leave to the interpreter at once. */
    private static boolean startsCompiled(Instruction i) {
        return switch (i.op) {
            case Op.SYSTEM -> SystemUnit.leavesModeAlone(i);
            case Op.PORT_STRING, Op.INVALID, Op.TOO_LONG, Op.LOOP, Op.CALL, Op.RET, Op.STALE -> false;
            default -> true;
        };
    }

    /** Where control may go from a block, as distances. */
    private static List<Long> successors(Candidate from) {
        Instruction last = from.block.code[from.block.code.length - 1];
        List<Long> all = new ArrayList<>(2);
        long next = from.delta + last.end;
        long target = from.delta + last.addressOffset;
        switch (last.op) {
            case Op.JMP -> all.add(target);
            case Op.CALL64 -> {
                all.add(target);
                all.add(next);
            }
            case Op.CALL_INDIRECT, Op.END_OF_BLOCK -> all.add(next);
            case Op.SYSTEM -> {
                if (SystemUnit.leavesModeAlone(last)) {
                    all.add(next);
                }
            }
            case Op.RET64, Op.JMP_INDIRECT, Op.RET, Op.CALL, Op.LOOP, Op.PORT_STRING -> {}
            default -> {
                if (last.op >= Op.JO && last.op <= Op.JG) {
                    all.add(target);
                    all.add(next);
                }
            }
        }
        for (long distance : from.block.jumpDistances()) {
            all.add(from.delta + distance);
        }
        return all;
    }

    /** Roughly how many bytes of bytecode a block takes. */
    private static int cost(Block block) {
        int cost = 16;
        for (Instruction i : block.code) {
            cost += switch (i.op) {
                case Op.X87, Op.STRING, Op.SYSTEM -> 50;
                case Op.SIMD, Op.AVX -> !InstructionWriter.isNative(i) ? 50 : i.memory ? 34 : 14;
                case Op.LOCKED, Op.CMPXCHG, Op.XADD, Op.CMPXCHG_PAIR -> 60;
                default -> i.memory ? 34 : 20;
            };
        }
        return cost;
    }
}
