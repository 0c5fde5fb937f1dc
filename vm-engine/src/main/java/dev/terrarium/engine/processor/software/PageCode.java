// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import org.jspecify.annotations.Nullable;

/** The blocks that start in one physical page, and those that reach into it from the page before. */
final class PageCode {
    private static final int GRANULE_SHIFT = 6;

    /** Fine enough that a bucket seldom holds two blocks: each look at another costs a cache miss. */
    private static final int BUCKET_SHIFT = 4;

    private static final int PAGE = 4096;

    final long physical;

    private final Block[] buckets = new Block[PAGE >>> BUCKET_SHIFT];
    private @Nullable Block spilled;

    /** Bit i is set if some block has bytes in the page's i-th granule of 64. */
    private long granules;

    PageCode(long physical) {
        this.physical = physical;
    }

    boolean empty() {
        return granules == 0;
    }

    /** Could a write of the bytes from {@code from} to before {@code to} hit a block? */
    boolean mayHold(int from, int to) {
        return (granules & span(from, to)) != 0;
    }

    private static long span(int from, int to) {
        int first = from >>> GRANULE_SHIFT;
        int last = (to - 1) >>> GRANULE_SHIFT;
        return -1L << first & -1L >>> (63 - last);
    }

    @Nullable
    Block find(int offset, int codeSize) {
        Block block = buckets[offset >>> BUCKET_SHIFT];
        while (block != null && (((int) block.physical & (PAGE - 1)) != offset || block.codeSize != codeSize)) {
            block = block.next;
        }
        return block;
    }

    void add(Block block) {
        int offset = (int) block.physical & (PAGE - 1);
        int bucket = offset >>> BUCKET_SHIFT;
        block.next = buckets[bucket];
        buckets[bucket] = block;
        granules |= span(offset, Math.min(PAGE, offset + block.bytes));
    }

    void addSpilled(Block block) {
        block.nextSpilled = spilled;
        spilled = block;
        granules |= 1;
    }

    /** Takes out the blocks that overlap the bytes given and returns them, linked by {@link Block#next}. */
    @Nullable
    Block takeOverlapping(int from, int to) {
        Block taken = null;
        long rest = spilled == null ? 0 : 1;
        for (int bucket = 0; bucket < buckets.length; bucket++) {
            Block kept = null;
            Block block = buckets[bucket];
            while (block != null) {
                Block following = block.next;
                if (block.overlaps(from, to)) {
                    block.next = taken;
                    taken = block;
                } else {
                    block.next = kept;
                    kept = block;
                    int offset = (int) block.physical & (PAGE - 1);
                    rest |= span(offset, Math.min(PAGE, offset + block.bytes));
                }
                block = following;
            }
            buckets[bucket] = kept;
        }
        granules = rest;
        return taken;
    }

    /** Takes out the blocks that reach in from the page before as far as {@code from}; linked by nextSpilled. */
    @Nullable
    Block takeSpilled(int from) {
        Block taken = null;
        Block kept = null;
        Block block = spilled;
        while (block != null) {
            Block following = block.nextSpilled;
            int end = ((int) block.physical & (PAGE - 1)) + block.bytes - PAGE;
            if (end > from) {
                block.nextSpilled = taken;
                taken = block;
            } else {
                block.nextSpilled = kept;
                kept = block;
            }
            block = following;
        }
        spilled = kept;
        return taken;
    }

    /** Forgets that {@code block} reaches in here. */
    void removeSpilled(Block block) {
        Block kept = null;
        Block each = spilled;
        while (each != null) {
            Block following = each.nextSpilled;
            if (each != block) {
                each.nextSpilled = kept;
                kept = each;
            }
            each = following;
        }
        spilled = kept;
    }

    /** Takes out one block that starts here. */
    void remove(Block block) {
        int bucket = ((int) block.physical & (PAGE - 1)) >>> BUCKET_SHIFT;
        Block kept = null;
        Block each = buckets[bucket];
        while (each != null) {
            Block following = each.next;
            if (each != block) {
                each.next = kept;
                kept = each;
            }
            each = following;
        }
        buckets[bucket] = kept;
    }
}
