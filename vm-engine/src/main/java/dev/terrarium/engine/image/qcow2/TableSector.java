// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import java.nio.ByteBuffer;

/** A sector of the L1 table or the refcount table, to be written to a place of the store. */
record TableSector(int index, long offset, byte[] bytes) {
    private static final int ENTRIES = Geometry.SECTOR / 8;

    /** Sector {@code index} of a table that begins at {@code offset}; shorter at the table's end. */
    static TableSector of(long[] table, int index, long offset) {
        int first = index * ENTRIES;
        int count = Math.min(ENTRIES, table.length - first);
        ByteBuffer bytes = ByteBuffer.allocate(count * 8);
        bytes.asLongBuffer().put(table, first, count);
        return new TableSector(index, offset + (long) index * Geometry.SECTOR, bytes.array());
    }
}
