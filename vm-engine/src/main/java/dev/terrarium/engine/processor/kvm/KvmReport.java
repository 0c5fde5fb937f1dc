// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import java.util.List;
import java.util.Locale;

/**
 * What the self-test found out about this host's KVM.
 *
 * @param grade whether machines can use it
 * @param reason why it is unusable, and what to do; empty otherwise
 * @param missing what it cannot do and the software processor has to
 * @param kernelRate million instructions a second in ring 0
 * @param userRate million instructions a second in ring 3
 * @param exitMicros microseconds of a port access's round trip
 * @param controllers whether the kernel's interrupt controllers can serve vCPUs; otherwise the board's own do
 */
public record KvmReport(
        Grade grade,
        String reason,
        List<String> missing,
        double kernelRate,
        double userRate,
        double exitMicros,
        boolean controllers) {

    /** How good a KVM is. */
    public enum Grade {
        /** It runs whole machines. */
        GOOD,
        /** The software processor has to run what it cannot. */
        USABLE_WITH_HELP,
        UNUSABLE
    }

    /** Below this, in million instructions a second, ring 0 is emulated and the software processor is faster. */
    private static final double SLOWEST_KERNEL_RATE = 100;

    public KvmReport {
        missing = List.copyOf(missing);
    }

    static KvmReport unusable(String reason) {
        return new KvmReport(Grade.UNUSABLE, reason, List.of(), 0, 0, 0, false);
    }

    /** Should a machine that does not say use it? It should where it is faster than the software processor in every ring. */
    public boolean automatic() {
        return grade == Grade.GOOD;
    }

    /** Does it execute ring 0, rather than emulate it? */
    public boolean executesKernel() {
        return executesKernel(kernelRate);
    }

    static boolean executesKernel(double kernelRate) {
        return kernelRate >= SLOWEST_KERNEL_RATE;
    }

    /** One line for a person. */
    public String verdict() {
        String measured = String.format(
                Locale.ROOT,
                "ring 0 %s, ring 3 %s million instructions a second, %.1f us an exit",
                rate(kernelRate),
                rate(userRate),
                exitMicros);
        return switch (grade) {
            case GOOD -> "good: " + measured;
            case USABLE_WITH_HELP ->
                "usable with help (" + String.join(", ", missing) + " are left to Terrarium's own processor): "
                        + measured;
            case UNUSABLE -> "unusable: " + reason;
        };
    }

    private static String rate(double rate) {
        return String.format(Locale.ROOT, rate < 10 ? "%.1f" : "%.0f", rate);
    }
}
