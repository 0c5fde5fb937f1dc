// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

import dev.terrarium.engine.device.StateCheck;
import java.util.Arrays;

/** One of a local APIC's 256-bit registers: a bit for each vector. */
final class VectorSet {
    static final int WORDS = 8;

    /** Vectors below this one cannot be sent. */
    static final int FIRST_LEGAL = 16;

    private final int[] words = new int[WORDS];

    boolean contains(int vector) {
        return (words[vector >> 5] & 1 << vector) != 0;
    }

    void set(int vector, boolean present) {
        if (present) {
            words[vector >> 5] |= 1 << vector;
        } else {
            words[vector >> 5] &= ~(1 << vector);
        }
    }

    /** The vector of highest priority, or -1. */
    int highest() {
        for (int i = WORDS - 1; i >= 0; i--) {
            if (words[i] != 0) {
                return 32 * i + 31 - Integer.numberOfLeadingZeros(words[i]);
            }
        }
        return -1;
    }

    int word(int index) {
        return words[index];
    }

    void clear() {
        Arrays.fill(words, 0);
    }

    int[] save() {
        return words.clone();
    }

    static void check(String name, int[] state) {
        StateCheck.length(name, state.length, WORDS);
        StateCheck.bits(name, state[0], -1 << FIRST_LEGAL);
    }

    void restore(int[] state) {
        System.arraycopy(state, 0, words, 0, WORDS);
    }
}
