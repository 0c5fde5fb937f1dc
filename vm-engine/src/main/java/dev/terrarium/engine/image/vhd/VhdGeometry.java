// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vhd;

/** Cylinders, heads and sectors a track, as an ATA disk of a size tells them (VHD specification, appendix "CHS Calculation"). */
record VhdGeometry(int cylinders, int heads, int sectors) {
    /** The largest that there is: the disk's size is then found elsewhere. */
    static final VhdGeometry LARGEST = new VhdGeometry(65535, 16, 255);

    long total() {
        return (long) cylinders * heads * sectors;
    }

    /** The geometry for a disk; it has at most as many sectors. */
    static VhdGeometry of(long total) {
        long count = Math.min(total, LARGEST.total());
        if (count >= 65535L * 16 * 63) {
            return split(count, 16, 255);
        }
        long tracks = count / 17;
        int heads = Math.max(4, (int) ((tracks + 1023) / 1024));
        if (tracks < heads * 1024L && heads <= 16) {
            return split(count, heads, 17);
        }
        VhdGeometry middle = split(count, 16, 31);
        return count / 31 >= 16 * 1024 ? split(count, 16, 63) : middle;
    }

    private static VhdGeometry split(long count, int heads, int sectors) {
        return new VhdGeometry((int) (count / sectors / heads), heads, sectors);
    }

    /** The smallest geometry that holds as many sectors, if there is one. */
    static VhdGeometry atLeast(long total) {
        if (total > LARGEST.total()) {
            return LARGEST;
        }
        long more = total;
        VhdGeometry geometry = of(more);
        while (geometry.total() < total) {
            geometry = of(++more);
        }
        return geometry;
    }
}
