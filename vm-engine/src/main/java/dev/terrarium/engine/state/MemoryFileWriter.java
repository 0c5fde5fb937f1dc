// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.state;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.FileByteStore;
import dev.terrarium.engine.memory.HostBlock;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;

/**
 * Writes a machine's memory to a new file, page by page, as often as a page changes. Page N is at {@code 4096 + N * 4096};
 * pages of zeros are holes. Behind the last page is a table of CRC32C checksums, one a page; the first 4096 bytes are the
 * {@link MemoryFileHeader}, written last.
 */
public final class MemoryFileWriter implements AutoCloseable {
    private final Path file;
    private final UUID machine;
    private final UUID state;
    private final MemoryPages pages;
    private final FileByteStore store;
    private final int[] checksums;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment run = arena.allocate((long) MemoryPages.RUN * MemoryPages.PAGE, 64);
    private final ByteBuffer bytes = run.asByteBuffer();
    private long written;

    /**
     * Makes the file.
     *
     * @param machine the machine's id
     * @param state of which this is the memory
     * @param blocks the memory, in an order that the reader knows
     */
    public MemoryFileWriter(Path file, UUID machine, UUID state, List<HostBlock> blocks) throws TerrariumException {
        this.file = file;
        this.machine = machine;
        this.state = state;
        this.pages = new MemoryPages(blocks);
        this.checksums = new int[Math.toIntExact(pages.count())];
        Arrays.fill(checksums, MemoryPages.ZERO);
        this.store = FileByteStore.create(file);
    }

    /** How many pages there are. */
    public long count() {
        return pages.count();
    }

    /** Bytes written so far, pages written twice counted twice. */
    public long written() {
        return written;
    }

    /** Writes some pages as they are now; the guest may be writing to them, if they are written again afterwards. */
    public void write(long first, int count) throws TerrariumException {
        try {
            for (long page = first; page < first + count; ) {
                int together = pages.together(page, (int) Math.min(MemoryPages.RUN, first + count - page));
                MemorySegment.copy(pages.at(page, together), 0, run, 0, (long) together * MemoryPages.PAGE);
                writeRun(page, together);
                page += together;
            }
        } catch (IOException e) {
            throw failed(e);
        }
    }

    /** Writes those of the copied pages that are not zeros, or were not when they were last written. */
    private void writeRun(long first, int count) throws IOException {
        int begin = 0;
        for (int i = 0; i < count; i++) {
            int index = (int) (first + i);
            boolean zero = MemoryPages.isZero(run, i);
            boolean hole = zero && checksums[index] == MemoryPages.ZERO;
            checksums[index] = zero ? MemoryPages.ZERO : MemoryPages.checksum(bytes, i);
            if (hole) {
                writePart(first, begin, i);
                begin = i + 1;
            }
        }
        writePart(first, begin, count);
    }

    private void writePart(long first, int begin, int end) throws IOException {
        if (end > begin) {
            int length = (end - begin) * MemoryPages.PAGE;
            store.write(bytes.slice(begin * MemoryPages.PAGE, length), MemoryFileHeader.position(first + begin));
            written += length;
        }
    }

    /** Makes what was written durable, so that {@link #finish} has less to wait for. */
    public void sync() throws TerrariumException {
        try {
            store.flush();
        } catch (IOException e) {
            throw failed(e);
        }
    }

    /** Writes table and header, and makes all durable. */
    public void finish() throws TerrariumException {
        try {
            ByteBuffer table = MemoryFileHeader.table(checksums);
            long tableAt = MemoryFileHeader.position(pages.count());
            MemoryFileHeader header = new MemoryFileHeader(
                    machine,
                    state,
                    pages.blocks().stream().map(HostBlock::size).toList(),
                    FilePrefix.checksum(table.duplicate()));
            store.write(table, tableAt);
            store.write(header.encode(), 0);
            store.flush();
        } catch (IOException e) {
            throw failed(e);
        }
    }

    private TerrariumException failed(IOException e) {
        return new TerrariumException(
                file + " cannot be written (" + e.getMessage() + "): make room on its disk and try again", e);
    }

    @Override
    public void close() {
        store.close();
        arena.close();
    }
}
