// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vhd;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.ByteStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** Which footer of a VHD file counts. */
final class Vhd {
    /** 2040 GiB: the table has 32 bits for a sector's number, and all ones mean none. */
    static final long LARGEST = 0xFF000000L * 512;

    private Vhd() {}

    static TerrariumException damaged(Path path, String what) {
        return new TerrariumException(path + " is damaged, " + what + ": use a copy of it");
    }

    /**
     * The copy at the beginning if it is sound, since a power cut may have left none at the end; else the one at the end,
     * which a fixed image has alone.
     */
    static VhdFooter footer(Path path, ByteStore store) throws TerrariumException, IOException {
        ByteBuffer head = ByteBuffer.allocate(VhdFooter.LENGTH);
        store.read(head, 0);
        if (VhdFooter.isSound(head)) {
            VhdFooter footer = VhdFooter.parse(path, head);
            if (footer.type() != VhdFooter.FIXED) {
                return footer;
            }
        }
        long end = store.size() - VhdFooter.LENGTH;
        ByteBuffer tail = ByteBuffer.allocate(VhdFooter.LENGTH);
        if (end >= 0) {
            store.read(tail, end);
        }
        if (!VhdFooter.isOne(tail.array(), 0) && !VhdFooter.isOne(head.array(), 0)) {
            throw new TerrariumException(path + " is not a VHD image: it has no footer");
        }
        if (!VhdFooter.isSound(tail)) {
            throw damaged(path, "the checksum of its footer is wrong");
        }
        return VhdFooter.parse(path, tail);
    }
}
