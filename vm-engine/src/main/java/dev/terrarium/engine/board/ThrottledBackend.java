// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

import dev.terrarium.engine.config.Throttle;
import dev.terrarium.engine.device.Clock;
import dev.terrarium.engine.device.StorageBackend;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;

/**
 * A drive's medium that is as fast as it may be: reads wait for reads before them, writes for writes, by the board's time.
 * Flushes do not wait. Everything here is done with the board's lock held.
 */
final class ThrottledBackend implements StorageBackend {
    private static final long NOTHING = Long.MAX_VALUE;

    private final StorageBackend backend;
    private final Clock clock;
    private final Clock.Timer timer;
    private Direction reads;
    private Direction writes;
    private boolean readsNext = true;

    ThrottledBackend(StorageBackend backend, Throttle throttle, Clock clock) {
        this.backend = backend;
        this.clock = clock;
        this.timer = clock.timer(this::go);
        this.reads = new Direction(List.of(), List.of());
        this.writes = reads;
        setThrottle(throttle);
    }

    /** Limits from now on; what waits by the old ones starts at once. */
    void setThrottle(Throttle throttle) {
        release();
        long now = clock.nanoTime();
        LeakyBucket bytes = new LeakyBucket(throttle.bpsTotal(), now);
        LeakyBucket operations = new LeakyBucket(throttle.iopsTotal(), now);
        reads = new Direction(
                List.of(bytes, new LeakyBucket(throttle.bpsRead(), now)),
                List.of(operations, new LeakyBucket(throttle.iopsRead(), now)));
        writes = new Direction(
                List.of(bytes, new LeakyBucket(throttle.bpsWrite(), now)),
                List.of(operations, new LeakyBucket(throttle.iopsWrite(), now)));
    }

    private record Waiting(long bytes, Runnable start) {}

    /** Reads or writes. */
    private final class Direction {
        private final List<LeakyBucket> bytes;
        private final List<LeakyBucket> operations;
        private final Queue<Waiting> queue = new ArrayDeque<>();

        Direction(List<LeakyBucket> bytes, List<LeakyBucket> operations) {
            this.bytes = bytes.stream().filter(LeakyBucket::limits).toList();
            this.operations = operations.stream().filter(LeakyBucket::limits).toList();
        }

        private long waitNanos(long now) {
            long wait = 0;
            for (LeakyBucket each : bytes) {
                wait = Math.max(wait, each.waitNanos(now));
            }
            for (LeakyBucket each : operations) {
                wait = Math.max(wait, each.waitNanos(now));
            }
            return wait;
        }

        /** Starts the next if it may start: 0 if it did, else how long it has to wait; {@code NOTHING} if there is none. */
        private long startNext(boolean whatever) {
            Waiting next = queue.peek();
            if (next == null) {
                return NOTHING;
            }
            long wait = whatever ? 0 : waitNanos(clock.nanoTime());
            if (wait == 0) {
                queue.remove();
                bytes.forEach(each -> each.use(next.bytes));
                operations.forEach(each -> each.use(1));
                next.start.run();
            }
            return wait;
        }
    }

    /** Starts what may start, reads and writes by turns, so that neither starve where a limit is for both. */
    private void go() {
        long wait;
        do {
            Direction turn = readsNext ? reads : writes;
            wait = turn.startNext(false);
            if (wait == 0) {
                readsNext = !readsNext;
            } else {
                wait = Math.min(wait, (readsNext ? writes : reads).startNext(false));
            }
        } while (wait == 0);
        if (wait == NOTHING) {
            timer.cancel();
        } else {
            timer.schedule(clock.nanoTime() + wait);
        }
    }

    private void submit(Direction direction, long bytes, Runnable start) {
        direction.queue.add(new Waiting(bytes, start));
        go();
    }

    /** Starts all that waits, whatever the limits say. */
    void release() {
        timer.cancel();
        for (Direction each : List.of(reads, writes)) {
            while (each.startNext(true) != NOTHING) {
                // Started.
            }
        }
    }

    /** Whether requests wait to be started. */
    boolean hasWaiting() {
        return !reads.queue.isEmpty() || !writes.queue.isEmpty();
    }

    @Override
    public long size() {
        return backend.size();
    }

    @Override
    public boolean readOnly() {
        return backend.readOnly();
    }

    @Override
    public void read(long position, byte[] target, int offset, int length, Completion completion) {
        submit(reads, length, () -> backend.read(position, target, offset, length, completion));
    }

    @Override
    public void write(long position, byte[] source, int offset, int length, Completion completion) {
        submit(writes, length, () -> backend.write(position, source, offset, length, completion));
    }

    @Override
    public void writeZeroes(long position, long length, boolean release, Completion completion) {
        submit(writes, 0, () -> backend.writeZeroes(position, length, release, completion));
    }

    @Override
    public void discard(long position, long length, Completion completion) {
        submit(writes, 0, () -> backend.discard(position, length, completion));
    }

    @Override
    public void flush(Completion completion) {
        backend.flush(completion);
    }
}
