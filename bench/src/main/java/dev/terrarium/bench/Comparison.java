// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

/**
 * One row's outcome.
 *
 * @param cpuBound does it count in the geometric mean?
 * @param oursSeconds Terrarium's median
 * @param theirsSeconds the peer's median
 * @param target the largest ratio that passes
 * @param problem why there are no figures, in one line; empty if there are
 */
record Comparison(
        String title, boolean cpuBound, double oursSeconds, double theirsSeconds, double target, String problem) {
    static Comparison of(String title, boolean cpuBound, double ours, double theirs, double target) {
        return new Comparison(title, cpuBound, ours, theirs, target, "");
    }

    static Comparison failed(String title, boolean cpuBound, double target, String problem) {
        return new Comparison(title, cpuBound, 0, 0, target, problem);
    }

    boolean broken() {
        return !problem.isEmpty();
    }

    /** Terrarium's time for each second of the peer's. */
    double ratio() {
        return oursSeconds / theirsSeconds;
    }

    boolean passes() {
        return !broken() && ratio() <= target;
    }
}
