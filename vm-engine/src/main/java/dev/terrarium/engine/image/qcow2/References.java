// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import java.util.Map;
import java.util.TreeMap;

/** How often each cluster was found in tables; takes memory for those that were. */
final class References {
    private static final int PAGE = 1 << 12;

    private final TreeMap<Long, int[]> pages = new TreeMap<>();

    void add(long cluster) {
        int[] page = pages.computeIfAbsent(cluster / PAGE, number -> new int[PAGE]);
        int at = (int) (cluster % PAGE);
        if (page[at] < Integer.MAX_VALUE) {
            page[at]++;
        }
    }

    int get(long cluster) {
        int[] page = pages.get(cluster / PAGE);
        return page == null ? 0 : page[(int) (cluster % PAGE)];
    }

    /** The first cluster at or after one that was found, or -1. */
    long next(long cluster) {
        long at = cluster;
        for (Map.Entry<Long, int[]> each : pages.tailMap(cluster / PAGE, true).entrySet()) {
            long start = each.getKey() * PAGE;
            for (int i = (int) Math.max(0, at - start); i < PAGE; i++) {
                if (each.getValue()[i] != 0) {
                    return start + i;
                }
            }
        }
        return -1;
    }

    /** The first cluster after all that were found. */
    long end() {
        Map.Entry<Long, int[]> last = pages.lastEntry();
        if (last == null) {
            return 0;
        }
        int at = PAGE;
        while (last.getValue()[at - 1] == 0) {
            at--;
        }
        return last.getKey() * PAGE + at;
    }
}
