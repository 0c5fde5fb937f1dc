// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.state;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * The first page of a memory file, little-endian: the prefix, the ids of machine and state (16 bytes each), the number of
 * blocks (4), the size of each in bytes (8), the checksum of the table (4), zeros, and in the last 4 bytes a CRC32C.
 */
record MemoryFileHeader(UUID machine, UUID state, List<Long> blocks, int tableChecksum) {
    static final int BYTES = MemoryPages.PAGE;
    private static final FilePrefix PREFIX = new FilePrefix("terrarium machine memory", 1, 1);
    private static final int CHECKED = BYTES - Integer.BYTES;
    private static final int MOST_BLOCKS = 64;

    /** Where a page is in the file; of the page behind the last one, where the table is. */
    static long position(long page) {
        return BYTES + page * MemoryPages.PAGE;
    }

    static ByteBuffer table(int[] checksums) {
        ByteBuffer table = ByteBuffer.allocate(Integer.BYTES * checksums.length).order(ByteOrder.LITTLE_ENDIAN);
        table.asIntBuffer().put(checksums);
        return table;
    }

    ByteBuffer encode() {
        ByteBuffer out = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        PREFIX.write(out);
        out.putLong(machine.getMostSignificantBits()).putLong(machine.getLeastSignificantBits());
        out.putLong(state.getMostSignificantBits()).putLong(state.getLeastSignificantBits());
        out.putInt(blocks.size());
        blocks.forEach(out::putLong);
        out.putInt(tableChecksum);
        out.putInt(CHECKED, FilePrefix.checksum(out.slice(0, CHECKED)));
        return out.rewind();
    }

    static MemoryFileHeader decode(Path file, ByteBuffer bytes) throws StateFileException {
        ByteBuffer in = bytes.order(ByteOrder.LITTLE_ENDIAN);
        PREFIX.check(file, in);
        if (in.limit() != BYTES || in.getInt(CHECKED) != FilePrefix.checksum(in.slice(0, CHECKED))) {
            throw StateFileException.corrupt(file, "its header has another checksum");
        }
        UUID machine = new UUID(in.getLong(), in.getLong());
        UUID state = new UUID(in.getLong(), in.getLong());
        int count = in.getInt();
        if (count < 0 || count > MOST_BLOCKS) {
            throw StateFileException.corrupt(file, "it has " + count + " blocks");
        }
        List<Long> blocks = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            blocks.add(in.getLong());
        }
        return new MemoryFileHeader(machine, state, blocks, in.getInt());
    }
}
