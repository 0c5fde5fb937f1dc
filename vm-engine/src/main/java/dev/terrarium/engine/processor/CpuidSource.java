// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor;

/** Whoever answers CPUID (Intel SDM volume 2, CPUID). */
@FunctionalInterface
public interface CpuidSource {
    /**
     * EAX, EBX, ECX, EDX for a leaf; zeros for one that does not exist.
     *
     * @param subleaf ECX, for the leaves that have several
     */
    int[] leaf(int leaf, int subleaf);
}
