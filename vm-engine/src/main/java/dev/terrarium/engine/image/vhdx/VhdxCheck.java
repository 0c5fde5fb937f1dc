// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vhdx;

import dev.terrarium.engine.image.ByteStore;
import dev.terrarium.engine.image.block.Places;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * What a VHDX's table says, looked through as a whole.
 *
 * @param end behind the last block and all else
 * @param errors entries that cannot be right, at most a hundred
 */
record VhdxCheck(long end, List<String> errors) {
    private static final int MOST_ERRORS = 100;
    private static final int CHUNK = 1 << 17;

    static VhdxCheck of(ByteStore store, VhdxHeader header, VhdxRegions regions, VhdxMetadata metadata)
            throws IOException {
        Places places = new Places(metadata.blockSize());
        List<String> errors = new ArrayList<>();
        List<VhdxRegions.Region> taken = List.of(
                new VhdxRegions.Region(0, Vhdx.MIB),
                new VhdxRegions.Region(header.logOffset(), header.logLength()),
                regions.table(),
                regions.metadata());
        long entries = metadata.entries();
        long ratio = metadata.chunkRatio() + 1;
        long size = store.size();
        for (long first = 0; first < entries && errors.size() < MOST_ERRORS; first += CHUNK) {
            // What was never written has no blocks.
            long data = (store.nextData(regions.table().offset() + first * 8)
                            - regions.table().offset())
                    / 8;
            first = Math.max(first, data / CHUNK * CHUNK);
            if (first >= entries) {
                break;
            }
            int count = (int) Math.min(CHUNK, entries - first);
            ByteBuffer bytes = ByteBuffer.allocate(count * 8).order(ByteOrder.LITTLE_ENDIAN);
            store.read(bytes, regions.table().offset() + first * 8);
            for (int i = 0; i < count && errors.size() < MOST_ERRORS; i++) {
                long entry = bytes.getLong(i * 8);
                int state = VhdxMap.state(entry);
                // Every entry behind a chunk's blocks is for their bitmap, which an image without a parent has not.
                boolean bitmap = (first + i) % ratio == ratio - 1;
                if (bitmap ? state != 0 : state > VhdxMap.UNMAPPED && state != VhdxMap.PRESENT) {
                    errors.add("entry " + (first + i) + " of the table has the state " + state);
                } else if (!bitmap && state == VhdxMap.PRESENT) {
                    long place = VhdxMap.place(entry);
                    boolean outside = place < 0 || place >= size;
                    if (outside || taken.stream().anyMatch(region -> region.overlaps(place, metadata.blockSize()))) {
                        errors.add("entry " + (first + i) + " of the table points outside of the file's data");
                    } else {
                        places.add(place);
                    }
                }
            }
        }
        OptionalLong overlap = places.overlap();
        if (overlap.isPresent()) {
            errors.add("two blocks share byte " + overlap.getAsLong());
        }
        long end = places.end();
        for (VhdxRegions.Region region : taken) {
            end = Math.max(end, region.offset() + region.length());
        }
        return new VhdxCheck(end, errors);
    }
}
