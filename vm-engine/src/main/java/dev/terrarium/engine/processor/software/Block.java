// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decoded instructions that follow each other in one page of memory, from an entry point to the first transfer of
 * control. A block belongs to a physical address and a code size; {@link #linear} and {@link #context} say where and in
 * which translations it was last found to be mapped, and make it valid as another block's successor.
 */
final class Block {
    /** No block has this context while it can be executed. */
    static final long NO_CONTEXT = -1;

    private static final int MOST_JUMPS = 32;
    private static final long[] NO_JUMPS = {};

    /** In place of a successor that is not known. */
    static final Block NONE = new Block(0, 2, new Instruction[0], 0);

    private static final Instruction STALE = stale();

    /** The physical address of the first byte. */
    final long physical;

    /** 2, 4 or 8. */
    final int codeSize;

    /** Length in bytes. */
    final int bytes;

    /** What to execute; the last is a transfer of control or {@link Op#END_OF_BLOCK}. */
    final Instruction[] code;

    private Instruction[] original;

    long linear;
    long context = NO_CONTEXT;

    /** Successors when the last instruction jumps and when it does not: guesses, to be checked, at first itself. */
    Block taken = this;

    Block fallThrough = this;

    /** The next block of the same hash bucket in its page. */
    @Nullable
    Block next;

    /** The physical address of the second page, if the (one) instruction reaches into it; else -1. */
    long secondPage = -1;

    /** The next block that reaches into the same second page. */
    @Nullable
    Block nextSpilled;

    /** How often the interpreter executed the block since it was decoded. */
    int heat;

    /** Where an indirect jump at the block's end was seen to go: distances from the block's linear address. */
    private long @Nullable [] jumpDistances;

    /** What executes this block faster, at its entry {@link #regionEntry}. */
    @Nullable
    Region region;

    /** The context in which {@link #region} can be run at {@link #linear} without further questions but for SSE's. */
    long readyContext = NO_CONTEXT;

    /** Of {@link #region}: see there. */
    boolean usesSimd;

    int regionEntry;

    /** The block's distance from the region's base. */
    int regionDelta;

    /** The regions that contain the block's code. */
    private @Nullable List<Region> users;

    Block(long physical, int codeSize, Instruction[] code, int bytes) {
        this.physical = physical;
        this.codeSize = codeSize;
        this.code = code;
        this.original = code;
        this.bytes = bytes;
    }

    private static Instruction stale() {
        Instruction instruction = new Instruction();
        instruction.op = Op.STALE;
        return instruction;
    }

    /** The instruction at {@code index}, even if a write has hit the block since. */
    Instruction instruction(int index) {
        return original[index];
    }

    /** Where in the block the instruction at {@code index} starts, even if a write has hit the block since. */
    int offset(int index) {
        Instruction instruction = original[index];
        return instruction.end - instruction.length;
    }

    /** The block's indirect jump went to {@code distance} bytes from the block. */
    void sawJump(long distance) {
        long[] seen = jumpDistances == null ? new long[0] : jumpDistances;
        if (seen.length == MOST_JUMPS) {
            return;
        }
        for (long each : seen) {
            if (each == distance) {
                return;
            }
        }
        jumpDistances = Arrays.copyOf(seen, seen.length + 1);
        jumpDistances[seen.length] = distance;
    }

    /** The distances of {@link #sawJump}; not to be changed. */
    long[] jumpDistances() {
        return jumpDistances == null ? NO_JUMPS : jumpDistances;
    }

    void runBy(@Nullable Region itsRegion, int entry, int delta) {
        region = itsRegion;
        regionEntry = entry;
        regionDelta = delta;
        usesSimd = itsRegion != null && itsRegion.usesSimd;
        readyContext = NO_CONTEXT;
    }

    /** Is the block's code in a region that has yet to show that it is fast? */
    boolean isWarmingUp() {
        if (users != null) {
            for (Region user : users) {
                if (!user.warmUp.over()) {
                    return true;
                }
            }
        }
        return false;
    }

    /** {@code user} is out of use. */
    void leftBy(Region user) {
        if (users != null) {
            users.remove(user);
        }
    }

    void compiledInto(Region user) {
        if (users == null) {
            users = new ArrayList<>(1);
        }
        users.add(user);
    }

    /** How many instructions there are. */
    int count() {
        return code[code.length - 1].op == Op.END_OF_BLOCK ? code.length - 1 : code.length;
    }

    /** The first {@code count} instructions, fewer than there are, as a block that is not kept. */
    Block first(int count) {
        Instruction end = new Instruction();
        end.op = Op.END_OF_BLOCK;
        end.end = offset(count);
        Instruction[] some = Arrays.copyOf(code, count + 1);
        some[count] = end;
        return new Block(physical, codeSize, some, end.end);
    }

    boolean retired() {
        return original != code;
    }

    /** The instructions, as they stay even if a write hits the block. */
    Instruction[] instructions() {
        return code.clone();
    }

    /**
     * Takes the block out of use. If it is being executed, execution stops before the next instruction: that costs a
     * running block nothing.
     */
    void retire() {
        context = NO_CONTEXT;
        readyContext = NO_CONTEXT;
        taken = NONE;
        fallThrough = NONE;
        if (users != null) {
            List<Region> gone = users;
            users = null;
            gone.forEach(Region::retire);
        }
        if (original == code) {
            original = code.clone();
            Arrays.fill(code, STALE);
        }
    }

    boolean overlaps(int from, int to) {
        int start = (int) physical & 4095;
        return start < to && start + bytes > from;
    }
}
