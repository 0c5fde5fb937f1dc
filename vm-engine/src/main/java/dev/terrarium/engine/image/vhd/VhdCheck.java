// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vhd;

import dev.terrarium.engine.image.ByteStore;
import dev.terrarium.engine.image.block.Places;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * What a dynamic VHD's table says, looked through as a whole.
 *
 * @param end behind the last block
 * @param errors entries that cannot be right, at most a hundred
 */
record VhdCheck(long end, List<String> errors) {
    private static final int MOST_ERRORS = 100;
    private static final int CHUNK = 1 << 18;

    static VhdCheck of(ByteStore store, VhdFooter footer, VhdHeader header) throws IOException {
        Places places = new Places(header.bitmapLength() + (long) header.blockSize());
        List<String> errors = new ArrayList<>();
        long size = store.size();
        for (long first = 0; first < header.entries() && errors.size() < MOST_ERRORS; first += CHUNK) {
            int count = (int) Math.min(CHUNK, header.entries() - first);
            ByteBuffer bytes = ByteBuffer.allocate(count * 4);
            store.read(bytes, header.tableOffset() + first * 4);
            for (int i = 0; i < count && errors.size() < MOST_ERRORS; i++) {
                int sector = bytes.getInt(i * 4);
                if (sector == VhdMap.UNUSED) {
                    continue;
                }
                long place = Integer.toUnsignedLong(sector) * 512;
                if (place < header.dataStart(footer) || place >= size) {
                    errors.add("block " + (first + i) + " stands outside of the file's data");
                } else {
                    places.add(place);
                }
            }
        }
        OptionalLong overlap = places.overlap();
        if (overlap.isPresent()) {
            errors.add("two blocks share byte " + overlap.getAsLong());
        }
        return new VhdCheck(places.end(), errors);
    }
}
