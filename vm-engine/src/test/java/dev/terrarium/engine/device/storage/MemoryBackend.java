// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.storage;

import dev.terrarium.engine.device.StorageBackend;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;

/** A medium in memory whose requests end when the test says so. */
public final class MemoryBackend implements StorageBackend {
    public final byte[] content;
    public final Deque<Runnable> outstanding = new ArrayDeque<>();
    public boolean failing;
    public boolean readOnly;
    public boolean discarding;
    public int flushes;

    public MemoryBackend(int size) {
        content = new byte[size];
        for (int i = 0; i < size; i++) {
            content[i] = (byte) (i / 512 * 31 + i);
        }
    }

    /** Ends every request, and those that follow from it. */
    public void drain() {
        while (!outstanding.isEmpty()) {
            outstanding.remove().run();
        }
    }

    @Override
    public long size() {
        return content.length;
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    public void read(long position, byte[] target, int offset, int length, Completion completion) {
        outstanding.add(() -> {
            boolean ok = !failing && length >= 0 && position >= 0 && position + length <= content.length;
            if (ok) {
                System.arraycopy(content, (int) position, target, offset, length);
            }
            completion.done(ok);
        });
    }

    @Override
    public void write(long position, byte[] source, int offset, int length, Completion completion) {
        outstanding.add(() -> {
            boolean ok = !failing && length >= 0 && position >= 0 && position + length <= content.length;
            if (ok && !discarding) {
                System.arraycopy(source, offset, content, (int) position, length);
            }
            completion.done(ok);
        });
    }

    @Override
    public void writeZeroes(long position, long length, boolean release, Completion completion) {
        outstanding.add(() -> {
            boolean ok = !failing && length >= 0 && position >= 0 && position + length <= content.length;
            if (ok && !discarding) {
                Arrays.fill(content, (int) position, (int) (position + length), (byte) 0);
            }
            completion.done(ok);
        });
    }

    @Override
    public void discard(long position, long length, Completion completion) {
        writeZeroes(position, length, true, completion);
    }

    @Override
    public void flush(Completion completion) {
        outstanding.add(() -> {
            flushes++;
            completion.done(!failing);
        });
    }
}
