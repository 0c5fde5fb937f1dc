// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * A store that remembers everything that was done to it, and can tell afterwards what a host would hold if its power had
 * been cut after any one of these steps: what was flushed by then, and of everything later a part, in another order, torn
 * at 512 bytes.
 */
public final class PowerCutStore implements ByteStore {
    private static final int SECTOR = 512;

    private final MemoryByteStore now;
    private final MemoryByteStore first;
    private final List<Step> steps = new ArrayList<>();

    /** Begins with what {@code initial} holds, which counts as durable. */
    public PowerCutStore(MemoryByteStore initial) {
        this.first = initial.copy();
        this.now = initial.copy();
    }

    private sealed interface Step {}

    private record Write(long position, byte[] bytes) implements Step {}

    private record Truncate(long size) implements Step {}

    private record Punch(long position, long length) implements Step {}

    private record Flush() implements Step {}

    /** Steps so far; {@link Cuts} takes one of them. */
    public synchronized int steps() {
        return steps.size();
    }

    @Override
    public long size() {
        return now.size();
    }

    @Override
    public void read(ByteBuffer target, long position) {
        now.read(target, position);
    }

    @Override
    public synchronized void write(ByteBuffer source, long position) throws IOException {
        byte[] bytes = new byte[source.remaining()];
        source.get(bytes);
        now.write(ByteBuffer.wrap(bytes), position);
        steps.add(new Write(position, bytes));
    }

    @Override
    public synchronized void flush() {
        steps.add(new Flush());
    }

    @Override
    public synchronized void truncate(long size) {
        now.truncate(size);
        steps.add(new Truncate(size));
    }

    @Override
    public synchronized void punchHole(long position, long length) {
        now.punchHole(position, length);
        steps.add(new Punch(position, length));
    }

    @Override
    public long nextData(long position) {
        return now.nextData(position);
    }

    @Override
    public long nextHole(long position) {
        return now.nextHole(position);
    }

    @Override
    public void close() {}

    /** What is left after cuts; take them in rising order. */
    public Cuts cuts() {
        return new Cuts();
    }

    /** Walks through the steps, keeping what is durable by then. */
    public final class Cuts {
        private final MemoryByteStore durable = first.copy();
        private final List<Step> pending = new ArrayList<>();
        private int done;

        /** What a host may hold after the first {@code count} steps; {@code count} may not be less than the last time. */
        public MemoryByteStore after(int count, Random random) throws IOException {
            for (; done < count; done++) {
                Step step = steps.get(done);
                if (step instanceof Flush) {
                    for (Step each : pending) {
                        apply(durable, each);
                    }
                    pending.clear();
                } else {
                    pending.add(step);
                }
            }
            MemoryByteStore left = durable.copy();
            List<Step> some = new ArrayList<>(pending);
            int kind = random.nextInt(4);
            if (kind == 0) {
                Collections.shuffle(some, random);
            }
            int kept = 1 + random.nextInt(9);
            for (Step each : some) {
                if (kind == 1 || random.nextInt(10) < kept) {
                    apply(left, each instanceof Write write && kind >= 2 ? torn(left, write, random) : each);
                }
            }
            return left;
        }

        private Step torn(MemoryByteStore left, Write write, Random random) {
            if (random.nextInt(3) != 0) {
                return write;
            }
            ByteBuffer old = ByteBuffer.allocate(write.bytes.length);
            left.read(old, write.position);
            byte[] mixed = write.bytes.clone();
            for (int at = 0; at < mixed.length; ) {
                int count = (int) Math.min(mixed.length - at, SECTOR - (write.position + at) % SECTOR);
                if (random.nextBoolean()) {
                    System.arraycopy(old.array(), at, mixed, at, count);
                }
                at += count;
            }
            return new Write(write.position, mixed);
        }

        private static void apply(MemoryByteStore store, Step step) throws IOException {
            switch (step) {
                case Write write -> store.write(ByteBuffer.wrap(write.bytes), write.position);
                case Truncate truncate -> store.truncate(truncate.size);
                case Punch punch -> store.punchHole(punch.position, punch.length);
                case Flush flush -> {}
            }
        }
    }
}
