// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

import dev.terrarium.engine.device.PageRelease;
import dev.terrarium.engine.firmware.MemoryMap;
import dev.terrarium.engine.posix.Posix;
import dev.terrarium.engine.posix.PosixException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Gives pages of a machine's RAM back to the host: those from 1 MiB on, below it firmware and guest share too much. */
final class ReleasedMemory implements PageRelease {
    private static final Logger LOG = LoggerFactory.getLogger(ReleasedMemory.class);
    private static final long FIRST = 0x10_0000;
    private static final long FOUR_GIBIBYTES = 1L << 32;
    private static final long PAGE = 4096;

    private final MemoryLayout memory;
    private final MemoryMap sizes;
    private boolean refused;

    ReleasedMemory(MemoryLayout memory, MemoryMap sizes) {
        this.memory = memory;
        this.sizes = sizes;
    }

    @Override
    public void release(long physical, long length) {
        long start = Math.max(physical, 0);
        long end = physical + length;
        release(start, end, FIRST, sizes.low(), 0);
        release(start, end, FOUR_GIBIBYTES, FOUR_GIBIBYTES + sizes.high(), FOUR_GIBIBYTES - sizes.low());
    }

    /** What of a range lies in a part of RAM, whose host memory begins {@code shift} before its physical addresses. */
    private void release(long start, long end, long partStart, long partEnd, long shift) {
        long from = Math.max(start, partStart) + PAGE - 1 & -PAGE;
        long to = Math.min(end, partEnd) & -PAGE;
        if (from >= to) {
            return;
        }
        try {
            Posix.forgetPages(memory.ram().address() + from - shift, to - from);
            memory.map().changed(from, to - from);
        } catch (PosixException e) {
            if (!refused) {
                LOG.warn("the host does not take memory back, so a balloon saves nothing: {}", e.getMessage());
                refused = true;
            }
        }
    }
}
