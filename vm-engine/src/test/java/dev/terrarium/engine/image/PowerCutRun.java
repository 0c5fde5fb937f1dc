// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;

/**
 * A guest at work on an image above a {@link PowerCutStore}, and afterwards a look at what a cut after any step would have
 * left: each sector is as the last flush before the cut found it, or as something later made it.
 */
public final class PowerCutRun {
    private static final int SECTOR = 512;

    /** What a format does for this test. */
    public interface Subject {
        /** Opens the image for writing; a store that is closed stays usable. */
        DiskImage open(ByteStore store) throws Exception;

        /** Judges what a cut left, before and after it was opened and closed. */
        void judge(MemoryByteStore left, boolean opened) throws Exception;

        /** Something of the format's own, now and then. */
        default void special(DiskImage disk, PowerCutRun run) throws Exception {}
    }

    /** @param flushed values that are told durable when the store had made {@code steps} steps */
    private record Flush(int steps, int values) {}

    private final Subject subject;
    private final Random random;
    private final PowerCutStore store;
    private final byte[] now;
    private final List<List<long[]>> history = new ArrayList<>();
    private final List<Flush> flushes = new ArrayList<>();
    private int values;

    public PowerCutRun(Subject subject, MemoryByteStore image, byte[] content, Random random) {
        this.subject = subject;
        this.random = random;
        this.store = new PowerCutStore(image);
        this.now = content.clone();
        for (int i = 0; i < now.length / SECTOR; i++) {
            history.add(new ArrayList<>());
            note(i, i + 1);
        }
        flushes.add(new Flush(0, values));
    }

    public Random random() {
        return random;
    }

    /** The disk as the guest sees it. */
    public byte[] content() {
        return now;
    }

    private static long hash(byte[] bytes, int from) {
        long hash = 0;
        for (int i = from; i < from + SECTOR; i++) {
            hash = hash * 0x100_0000_01B3L + bytes[i];
        }
        return hash;
    }

    private void note(int first, int end) {
        values++;
        for (int i = first; i < end; i++) {
            history.get(i).add(new long[] {values, hash(now, i * SECTOR)});
        }
    }

    /** The disk's content is another now, or will be when what is under way is done. */
    public void replaced(byte[] content) {
        System.arraycopy(content, 0, now, 0, now.length);
        note(0, now.length / SECTOR);
    }

    /** Everything so far is durable. */
    public void flushed() {
        flushes.add(new Flush(store.steps(), values));
    }

    /** Does so many things to the disk, closing it now and then. */
    public void work(int steps) throws Exception {
        DiskImage disk = subject.open(store);
        for (int i = 0; i < steps; i++) {
            switch (random.nextInt(40)) {
                case 0 -> {
                    disk.close();
                    flushed();
                    disk = subject.open(store);
                }
                case 1, 2, 3, 4, 5 -> {
                    disk.flush();
                    flushed();
                }
                case 6, 7 -> subject.special(disk, this);
                default -> change(disk);
            }
        }
        disk.close();
        flushed();
        // The workload itself must be right.
        DiskImage again = subject.open(store);
        ByteBuffer all = ByteBuffer.allocate(now.length);
        again.read(all, 0);
        assertThat(Arrays.mismatch(all.array(), now)).isEqualTo(-1);
        again.close();
    }

    private void change(DiskImage disk) throws IOException {
        int sectors = now.length / SECTOR;
        int count = 1 + random.nextInt(random.nextInt(4) == 0 ? 60 : 6);
        int first = random.nextInt(sectors);
        count = Math.min(count, sectors - first);
        int position = first * SECTOR;
        int length = count * SECTOR;
        byte[] data = new byte[length];
        int kind = random.nextInt(8);
        if (kind >= 3) {
            random.nextBytes(data);
        }
        byte[] old = Arrays.copyOfRange(now, position, position + length);
        System.arraycopy(data, 0, now, position, length);
        note(first, first + count);
        switch (kind) {
            case 0 -> disk.writeZeroes(position, length, true);
            case 1 -> disk.writeZeroes(position, length, false);
            case 2 -> {
                disk.discard(position, length);
                ByteBuffer back = ByteBuffer.allocate(length);
                disk.read(back, position);
                assertThat(old.length).isEqualTo(back.capacity());
                System.arraycopy(back.array(), 0, now, position, length);
                note(first, first + count);
            }
            default -> disk.write(ByteBuffer.wrap(data), position);
        }
    }

    /** Cuts the power at so many places, and returns at how many. */
    public int cut(int count) throws Exception {
        TreeSet<Integer> places = new TreeSet<>();
        for (int i = 0; i < count; i++) {
            places.add(random.nextInt(store.steps() + 1));
        }
        PowerCutStore.Cuts cuts = store.cuts();
        int flush = 0;
        for (int place : places) {
            while (flush + 1 < flushes.size() && flushes.get(flush + 1).steps <= place) {
                flush++;
            }
            MemoryByteStore left = cuts.after(place, random);
            try {
                subject.judge(left, false);
                DiskImage disk = subject.open(left);
                compare(disk, flushes.get(flush).values);
                disk.close();
                subject.judge(left, true);
            } catch (AssertionError | Exception e) {
                throw new AssertionError("after step " + place + " of " + store.steps() + ": " + e.getMessage(), e);
            }
        }
        return places.size();
    }

    private void compare(DiskImage disk, int durable) throws IOException {
        ByteBuffer all = ByteBuffer.allocate(now.length);
        disk.read(all, 0);
        for (int i = 0; i < history.size(); i++) {
            long hash = hash(all.array(), i * SECTOR);
            boolean good = false;
            List<long[]> values = history.get(i);
            for (int v = values.size() - 1; v >= 0 && !good; v--) {
                good = values.get(v)[1] == hash;
                if (values.get(v)[0] <= durable) {
                    break;
                }
            }
            assertThat(good).as("sector %d", i).isTrue();
        }
    }
}
