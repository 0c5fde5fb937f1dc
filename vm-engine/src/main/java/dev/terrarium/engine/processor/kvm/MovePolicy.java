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
     * Where ring 0 runs on the hardware: only a guest that lives in what KVM emulates comes to a second of bad windows.
     * Hardware emulates what touches devices, and those accesses do not count.
     */
    public static final MovePolicy USUAL = new MovePolicy(250_000_000L, 4, 0.5, 300_000);

    /**
     * Where the self-test found ring 0 emulated: 0.84 us an instruction were measured, 1.2 million a second, against 30 million
     * and more of the software processor's interpreter alone; and such an emulator gets things wrong without saying so
     * (32-bit paging, call gates, virtual-8086 mode). The first window decides, while firmware still runs.
     */
    public static final MovePolicy EMULATED = new MovePolicy(250_000_000L, 1, 0.5, 300_000);

    /** For tests and measurements: whatever happens, KVM goes on. */
    public static final MovePolicy NEVER = new MovePolicy(250_000_000L, Integer.MAX_VALUE, 1, Long.MAX_VALUE);
}
