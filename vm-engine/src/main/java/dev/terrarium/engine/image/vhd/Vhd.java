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
     * A footer that is sound.
     *
     * @param bytes all 512
     * @param atBeginning whether the file's first 512 bytes are a sound one too, which only fixed images can do without
     */
    record Found(VhdFooter footer, ByteBuffer bytes, boolean atBeginning) {}

    /**
     * The footer at the end if it is sound: of a fixed image a guest can write the first sector. Else the copy at the
     * beginning, since a power cut may have left none at the end.
     */
    static Found footer(Path path, ByteStore store) throws TerrariumException, IOException {
        ByteBuffer head = sector(store, 0);
        ByteBuffer tail = sector(store, store.size() - VhdFooter.LENGTH);
        boolean atBeginning = VhdFooter.isSound(head);
        if (VhdFooter.isSound(tail)) {
            return new Found(VhdFooter.parse(path, tail), tail, atBeginning);
        }
        if (!VhdFooter.isOne(tail.array(), 0) && !VhdFooter.isOne(head.array(), 0)) {
            throw new TerrariumException(path + " is not a VHD image: it has no footer");
        }
        if (!atBeginning) {
            throw damaged(path, "the checksum of its footer is wrong");
        }
        return new Found(VhdFooter.parse(path, head), head, true);
    }

    private static ByteBuffer sector(ByteStore store, long at) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(VhdFooter.LENGTH);
        if (at >= 0) {
            store.read(bytes, at);
        }
        return bytes.clear();
    }
}
