// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vdi;

import dev.terrarium.engine.image.ByteStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * What a VDI's map says, looked through as a whole.
 *
 * @param used which of the file's blocks have an entry
 * @param errors entries that cannot be right, at most a hundred
 */
record VdiCheck(BitSet used, List<String> errors) {
    private static final int MOST_ERRORS = 100;
    private static final int CHUNK = 1 << 18;

    static VdiCheck of(ByteStore store, VdiHeader header) throws IOException {
        BitSet used = new BitSet();
        List<String> errors = new ArrayList<>();
        long entries = header.blocks();
        long size = store.size();
        for (long first = 0; first < entries && errors.size() < MOST_ERRORS; first += CHUNK) {
            int count = (int) Math.min(CHUNK, entries - first);
            ByteBuffer bytes = ByteBuffer.allocate(count * 4).order(ByteOrder.LITTLE_ENDIAN);
            store.read(bytes, header.mapOffset() + first * 4);
            for (int i = 0; i < count && errors.size() < MOST_ERRORS; i++) {
                int entry = bytes.getInt(i * 4);
                if (entry == VdiMap.UNALLOCATED || entry == VdiMap.DISCARDED) {
                    continue;
                }
                if (Integer.compareUnsigned(entry, header.blocks()) >= 0 || header.place(entry) >= size) {
                    errors.add("block " + (first + i) + " stands outside of the file");
                } else if (used.get(entry)) {
                    errors.add("block " + (first + i) + " stands where another one does");
                } else {
                    used.set(entry);
                }
            }
        }
        return new VdiCheck(used, errors);
    }
}
