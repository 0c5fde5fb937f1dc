// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import java.util.Arrays;

/** Numbers of clusters, in the order in which they were added; one that occurs twice counts twice. */
final class ClusterList {
    private long[] clusters = new long[16];
    private int size;

    void add(long cluster) {
        if (size == clusters.length) {
            clusters = Arrays.copyOf(clusters, size * 2);
        }
        clusters[size++] = cluster;
    }

    void addAll(ClusterList others) {
        for (int i = 0; i < others.size; i++) {
            add(others.clusters[i]);
        }
    }

    int size() {
        return size;
    }

    boolean isEmpty() {
        return size == 0;
    }

    long[] sorted() {
        long[] sorted = Arrays.copyOf(clusters, size);
        Arrays.sort(sorted);
        return sorted;
    }
}
