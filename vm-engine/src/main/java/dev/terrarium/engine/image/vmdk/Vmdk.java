// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vmdk;

import dev.terrarium.engine.TerrariumException;
import java.nio.file.Path;

/** What all parts of the format have in common. */
final class Vmdk {
    static final int SECTOR = 512;

    /** Bytes of a grain of images made here. */
    static final int GRAIN = 1 << 16;

    /** Entries of a grain table. */
    static final int TABLE_ENTRIES = 512;

    private Vmdk() {}

    static TerrariumException damaged(Path path, String what) {
        return new TerrariumException(path + " is damaged, " + what + ": use a copy of it");
    }

    static long roundUp(long value, long to) {
        return (value + to - 1) / to * to;
    }
}
