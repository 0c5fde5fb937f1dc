// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/**
 * Guest code compiled to one JVM method: blocks that run together, with the jumps among them as plain jumps. A region
 * knows its code by distance from a base, so that it serves wherever its pages are mapped side by side; what it was made
 * of are the bytes of those pages, and a write to them retires it. Subclasses are hidden and made by {@link RegionWriter}.
 */
abstract class Region {
    /** Left for {@link Cpu#rip}. */
    static final int LEFT = 0;

    /** Left at {@link Cpu#rip}, before an instruction that the interpreter has to execute. */
    static final int INTERPRET = 1;

    private RegionPlan plan = RegionPlan.NONE;

    @SuppressWarnings("NullAway.Init") // complete() comes before run()
    private Interpreter interpreter;

    /** The places that may fault or are executed by the interpreter's units, as the generated code numbers them. */
    private RegionPlan.Site[] sites = new RegionPlan.Site[0];

    private boolean retired;

    /** The code relies on SSE being enabled: see {@link Cpu#sseEnabled}. */
    boolean usesSimd;

    /** Until this is over the interpreter is faster. */
    final WarmUp warmUp = new WarmUp();

    private long checkedContext = Block.NO_CONTEXT;
    private long checkedBase;

    /**
     * Executes from an entry until something is to be done elsewhere.
     *
     * @param base the linear address the plan's distances count from
     * @param entry the number of the entry
     * @return how it ended: {@link #LEFT} or {@link #INTERPRET}
     * @throws GuestFault an exception at the site that {@link Mmu#stopSite} names; the registers are in the vCPU, the
     *     flags as {@link Cpu#savedFlagKind} says
     */
    abstract int run(Cpu cpu, Mmu mmu, long base, int entry);

    final void complete(RegionPlan itsPlan, RegionPlan.Site[] itsSites, Interpreter itsInterpreter) {
        plan = itsPlan;
        usesSimd = itsPlan.usesSimd();
        sites = itsSites;
        interpreter = itsInterpreter;
    }

    final RegionPlan plan() {
        return plan;
    }

    final RegionPlan.Site site(int number) {
        return sites[number];
    }

    /** Called by generated code: has the interpreter's units execute one instruction on the vCPU's own registers. */
    final void callOut(int site, long base, Mmu mmu, int executed) {
        RegionPlan.Site place = sites[site];
        mmu.stoppedAt(site, executed);
        interpreter.callOut(place.instruction(), base + place.blockDelta());
    }

    /** Are the region's pages mapped side by side from {@code base}, in the present translations? */
    final boolean isMapped(long base, long context, BlockCache blocks) {
        if (plan.pages().length == 1) {
            return true;
        }
        if (checkedContext == context && checkedBase == base) {
            return true;
        }
        for (RegionPlan.Page page : plan.pages()) {
            if (!blocks.isMapped(base + page.delta(), page.physical(), context)) {
                return false;
            }
        }
        checkedContext = context;
        checkedBase = base;
        return true;
    }

    /** Makes the region what its entries' blocks execute, unless a block has been written to since it was planned. */
    final void install() {
        for (RegionPlan.Piece piece : plan.pieces()) {
            if (piece.block().retired()) {
                return;
            }
        }
        for (RegionPlan.Piece piece : plan.pieces()) {
            Block block = piece.block();
            block.compiledInto(this);
            if (piece.entry() >= 0 && (piece == plan.pieces()[0] || block.region == null)) {
                block.runBy(this, piece.entry(), piece.delta());
            }
        }
    }

    /** Takes the region out of use. */
    final void retire() {
        if (retired) {
            return;
        }
        retired = true;
        for (RegionPlan.Piece piece : plan.pieces()) {
            Block block = piece.block();
            block.leftBy(this);
            if (block.region == this) {
                block.runBy(null, 0, 0);
                block.heat = 0;
            }
        }
    }
}
