// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/** One cluster of metadata in memory, with the sectors that the store does not have yet. */
final class Table {
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    final long offset;
    final byte[] bytes;

    /** Nothing durable points to it yet. */
    boolean fresh;

    /** Checkpoints that have taken patches of it and not finished. */
    int writing;

    private final BitSet dirty;

    /** Bytes to write at a place of the store. */
    record Patch(Table table, int from, long offset, byte[] bytes) {}

    Table(long offset, byte[] bytes) {
        this.offset = offset;
        this.bytes = bytes;
        this.dirty = new BitSet(bytes.length / Geometry.SECTOR);
    }

    long getLong(int at) {
        return (long) LONGS.get(bytes, at);
    }

    void putLong(int at, long value) {
        LONGS.set(bytes, at, value);
        dirty.set(at / Geometry.SECTOR);
    }

    /** To be called after {@link #bytes} was changed at a place. */
    void changed(int at) {
        dirty.set(at / Geometry.SECTOR);
    }

    void changedAll() {
        dirty.set(0, bytes.length / Geometry.SECTOR);
    }

    void changed(Patch patch) {
        dirty.set(patch.from / Geometry.SECTOR, (patch.from + patch.bytes.length) / Geometry.SECTOR);
    }

    boolean isDirty() {
        return !dirty.isEmpty();
    }

    boolean isPinned() {
        return writing > 0 || !dirty.isEmpty();
    }

    /** The changed sectors, which count as unchanged from now on. */
    List<Patch> take() {
        List<Patch> patches = new ArrayList<>();
        for (int from = dirty.nextSetBit(0); from >= 0; ) {
            int to = dirty.nextClearBit(from);
            int start = from * Geometry.SECTOR;
            patches.add(new Patch(this, start, offset + start, Arrays.copyOfRange(bytes, start, to * Geometry.SECTOR)));
            from = dirty.nextSetBit(to);
        }
        dirty.clear();
        return patches;
    }
}
