// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

/**
 * When a vCPU leaves KVM for the software processor. Progress is judged in windows of the time that the vCPU was busy; after
 * {@code patience} bad windows in a row it leaves. A window is bad if the software processor had to help for more than
 * {@code mostHelp} of it, or if the kernel emulated more than {@code mostEmulated} instructions a second that were no
 * accesses to devices.
 *
 * @param windowNanos length of a window
 * @param patience bad windows in a row that are too many; {@link Integer#MAX_VALUE} for never
 * @param mostHelp share of the time, 0 to 1
 * @param mostEmulated instructions a second
 */
public record MovePolicy(long windowNanos, int patience, double mostHelp, long mostEmulated) {
    /**
     * Measured on a nested KVM that emulates all of ring 0: 0.84 us an instruction, so 1.2 million a second; hardware that
     * executes ring 0 emulates only what touches devices. The software processor's interpreter alone does 30 million and
     * more, so that a second of this is enough.
     */
    public static final MovePolicy USUAL = new MovePolicy(250_000_000L, 4, 0.5, 300_000);

    /** For tests and measurements: whatever happens, KVM goes on. */
    public static final MovePolicy NEVER = new MovePolicy(250_000_000L, Integer.MAX_VALUE, 1, Long.MAX_VALUE);
}
