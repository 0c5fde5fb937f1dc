// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.block;

import java.util.Arrays;
import java.util.OptionalLong;

/**
 * Where blocks stand in a store, collected to see whether two of them share bytes. Of very many only some are, so that
 * no image takes more than 64 MiB of memory for this.
 */
public final class Places {
    private static final int MOST = 8 << 20;

    private final long length;
    private long[] starts = new long[1024];
    private int count;
    private long end;

    /** @param length bytes each block takes */
    public Places(long length) {
        this.length = length;
    }

    /** Notes one block. */
    public void add(long start) {
        end = Math.max(end, start + length);
        if (count == MOST) {
            return;
        }
        if (count == starts.length) {
            starts = Arrays.copyOf(starts, count * 2);
        }
        starts[count++] = start;
    }

    /** Where the last of them ends; 0 if there is none. */
    public long end() {
        return end;
    }

    /** The first place at which two of them overlap. */
    public OptionalLong overlap() {
        Arrays.sort(starts, 0, count);
        for (int i = 1; i < count; i++) {
            if (starts[i] - starts[i - 1] < length) {
                return OptionalLong.of(starts[i]);
            }
        }
        return OptionalLong.empty();
    }
}
