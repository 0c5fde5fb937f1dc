// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.state;

import dev.terrarium.engine.memory.HostBlock;
import dev.terrarium.engine.memory.HostMemory;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.zip.CRC32C;

/** The pages of a machine's blocks of memory, numbered through. */
final class MemoryPages {
    static final int PAGE = 4096;

    /** Pages that are moved at once. */
    static final int RUN = 256;

    /** The CRC32C of a page of zeros. */
    static final int ZERO = FilePrefix.checksum(ByteBuffer.allocate(PAGE));

    private static final MemorySegment ZEROS = MemorySegment.ofArray(new byte[PAGE]);

    private final List<HostBlock> blocks;
    private final long count;

    MemoryPages(List<HostBlock> blocks) {
        this.blocks = List.copyOf(blocks);
        this.count = blocks.stream().mapToLong(block -> block.size() / PAGE).sum();
    }

    List<HostBlock> blocks() {
        return blocks;
    }

    long count() {
        return count;
    }

    /** How many pages from {@code page} on, at most {@code wanted}, lie side by side. */
    int together(long page, int wanted) {
        long first = page;
        for (HostBlock block : blocks) {
            long pages = block.size() / PAGE;
            if (first < pages) {
                return (int) Math.min(wanted, pages - first);
            }
            first -= pages;
        }
        return 0;
    }

    /** The host's memory of pages that lie side by side. */
    MemorySegment at(long page, int pages) {
        long first = page;
        for (HostBlock block : blocks) {
            long inBlock = block.size() / PAGE;
            if (first < inBlock) {
                return HostMemory.ALL.asSlice(block.address() + first * PAGE, (long) pages * PAGE);
            }
            first -= inBlock;
        }
        throw new IndexOutOfBoundsException("there is no page " + page);
    }

    static boolean isZero(MemorySegment run, int page) {
        return MemorySegment.mismatch(run, (long) page * PAGE, (page + 1L) * PAGE, ZEROS, 0, PAGE) < 0;
    }

    /** The CRC32C of page {@code page} of a run. */
    static int checksum(ByteBuffer run, int page) {
        CRC32C crc = new CRC32C();
        crc.update(run.slice(page * PAGE, PAGE));
        return (int) crc.getValue();
    }
}
