// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.memory;

import dev.terrarium.engine.device.RegisterWindow;
import org.jspecify.annotations.Nullable;

/**
 * A stretch of physical addresses that one thing answers to for reads and one thing for writes.
 *
 * @param start first physical address
 * @param end first address after it
 * @param readAddend what to add to a physical address to get the host address to read; 0 if reads are not direct
 * @param writeAddend the same for writes
 * @param readWindow who answers reads that are not direct; null if nobody (all ones)
 * @param writeWindow who answers writes that are not direct; null if nobody (dropped)
 */
public record AddressRange(
        long start,
        long end,
        long readAddend,
        long writeAddend,
        @Nullable RegisterWindow readWindow,
        long readWindowBase,
        @Nullable RegisterWindow writeWindow,
        long writeWindowBase) {

    public boolean readsDirectly() {
        return readAddend != 0;
    }

    public boolean writesDirectly() {
        return writeAddend != 0;
    }

    boolean contains(long physical) {
        return physical >= start && physical < end;
    }
}
