// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

/** The sizes that everything in one image follows from. */
record Geometry(int version, int clusterBits, int refcountOrder, boolean extended, boolean external) {
    static final int SECTOR = 512;
    static final int SMALLEST_CLUSTER_BITS = 9;
    static final int LARGEST_CLUSTER_BITS = 21;

    /** Extended L2 entries need clusters of 16 KiB at least (specification, header, cluster_bits). */
    static final int SMALLEST_EXTENDED_CLUSTER_BITS = 14;

    /** The limits of QEMU's implementation, which keep hostile images from taking the host's memory. */
    static final int LARGEST_L1_BYTES = 32 << 20;

    static final int LARGEST_REFCOUNT_TABLE_BYTES = 8 << 20;

    int clusterSize() {
        return 1 << clusterBits;
    }

    /** Bytes of an L2 entry. */
    int entrySize() {
        return extended ? 16 : 8;
    }

    int entriesPerTable() {
        return clusterSize() / entrySize();
    }

    /** Bytes of the guest's disk that one L2 table describes. */
    long bytesPerTable() {
        return (long) entriesPerTable() << clusterBits;
    }

    int subclusters() {
        return extended ? 32 : 1;
    }

    int subclusterSize() {
        return clusterSize() / subclusters();
    }

    /** A bit for each subcluster. */
    int allSubclusters() {
        return extended ? -1 : 1;
    }

    int refcountBits() {
        return 1 << refcountOrder;
    }

    /** Clusters whose refcounts one refcount block holds. */
    int refcountsPerBlock() {
        return clusterSize() * 8 >> refcountOrder;
    }

    /** The largest refcount that fits, as far as a long can say. */
    long largestRefcount() {
        return refcountOrder == 6 ? Long.MAX_VALUE : (1L << refcountBits()) - 1;
    }

    long clusters(long bytes) {
        return (bytes + clusterSize() - 1) >>> clusterBits;
    }

    long offset(long cluster) {
        return cluster << clusterBits;
    }

    /** L1 entries that a disk of a size takes. */
    long tablesFor(long size) {
        long per = bytesPerTable();
        return size / per + (size % per == 0 ? 0 : 1);
    }

    boolean aligned(long offset) {
        return (offset & (clusterSize() - 1)) == 0;
    }

    /** Where in a compressed cluster's descriptor the count of sectors begins (specification, compressed clusters). */
    int compressedShift() {
        return 62 - (clusterBits - 8);
    }
}
