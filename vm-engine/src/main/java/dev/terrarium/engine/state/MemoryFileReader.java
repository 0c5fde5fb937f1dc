// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.state;

import dev.terrarium.engine.Progress;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.FileByteStore;
import dev.terrarium.engine.memory.HostBlock;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** Reads what {@link MemoryFileWriter} wrote, and trusts none of it. */
public final class MemoryFileReader {
    private final Path file;

    public MemoryFileReader(Path file) {
        this.file = file;
    }

    /**
     * Fills memory that is all zeros.
     *
     * @param machine the machine's id
     * @param state of which this must be the memory
     * @throws StateFileException if a byte is not what was written, or the file is of something else; the memory may then
     *     hold anything
     */
    public void load(UUID machine, UUID state, List<HostBlock> blocks, Progress progress) throws TerrariumException {
        MemoryPages pages = new MemoryPages(blocks);
        read(
                machine,
                state,
                Optional.of(blocks.stream().map(HostBlock::size).toList()),
                progress,
                (page, run, count) -> {
                    for (int at = 0; at < count; ) {
                        int together = pages.together(page + at, count - at);
                        MemorySegment.copy(
                                run,
                                (long) at * MemoryPages.PAGE,
                                pages.at(page + at, together),
                                0,
                                (long) together * MemoryPages.PAGE);
                        at += together;
                    }
                });
    }

    /** Reads all and compares the checksums, as {@link #load} without memory; of whatever size it is. */
    public void verify(UUID machine, UUID state, Progress progress) throws TerrariumException {
        read(machine, state, Optional.empty(), progress, (page, run, count) -> {});
    }

    /** Takes pages that are not zeros. */
    @FunctionalInterface
    private interface Sink {
        void take(long page, MemorySegment run, int count);
    }

    private void read(UUID machine, UUID state, Optional<List<Long>> wanted, Progress progress, Sink sink)
            throws TerrariumException {
        try (FileByteStore store = FileByteStore.open(file, true)) {
            ByteBuffer head = ByteBuffer.allocate((int) Math.min(MemoryFileHeader.BYTES, store.size()));
            store.read(head, 0);
            MemoryFileHeader header = MemoryFileHeader.decode(file, head.flip());
            if (!header.machine().equals(machine) || !header.state().equals(state)) {
                throw StateFileException.foreign(
                        file, "it is the memory of another state: take both files from the same backup");
            }
            if (!header.blocks().equals(wanted.orElse(header.blocks()))) {
                throw StateFileException.foreign(
                        file,
                        "its memory is of other sizes than the machine's: give it the memory it had, or discard the state");
            }
            long count = count(header.blocks(), store.size());
            long tableAt = MemoryFileHeader.position(count);
            if (store.size() != tableAt + Integer.BYTES * count) {
                throw StateFileException.corrupt(file, "it has not the length that it was written with");
            }
            ByteBuffer table = ByteBuffer.allocate(Math.toIntExact(Integer.BYTES * count));
            store.read(table, tableAt);
            if (FilePrefix.checksum(table.flip()) != header.tableChecksum()) {
                throw StateFileException.corrupt(file, "its table has another checksum");
            }
            int[] checksums = new int[(int) count];
            table.rewind().order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(checksums);
            readPages(store, checksums, progress, sink);
        } catch (IOException e) {
            throw new TerrariumException(file + " cannot be read (" + e.getMessage() + "): check the disk it is on", e);
        }
    }

    /** How many pages a header announces, if a file of that length can have them. */
    private long count(List<Long> blocks, long length) throws StateFileException {
        long count = 0;
        for (long size : blocks) {
            if (size < 0 || size > length || size % MemoryPages.PAGE != 0) {
                throw StateFileException.corrupt(file, "it announces a block of " + size + " bytes");
            }
            count += size / MemoryPages.PAGE;
        }
        return count;
    }

    private void readPages(FileByteStore store, int[] checksums, Progress progress, Sink sink)
            throws TerrariumException, IOException {
        long end = MemoryFileHeader.position(checksums.length);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment run = arena.allocate((long) MemoryPages.RUN * MemoryPages.PAGE, 64);
            ByteBuffer bytes = run.asByteBuffer();
            int page = 0;
            while (page < checksums.length) {
                long data = Math.min(end, store.nextData(MemoryFileHeader.position(page)));
                int first = (int) (data / MemoryPages.PAGE) - 1;
                for (; page < first; page++) {
                    require(page, checksums[page] == MemoryPages.ZERO);
                }
                int count = Math.min(MemoryPages.RUN, checksums.length - page);
                if (count > 0) {
                    long hole = store.nextHole(MemoryFileHeader.position(page));
                    long pagesOfData =
                            (hole - MemoryFileHeader.position(page) + MemoryPages.PAGE - 1) / MemoryPages.PAGE;
                    count = (int) Math.max(1, Math.min(count, pagesOfData));
                    store.read(bytes.clear().limit(count * MemoryPages.PAGE), MemoryFileHeader.position(page));
                    take(page, run, bytes, count, checksums, sink);
                    page += count;
                }
                if (!progress.at((long) page * MemoryPages.PAGE, (long) checksums.length * MemoryPages.PAGE)) {
                    throw new TerrariumException("it was cancelled: start it again");
                }
            }
        }
    }

    private void take(int page, MemorySegment run, ByteBuffer bytes, int count, int[] checksums, Sink sink)
            throws StateFileException {
        int begin = 0;
        for (int i = 0; i < count; i++) {
            require(page + i, MemoryPages.checksum(bytes, i) == checksums[page + i]);
            if (checksums[page + i] == MemoryPages.ZERO && MemoryPages.isZero(run, i)) {
                give(page, run, begin, i, sink);
                begin = i + 1;
            }
        }
        give(page, run, begin, count, sink);
    }

    private static void give(int page, MemorySegment run, int begin, int end, Sink sink) {
        if (end > begin) {
            sink.take(page + begin, run.asSlice((long) begin * MemoryPages.PAGE), end - begin);
        }
    }

    private void require(int page, boolean same) throws StateFileException {
        if (!same) {
            throw StateFileException.corrupt(file, "page " + page + " has another checksum");
        }
    }
}
