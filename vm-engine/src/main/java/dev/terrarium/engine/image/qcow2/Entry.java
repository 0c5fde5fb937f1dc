// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

/**
 * What an L2 entry says of a cluster (specification, cluster mapping and extended L2 entries). Without extended entries a
 * cluster is one subcluster.
 *
 * @param compressed whether {@code host} is a compressed cluster's descriptor; then the rest is zero
 * @param placed whether there is a host cluster
 * @param host its offset
 * @param copied whether it may be written in place
 * @param allocated a bit for each subcluster whose bytes are in the host cluster
 * @param zero a bit for each subcluster that reads as zeros
 */
record Entry(boolean compressed, boolean placed, long host, boolean copied, int allocated, int zero) {
    static final Entry UNALLOCATED = new Entry(false, false, 0, false, 0, 0);

    static final long COPIED = 1L << 63;
    private static final long COMPRESSED = 1L << 62;
    private static final long ZERO = 1;
    static final long OFFSET_MASK = 0x00FF_FFFF_FFFF_FE00L;
    private static final long RESERVED = 0x3F00_0000_0000_01FEL;

    static Entry normal(Geometry geometry, long host) {
        return new Entry(false, true, host, true, geometry.allSubclusters(), 0);
    }

    static Entry zero(Geometry geometry) {
        return new Entry(false, false, 0, false, 0, geometry.allSubclusters());
    }

    static Entry compressed(long descriptor) {
        return new Entry(true, false, descriptor, false, 0, 0);
    }

    /** Entry {@code index} of a table. */
    static Entry read(Geometry geometry, Table table, int index) {
        long first = table.getLong(index * geometry.entrySize());
        if (geometry.extended()) {
            return decode(geometry, first, table.getLong(index * geometry.entrySize() + 8));
        }
        return decode(geometry, first, 0);
    }

    static Entry decode(Geometry geometry, long first, long bitmap) {
        if ((first & COMPRESSED) != 0) {
            return compressed(first & ~(COPIED | COMPRESSED));
        }
        long host = first & OFFSET_MASK;
        boolean copied = first < 0;
        boolean placed = host != 0 || geometry.external() && copied;
        if (geometry.extended()) {
            int zero = (int) (bitmap >>> 32);
            return new Entry(false, placed, host, copied, placed ? (int) bitmap : 0, zero);
        }
        boolean zero = geometry.version() >= 3 && (first & ZERO) != 0;
        return new Entry(false, placed, host, copied, placed && !zero ? 1 : 0, zero ? 1 : 0);
    }

    /** What is wrong with an entry as it stands in a table; empty if nothing is. */
    static String problem(Geometry geometry, long first, long bitmap) {
        if ((first & COMPRESSED) != 0) {
            return geometry.external() ? "compressed beside an external data file" : "";
        }
        long host = first & OFFSET_MASK;
        if (!geometry.aligned(host)) {
            return "offset 0x" + Long.toHexString(host) + " is not aligned";
        }
        if ((first & RESERVED) != 0) {
            return "reserved bits are set";
        }
        if (geometry.extended()) {
            if ((bitmap & bitmap >>> 32 & 0xFFFF_FFFFL) != 0) {
                return "subclusters are both allocated and zero";
            }
            if ((int) bitmap != 0 && host == 0 && !geometry.external()) {
                return "subclusters are allocated without a cluster";
            }
        }
        return "";
    }

    void write(Geometry geometry, Table table, int index) {
        long first;
        if (compressed) {
            first = host | COMPRESSED;
        } else {
            first = (placed ? host : 0) | (placed && copied ? COPIED : 0);
            if (!geometry.extended() && zero != 0) {
                first |= ZERO;
            }
        }
        int at = index * geometry.entrySize();
        table.putLong(at, first);
        if (geometry.extended()) {
            table.putLong(at + 8, compressed ? 0 : allocated & 0xFFFF_FFFFL | (long) zero << 32);
        }
    }

    /** Offset in the file of compressed bytes. */
    long compressedOffset(Geometry geometry) {
        return host & (1L << geometry.compressedShift()) - 1;
    }

    /** Bytes from there to the end of the last sector they may take. */
    int compressedLength(Geometry geometry) {
        int sectors = (int) (host >>> geometry.compressedShift()) + 1;
        return sectors * Geometry.SECTOR - (int) (compressedOffset(geometry) % Geometry.SECTOR);
    }

    static Entry compressedAt(Geometry geometry, long offset, int length) {
        long sectors = (offset + length - 1) / Geometry.SECTOR - offset / Geometry.SECTOR;
        return compressed(offset | sectors << geometry.compressedShift());
    }

    /** How a subcluster reads. */
    Kind kind(int subcluster) {
        if (compressed) {
            return Kind.COMPRESSED;
        }
        if ((allocated >>> subcluster & 1) != 0) {
            return Kind.STORED;
        }
        return (zero >>> subcluster & 1) != 0 ? Kind.ZERO : Kind.ABSENT;
    }

    /** Where bytes come from. */
    enum Kind {
        /** From the backing image, or zeros. */
        ABSENT,
        ZERO,
        STORED,
        COMPRESSED
    }
}
