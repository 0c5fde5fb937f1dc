// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.TreeMap;

/** Bytes in memory, by pages; a page that nothing was written to is a hole. */
public final class MemoryByteStore implements ByteStore {
    private static final int PAGE = 4096;

    private final TreeMap<Long, byte[]> pages = new TreeMap<>();
    private long size;

    /** Another store with the same bytes. */
    public synchronized MemoryByteStore copy() {
        MemoryByteStore copy = new MemoryByteStore();
        pages.forEach((number, page) -> copy.pages.put(number, page.clone()));
        copy.size = size;
        return copy;
    }

    @Override
    public synchronized long size() {
        return size;
    }

    @Override
    public synchronized void read(ByteBuffer target, long position) {
        long at = position;
        while (target.hasRemaining()) {
            int inPage = (int) (at % PAGE);
            int count = Math.min(target.remaining(), PAGE - inPage);
            byte[] page = pages.get(at / PAGE);
            target.put(page == null ? new byte[PAGE] : page, inPage, count);
            at += count;
        }
    }

    @Override
    public synchronized void write(ByteBuffer source, long position) throws IOException {
        if (position < 0) {
            throw new IOException("written at " + position);
        }
        long at = position;
        while (source.hasRemaining()) {
            int inPage = (int) (at % PAGE);
            int count = Math.min(source.remaining(), PAGE - inPage);
            source.get(pages.computeIfAbsent(at / PAGE, number -> new byte[PAGE]), inPage, count);
            at += count;
        }
        size = Math.max(size, at);
    }

    @Override
    public void flush() {}

    @Override
    public synchronized void truncate(long newSize) {
        if (newSize < size) {
            clear(newSize, size - newSize);
        }
        size = newSize;
    }

    @Override
    public synchronized void punchHole(long position, long length) {
        clear(position, Math.min(length, size - position));
    }

    private void clear(long position, long length) {
        long end = position + length;
        for (long at = position; at < end; ) {
            Map.Entry<Long, byte[]> next = pages.ceilingEntry(at / PAGE);
            if (next == null || next.getKey() * PAGE >= end) {
                return;
            }
            long first = Math.max(at, next.getKey() * PAGE);
            long last = Math.min(end, (next.getKey() + 1) * PAGE);
            if (last - first == PAGE) {
                pages.remove(next.getKey());
            } else {
                java.util.Arrays.fill(
                        next.getValue(), (int) (first % PAGE), (int) (last - 1 - first / PAGE * PAGE) + 1, (byte) 0);
            }
            at = last;
        }
    }

    @Override
    public synchronized long nextData(long position) {
        Long page = pages.ceilingKey(position / PAGE);
        return page == null ? size : Math.min(size, Math.max(position, page * PAGE));
    }

    @Override
    public synchronized long nextHole(long position) {
        long page = position / PAGE;
        while (pages.containsKey(page)) {
            page++;
        }
        return Math.min(size, Math.max(position, page * PAGE));
    }

    @Override
    public void close() {}
}
