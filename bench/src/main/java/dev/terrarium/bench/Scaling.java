// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

/**
 * What more vCPUs bring in one row: the throughput of as many copies at once, in throughputs of one.
 *
 * @param ours Terrarium's
 * @param theirs the peer's
 * @param problem why there are no figures, in one line; empty if there are
 */
record Scaling(String title, double ours, double theirs, String problem) {
    /** For two vCPUs on two host cores (issue 3). */
    static final double TARGET = 1.8;

    /** Throughput of {@code copies} at once in {@code together} seconds when one takes {@code alone} seconds. */
    static double of(int copies, double alone, double together) {
        return copies * alone / together;
    }

    boolean broken() {
        return !problem.isEmpty();
    }

    boolean passes() {
        return !broken() && ours >= TARGET;
    }
}
