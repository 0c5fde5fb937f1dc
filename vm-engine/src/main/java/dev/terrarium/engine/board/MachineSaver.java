// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

import dev.terrarium.engine.Progress;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.memory.DirtyPages;
import dev.terrarium.engine.memory.HostBlock;
import dev.terrarium.engine.state.MemoryFileWriter;
import dev.terrarium.engine.state.StateFile;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes a machine's state. While it runs its memory is written first, and what it changed meanwhile again, until little
 * is left or that no longer helps (pre-copy); only then it stands still for the rest.
 */
public final class MachineSaver {
    private static final Logger LOG = LoggerFactory.getLogger(MachineSaver.class);

    /** Each round makes software processors forget their translations and code, so there are few. */
    private static final int MOST_ROUNDS = 4;

    /** So much is written while the machine stands still: 8 MiB. */
    private static final int FEW_PAGES = 2048;

    private static final int PAGES_AT_ONCE = 4096;

    private final Board board;
    private final SavedMachine target;
    private final Map<String, byte[]> extra;
    private final Progress progress;
    private final DirtyPages dirty;
    private final UUID state = UUID.randomUUID();
    private final BitSet changed = new BitSet();
    private int rounds;

    /** Called when everything is durable in the folder and the machine still stands still. */
    @FunctionalInterface
    public interface Standstill {
        /** Whether the machine may go on as before. If it throws, the machine goes on, too. */
        boolean goesOn() throws TerrariumException;
    }

    /**
     * How it went.
     *
     * @param standstillNanos how long the machine stood still at the end; 0 if it did not run
     * @param memoryBytes bytes of memory written, some twice
     * @param rounds how often memory was written before
     */
    public record Figures(long standstillNanos, long memoryBytes, int rounds) {}

    /**
     * Prepares for it.
     *
     * @param target an empty folder
     * @param extra parts of the state that the board does not know
     */
    public MachineSaver(Board board, SavedMachine target, Map<String, byte[]> extra, Progress progress) {
        this.board = board;
        this.target = target;
        this.extra = extra;
        this.progress = progress;
        this.dirty = board.computer().addresses().dirtyPages();
    }

    /**
     * Writes memory and state.
     *
     * @throws TerrariumException if it was cancelled, a file cannot be written, or the machine was switched off; unless
     *     that was the reason the machine goes on, and what is in the folder is of no use
     */
    public Figures save(Standstill standstill) throws TerrariumException {
        try (MemoryFileWriter writer = new MemoryFileWriter(
                target.memoryFile(), target.machine(), state, board.computer().memory())) {
            board.whileStandingStill(ran -> {
                dirty.start();
                return true;
            });
            try {
                changed.set(0, (int) writer.count());
                copyWhileRunning(writer);
                board.disks().flush();
                long nanos = board.whileStandingStill(ran -> finish(writer, ran, standstill));
                Figures figures = new Figures(nanos, writer.written(), rounds);
                LOG.info(
                        "state in {}: {} MiB of memory in {} rounds, stood still for {} ms",
                        target.folder(),
                        figures.memoryBytes >> 20,
                        rounds,
                        nanos / 1_000_000);
                return figures;
            } finally {
                if (dirty.isOn()) {
                    stopNoting();
                }
            }
        }
    }

    /** After a failure, or at the end of a machine that was switched off meanwhile, which needs nothing any more. */
    private void stopNoting() {
        try {
            board.whileStandingStill(ran -> {
                dirty.stop();
                return true;
            });
        } catch (TerrariumException e) {
            LOG.debug("{}", e.getMessage());
        }
    }

    private void copyWhileRunning(MemoryFileWriter writer) throws TerrariumException {
        int before = Integer.MAX_VALUE;
        for (rounds = 1; ; rounds++) {
            write(writer, progress);
            writer.sync();
            board.whileStandingStill(ran -> {
                collect();
                return true;
            });
            int now = changed.cardinality();
            LOG.debug("round {}: {} pages changed meanwhile", rounds, now);
            if (now <= FEW_PAGES || rounds >= MOST_ROUNDS || now > before / 2) {
                return;
            }
            before = now;
        }
    }

    private void collect() {
        dirty.collect(physical -> {
            long offset = board.computer().offsetInRam(physical);
            if (offset >= 0) {
                changed.set((int) (offset / DirtyPages.PAGE_BYTES));
            }
        });
    }

    private void write(MemoryFileWriter writer, Progress told) throws TerrariumException {
        long total = (long) changed.cardinality() * DirtyPages.PAGE_BYTES + writer.written();
        for (int page = changed.nextSetBit(0); page >= 0; page = changed.nextSetBit(page)) {
            int end = Math.min(changed.nextClearBit(page), page + PAGES_AT_ONCE);
            int first = page;
            board.withMemory(() -> writer.write(first, end - first));
            changed.clear(page, end);
            if (!told.at(Math.min(writer.written(), total), total)) {
                throw new TerrariumException("it was cancelled: start it again");
            }
        }
    }

    private boolean finish(MemoryFileWriter writer, boolean ran, Standstill standstill) throws TerrariumException {
        board.disks().settle();
        Map<String, byte[]> parts = new LinkedHashMap<>(extra);
        board.withDevicesAtRest(() -> {
            collect();
            dirty.stop();
            // Video memory is not among the pages that are noted.
            changed.set((int) (ramBytes() / DirtyPages.PAGE_BYTES), (int) writer.count());
            // Nobody is told now, nor asked: the machine waits.
            write(writer, Progress.NONE);
            parts.putAll(board.takeState(ran));
        });
        writer.finish();
        new StateFile(target.machine(), state, version(), parts).write(target.stateFile());
        return standstill.goesOn();
    }

    private long ramBytes() {
        HostBlock ram = board.computer().memory().getFirst();
        return ram.size();
    }

    private static String version() {
        String version = MachineSaver.class.getPackage().getImplementationVersion();
        return version == null ? "0.1.0" : version;
    }
}
