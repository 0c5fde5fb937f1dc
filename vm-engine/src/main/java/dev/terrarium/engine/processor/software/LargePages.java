// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.util.Arrays;

/**
 * Remembers, by hash, which large pages the TLB, whose entries are 4 KiB, holds parts of: INVLPG of one address in a large
 * page forgets the whole page (Intel SDM volume 3, section 4.10.4.1). May say yes too often, never no.
 */
final class LargePages {
    private static final int SMALL = 12;
    private static final int MEDIUM = 21;
    private static final int FOUR_MEBIBYTES = 22;
    private static final int HUGE = 30;
    private static final int BITS = 1024;

    private final long[] medium = new long[BITS / 64];
    private final long[] huge = new long[BITS / 64];
    private boolean any;

    /** A translation of a page of {@code 1 << shift} bytes went into the TLB. */
    void entered(long linear, int shift) {
        if (shift > SMALL) {
            any = true;
            if (shift == HUGE) {
                set(huge, linear >>> HUGE);
            } else {
                // A page of 4 MiB is two of 2 MiB.
                long first = linear >>> shift << (shift - MEDIUM);
                set(medium, first);
                set(medium, first + (1L << (shift - MEDIUM)) - 1);
            }
        }
    }

    private static void set(long[] bits, long page) {
        int bit = (int) page & (BITS - 1);
        bits[bit >>> 6] |= 1L << bit;
    }

    private static boolean has(long[] bits, long page) {
        int bit = (int) page & (BITS - 1);
        return (bits[bit >>> 6] & 1L << bit) != 0;
    }

    /**
     * The binary logarithm of the aligned range around {@code linear} which contains the whole of the large page that may
     * be there: 30 or 22; 12 if there is none.
     */
    int shiftAt(long linear) {
        if (!any) {
            return SMALL;
        }
        return has(huge, linear >>> HUGE) ? HUGE : has(medium, linear >>> MEDIUM) ? FOUR_MEBIBYTES : SMALL;
    }

    void clear() {
        if (any) {
            any = false;
            Arrays.fill(medium, 0);
            Arrays.fill(huge, 0);
        }
    }
}
