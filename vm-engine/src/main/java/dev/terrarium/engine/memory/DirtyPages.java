// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.memory;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Which pages of guest memory were written: by devices, by software processors, and by whoever else tells ({@link Source}). A
 * {@link MemoryMap} has one, which is off at first. It starts, collects and stops while no vCPU executes; marking is for any thread.
 */
public final class DirtyPages {
    /** Bytes of a page. */
    public static final int PAGE_BYTES = 4096;

    private static final int PAGE_SHIFT = 12;
    private static final int PAGES_A_WORD = 64;

    /** Somebody whose writes to guest memory do not go through the map, such as the host's processor. */
    public interface Source {
        /** Notes writes from now on. */
        void start();

        /** Tells {@code pages} what was written since the start or the last call. */
        void collect(DirtyPages pages);

        /** Notes writes no more. */
        void stop();
    }

    private final long end;
    private final Runnable forgetWritable;
    private final List<Source> sources = new CopyOnWriteArrayList<>();
    private volatile @Nullable AtomicLongArray marks;

    /**
     * @param end the physical address where the memory ends of which it tells
     * @param forgetWritable makes software processors come by again before they write to a page
     */
    DirtyPages(long end, Runnable forgetWritable) {
        this.end = end;
        this.forgetWritable = forgetWritable;
    }

    /** Asks {@code source} too, from now on. */
    public void add(Source source) {
        sources.add(source);
        if (isOn()) {
            source.start();
        }
    }

    /** Asks {@code source} no more. */
    public void remove(Source source) {
        sources.remove(source);
    }

    /** Does it note writes? */
    public boolean isOn() {
        return marks != null;
    }

    /** Notes writes from now on. */
    public void start() {
        long pages = (end + PAGE_BYTES - 1) / PAGE_BYTES;
        marks = new AtomicLongArray((int) ((pages + PAGES_A_WORD - 1) / PAGES_A_WORD));
        sources.forEach(Source::start);
        forgetWritable.run();
    }

    /** Notes no more, and forgets what it has. */
    public void stop() {
        marks = null;
        sources.forEach(Source::stop);
    }

    /**
     * Tells the physical address of each page that was written since {@link #start} or the last call, in order, and begins again.
     *
     * @throws IllegalStateException if it is off
     */
    public void collect(LongConsumer page) {
        AtomicLongArray noted = marks;
        if (noted == null) {
            throw new IllegalStateException("written pages are not noted: start first");
        }
        forgetWritable.run();
        sources.forEach(source -> source.collect(this));
        for (int word = 0; word < noted.length(); word++) {
            long bits = noted.getAndSet(word, 0);
            while (bits != 0) {
                long number = (long) word * PAGES_A_WORD + Long.numberOfTrailingZeros(bits);
                page.accept(number << PAGE_SHIFT);
                bits &= bits - 1;
            }
        }
    }

    /** The page at a physical address was written, or may be from now on without further notice. */
    public void mark(long physical) {
        AtomicLongArray noted = marks;
        if (noted != null && physical >= 0 && physical < end) {
            long page = physical >>> PAGE_SHIFT;
            noted.getAndAccumulate((int) (page / PAGES_A_WORD), 1L << page % PAGES_A_WORD, (a, b) -> a | b);
        }
    }

    /**
     * Marks pages by a bitmap.
     *
     * @param physical the address of the first page
     * @param bits 64 pages, the lowest bit the first
     */
    public void mark(long physical, long bits) {
        for (long left = bits; left != 0; left &= left - 1) {
            mark(physical + ((long) Long.numberOfTrailingZeros(left) << PAGE_SHIFT));
        }
    }
}
