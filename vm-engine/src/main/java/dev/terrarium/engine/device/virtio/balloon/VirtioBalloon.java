// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.virtio.balloon;

import dev.terrarium.engine.device.Clock;
import dev.terrarium.engine.device.DeviceMemory;
import dev.terrarium.engine.device.PageRelease;
import dev.terrarium.engine.device.StateCheck;
import dev.terrarium.engine.device.chipset.PciState;
import dev.terrarium.engine.device.virtio.DescriptorChain;
import dev.terrarium.engine.device.virtio.DeviceType;
import dev.terrarium.engine.device.virtio.TransportState;
import dev.terrarium.engine.device.virtio.VirtioFunction;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A balloon (VIRTIO 1.2, section 5.5): pages that the guest puts into it go back to the host, and so do those that it reports as free;
 * and it tells how it uses its memory, when somebody asks. Of the specification's queues there is none for free page hints, so that
 * of reports follows that of statistics, as drivers number them.
 */
public final class VirtioBalloon extends VirtioFunction<VirtioBalloon.State> {
    /** Bytes of a page of the balloon, whatever the guest's are. */
    public static final int PAGE_BYTES = 4096;

    /** Statistics of a guest that has told none. */
    public static final long UNKNOWN = -1;

    private static final long STATS_VQ = 1L << 1;
    private static final long DEFLATE_ON_OOM = 1L << 2;
    private static final long PAGE_REPORTING = 1L << 5;
    private static final List<Integer> QUEUE_SIZES = List.of(128, 128, 64, 64);

    private static final int INFLATE = 0;
    private static final int DEFLATE = 1;
    private static final int STATISTICS = 2;

    private static final int CONFIG_BYTES = 16;
    private static final int CONFIG_ACTUAL = 4;

    /** The most pages of one buffer that are given back; Linux' have 256. */
    private static final int MOST_PAGES = 1024;

    private static final int STATISTIC_BYTES = 10;
    private static final long NANOS_BETWEEN_QUESTIONS = 1_000_000_000L;
    private static final long NANOS_OF_INTEREST = 10_000_000_000L;

    /** What a guest tells, numbered as in section 5.5.6.4. */
    private enum Statistic {
        SWAP_IN,
        SWAP_OUT,
        MAJOR_FAULTS,
        MINOR_FAULTS,
        FREE,
        TOTAL,
        AVAILABLE,
        CACHES
    }

    /**
     * The registers and figures.
     *
     * @param target pages that shall be in the balloon
     * @param actual pages that the driver says are in it
     * @param statistics what the guest told last, by number; {@link #UNKNOWN} where it did not
     */
    public record State(PciState pci, TransportState transport, int target, int actual, long[] statistics) {}

    private final PageRelease pages;
    private final Clock clock;
    private final Clock.Timer timer;
    private final long[] statistics = new long[Statistic.values().length];
    private @Nullable DescriptorChain held;
    private boolean scheduled;
    private long interestEnds;
    private int target;
    private int actual;

    public VirtioBalloon(String name, DeviceMemory memory, PageRelease pages, Clock clock) {
        super(name, DeviceType.BALLOON, memory, STATS_VQ | DEFLATE_ON_OOM | PAGE_REPORTING, QUEUE_SIZES, CONFIG_BYTES);
        this.pages = pages;
        this.clock = clock;
        timer = clock.timer(this::askAgain);
        Arrays.fill(statistics, UNKNOWN);
    }

    /** Asks the driver to have so many bytes in the balloon: whole pages, at most 2^44 bytes. */
    public void setTarget(long bytes) {
        int wanted = (int) Math.min(Math.max(bytes, 0) / PAGE_BYTES, 0xFFFF_FFFFL);
        if (wanted != target) {
            target = wanted;
            configurationChanged();
        }
    }

    /** Bytes that shall be in the balloon. */
    public long targetBytes() {
        return Integer.toUnsignedLong(target) * PAGE_BYTES;
    }

    /** Bytes that the driver says are in it. */
    public long actualBytes() {
        return Integer.toUnsignedLong(actual) * PAGE_BYTES;
    }

    /** Somebody looks at what the guest tells: it is asked now and, each second, for ten seconds. */
    public void refreshStatistics() {
        interestEnds = clock.nanoTime() + NANOS_OF_INTEREST;
        if (!scheduled) {
            ask();
        }
    }

    /** All memory that the guest has, what is in the balloon left out, in bytes, or {@link #UNKNOWN} as the others. */
    public long totalBytes() {
        return figure(Statistic.TOTAL);
    }

    /** Memory that the guest uses for nothing. */
    public long freeBytes() {
        return figure(Statistic.FREE);
    }

    /** Memory that the guest could give to programs without swapping. */
    public long availableBytes() {
        return figure(Statistic.AVAILABLE);
    }

    /** Memory that holds copies of the guest's files. */
    public long cachedBytes() {
        return figure(Statistic.CACHES);
    }

    private long figure(Statistic which) {
        return statistics[which.ordinal()];
    }

    /** Returns the driver's buffer, which it fills again (section 5.5.6.3), and asks again a second later. */
    private void ask() {
        DescriptorChain buffer = held;
        if (buffer != null && isReady()) {
            held = null;
            queue(STATISTICS).complete(buffer, 0);
            interrupt(STATISTICS);
            scheduled = true;
            timer.schedule(clock.nanoTime() + NANOS_BETWEEN_QUESTIONS);
        }
    }

    private void askAgain() {
        scheduled = false;
        if (clock.nanoTime() < interestEnds) {
            ask();
        }
    }

    @Override
    protected void notified(int index) {
        if (index == INFLATE) {
            takeAll(index, this::inflate);
        } else if (index == DEFLATE) {
            takeAll(index, chain -> {}); // a page comes back when it is touched
        } else if (index == STATISTICS && has(STATS_VQ)) {
            takeStatistics();
        } else if (has(PAGE_REPORTING)) {
            takeAll(index, chain -> chain.forEachWritable(pages::release));
        }
    }

    private void takeAll(int index, Consumer<DescriptorChain> use) {
        DescriptorChain chain;
        while ((chain = queue(index).take()) != null) {
            use.accept(chain);
            queue(index).complete(chain, 0);
        }
        interrupt(index);
    }

    /** Page numbers of 32 bits (section 5.5.6); neighbours are given back together, for drivers take them in order. */
    private void inflate(DescriptorChain chain) {
        byte[] bytes = new byte[(int) Math.min(chain.readableBytes(), MOST_PAGES * Integer.BYTES) & -Integer.BYTES];
        chain.read(0, bytes, 0, bytes.length);
        ByteBuffer numbers = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        long first = -1;
        long last = -1;
        while (numbers.hasRemaining()) {
            long page = Integer.toUnsignedLong(numbers.getInt());
            if (first >= 0 && page == last + 1) {
                last = page;
            } else if (first >= 0 && page == first - 1) {
                first = page;
            } else {
                release(first, last);
                first = page;
                last = page;
            }
        }
        release(first, last);
    }

    private void release(long first, long last) {
        if (first >= 0) {
            pages.release(first * PAGE_BYTES, (last - first + 1) * PAGE_BYTES);
        }
    }

    /** A buffer with figures stays here until they are asked for again. */
    private void takeStatistics() {
        DescriptorChain chain;
        while ((chain = queue(STATISTICS).take()) != null) {
            DescriptorChain before = held;
            if (before != null) {
                queue(STATISTICS).complete(before, 0); // the driver has one, but who knows
            }
            held = chain;
            byte[] bytes = new byte[(int) Math.min(chain.readableBytes(), 64 * STATISTIC_BYTES)];
            chain.read(0, bytes, 0, bytes.length);
            ByteBuffer figures = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            while (figures.remaining() >= STATISTIC_BYTES) {
                int number = figures.getShort() & 0xFFFF;
                long value = figures.getLong();
                if (number == Statistic.TOTAL.ordinal() && has(DEFLATE_ON_OOM)) {
                    // Linux counts the balloon as its own where it may take it back (drivers/virtio/virtio_balloon.c).
                    statistics[number] = Math.max(value - actualBytes(), UNKNOWN);
                } else if (number < statistics.length) {
                    statistics[number] = Math.max(value, UNKNOWN);
                }
            }
        }
        if (!scheduled && clock.nanoTime() < interestEnds) {
            scheduled = true;
            timer.schedule(clock.nanoTime() + NANOS_BETWEEN_QUESTIONS);
        }
    }

    @Override
    protected int readConfigByte(int offset) {
        int field = offset < CONFIG_ACTUAL ? target : offset < 2 * CONFIG_ACTUAL ? actual : 0;
        return field >>> 8 * (offset % Integer.BYTES) & 0xFF;
    }

    @Override
    protected void writeConfiguration(int offset, int size, long value) {
        if (offset == CONFIG_ACTUAL && size == Integer.BYTES) {
            actual = (int) value;
        }
    }

    /** The target stays: a guest that starts again finds it. */
    @Override
    protected void deviceReset() {
        actual = 0;
        queueReset(STATISTICS);
        Arrays.fill(statistics, UNKNOWN);
    }

    @Override
    protected void queueReset(int index) {
        if (index == STATISTICS) {
            held = null;
            scheduled = false;
            timer.cancel();
        }
    }

    @Override
    public State save() {
        return new State(savePci(), saveTransport(), target, actual, statistics.clone());
    }

    @Override
    public void restore(State state) {
        checkPci(state.pci);
        checkTransport(state.transport);
        StateCheck.length("statistics", state.statistics.length, statistics.length);
        for (long each : state.statistics) {
            StateCheck.range("statistic", each, UNKNOWN, Long.MAX_VALUE);
        }
        deviceReset();
        restorePci(state.pci);
        target = state.target;
        actual = state.actual;
        System.arraycopy(state.statistics, 0, statistics, 0, statistics.length);
        restoreTransport(state.transport);
    }
}
