// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import java.io.IOException;

/** Whether a request lies within a disk; the check that every {@link DiskImage} makes first. */
public final class DiskRange {
    private DiskRange() {}

    /** Refuses a range that is not wholly on the disk. */
    public static void check(DiskImage disk, long position, long length) throws IOException {
        if (position < 0 || length < 0 || position > disk.size() - length) {
            throw new IOException("outside the medium: " + length + " bytes at " + position);
        }
    }

    /** As {@link #check}, and refuses any on a disk that is write-protected. */
    public static void checkWrite(DiskImage disk, long position, long length) throws IOException {
        if (disk.readOnly()) {
            throw new IOException("the image is read-only");
        }
        check(disk, position, length);
    }
}
