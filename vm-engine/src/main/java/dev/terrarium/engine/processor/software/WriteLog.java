// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.memory.HostMemory;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** The writes to RAM since {@link #clear}, with what was there before, so that they can be undone and compared. */
final class WriteLog {
    private static final int FIELDS = 4;
    private static final int HOST = 0;
    private static final int SIZE = 1;
    private static final int OLD = 2;
    private static final int NEW = 3;

    private final int many;
    private final Runnable tooMany;
    private long[] entries = new long[64 * FIELDS];
    private int length;
    private boolean device;

    /** Calls {@code tooMany} at every write after the first {@code many}. */
    WriteLog(int many, Runnable tooMany) {
        this.many = many * FIELDS;
        this.tooMany = tooMany;
    }

    void clear() {
        length = 0;
        device = false;
    }

    /** {@code size} (1, 2, 4 or 8) bytes at a host address are about to become {@code value}. */
    void add(long host, int size, long value) {
        if (length == entries.length) {
            entries = Arrays.copyOf(entries, 2 * length);
        }
        entries[length + HOST] = host;
        entries[length + SIZE] = size;
        entries[length + OLD] = HostMemory.read(host, size);
        entries[length + NEW] = size == 8 ? value : value & (1L << 8 * size) - 1;
        length += FIELDS;
        if (length > many) {
            tooMany.run();
        }
    }

    /** Something else than RAM was read or written: that cannot be undone. */
    void reachedDevice() {
        device = true;
    }

    boolean hasReachedDevice() {
        return device;
    }

    /** Puts back what was there before. */
    void undo() {
        for (int at = length - FIELDS; at >= 0; at -= FIELDS) {
            HostMemory.write(entries[at + HOST], (int) entries[at + SIZE], entries[at + OLD]);
        }
    }

    /** Do both change the same bytes to the same values, both having started from the same memory? */
    boolean changesAs(WriteLog other) {
        return length == other.length && Arrays.equals(entries, 0, length, other.entries, 0, length)
                || changes().equals(other.changes());
    }

    /** The value of every byte written, by host address; bytes that were written what they were are left out. */
    Map<Long, Byte> changes() {
        Map<Long, Byte> before = new HashMap<>();
        Map<Long, Byte> after = new HashMap<>();
        for (int at = 0; at < length; at += FIELDS) {
            for (int n = 0; n < entries[at + SIZE]; n++) {
                before.putIfAbsent(entries[at + HOST] + n, (byte) (entries[at + OLD] >>> 8 * n));
                after.put(entries[at + HOST] + n, (byte) (entries[at + NEW] >>> 8 * n));
            }
        }
        after.entrySet().removeIf(each -> each.getValue().equals(before.get(each.getKey())));
        return after;
    }
}
