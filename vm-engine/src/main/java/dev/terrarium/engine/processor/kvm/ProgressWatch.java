// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import java.util.Locale;
import java.util.Optional;
import java.util.function.LongSupplier;

/** Judges by a {@link MovePolicy} whether a vCPU makes progress under KVM. For the vCPU's thread. */
final class ProgressWatch {
    private static final double NANOS = 1e9;

    private final MovePolicy policy;
    private final LongSupplier emulatedInstructions;
    private long busyBefore;
    private long helpBefore;
    private long emulatedBefore;
    private long exitsBefore;
    private int bad;

    /** @param emulatedInstructions how many the kernel emulated since the vCPU was made */
    ProgressWatch(MovePolicy policy, LongSupplier emulatedInstructions) {
        this.policy = policy;
        this.emulatedInstructions = emulatedInstructions;
    }

    /**
     * Takes a look.
     *
     * @param busyNanos time the vCPU was not halted, since it was made
     * @param helpNanos the part of it in which the software processor helped
     * @param exits accesses to devices, which KVM may count as emulated instructions
     * @return why the vCPU should move, in words for the log; empty if it should not
     */
    Optional<String> judge(long busyNanos, long helpNanos, long exits) {
        long busy = busyNanos - busyBefore;
        if (busy < policy.windowNanos()) {
            return Optional.empty();
        }
        long emulated = emulatedInstructions.getAsLong();
        double rate = Math.max(0, emulated - emulatedBefore - (exits - exitsBefore)) * NANOS / busy;
        double help = (double) (helpNanos - helpBefore) / busy;
        busyBefore = busyNanos;
        helpBefore = helpNanos;
        emulatedBefore = emulated;
        exitsBefore = exits;
        bad = rate > policy.mostEmulated() || help > policy.mostHelp() ? bad + 1 : 0;
        return bad < policy.patience() ? Optional.empty() : Optional.of(reason(rate, help));
    }

    private String reason(double rate, double help) {
        return rate > policy.mostEmulated()
                ? String.format(
                        Locale.ROOT,
                        "this host's KVM emulates code instead of executing it (%.1f million instructions a second)",
                        rate / 1e6)
                : String.format(Locale.ROOT, "KVM needed help for %.0f %% of the time", help * 100);
    }
}
