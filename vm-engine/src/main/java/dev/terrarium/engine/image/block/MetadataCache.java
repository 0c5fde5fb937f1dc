// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.block;

import dev.terrarium.engine.image.ByteStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The tables of an image, by pages of its store. What is put stays here until a {@link Batch} takes it to the store, by
 * sectors of 512 bytes: an aligned entry is never torn, and nothing beside a table is written. Pages that wait for that
 * are kept whatever the limit is. May be used by several threads at once.
 */
public final class MetadataCache {
    private static final int PAGE = 4096;
    private static final int SECTOR = 512;

    private final ByteStore store;
    private final ByteOrder order;
    private final int limit;
    private final LinkedHashMap<Long, Page> pages = new LinkedHashMap<>(64, 0.75f, true);
    private int waiting;

    /** @param bytes how much to keep at most; some pages at least are kept */
    public MetadataCache(ByteStore store, ByteOrder order, long bytes) {
        this.store = store;
        this.order = order;
        this.limit = (int) Math.max(16, bytes / PAGE);
    }

    private static final class Page {
        private final ByteBuffer bytes;
        private int dirty;
        private int underWay;

        Page(ByteBuffer bytes) {
            this.bytes = bytes;
        }

        boolean needed() {
            return dirty != 0 || underWay > 0;
        }
    }

    private Page page(long position) throws IOException {
        long number = position / PAGE;
        Page page = pages.get(number);
        if (page == null) {
            ByteBuffer bytes = ByteBuffer.allocate(PAGE).order(order);
            store.read(bytes, number * PAGE);
            page = new Page(bytes.clear());
            pages.put(number, page);
            evict();
        }
        return page;
    }

    private void evict() {
        Iterator<Map.Entry<Long, Page>> eldest = pages.entrySet().iterator();
        while (pages.size() > limit && eldest.hasNext()) {
            if (!eldest.next().getValue().needed()) {
                eldest.remove();
            }
        }
    }

    private void mark(Page page, int offset) {
        if (page.dirty == 0) {
            waiting++;
        }
        page.dirty |= 1 << offset / SECTOR;
    }

    /** The number at a position, which is a multiple of 4. */
    public synchronized int getInt(long position) throws IOException {
        return page(position).bytes.getInt((int) (position % PAGE));
    }

    /** The number at a position, which is a multiple of 8. */
    public synchronized long getLong(long position) throws IOException {
        return page(position).bytes.getLong((int) (position % PAGE));
    }

    /** The byte at a position. */
    public synchronized byte get(long position) throws IOException {
        return page(position).bytes.get((int) (position % PAGE));
    }

    /** Changes the number at a position, which is a multiple of 4. */
    public synchronized void putInt(long position, int value) throws IOException {
        Page page = page(position);
        int offset = (int) (position % PAGE);
        page.bytes.putInt(offset, value);
        mark(page, offset);
    }

    /** Changes the number at a position, which is a multiple of 8. */
    public synchronized void putLong(long position, long value) throws IOException {
        Page page = page(position);
        int offset = (int) (position % PAGE);
        page.bytes.putLong(offset, value);
        mark(page, offset);
    }

    /** Changes a range to one value. */
    public synchronized void fill(long position, int length, byte value) throws IOException {
        for (int i = 0; i < length; i++) {
            Page page = page(position + i);
            int offset = (int) ((position + i) % PAGE);
            page.bytes.put(offset, value);
            mark(page, offset);
        }
    }

    /** Whether more than half of the pages wait for a batch. */
    public synchronized boolean crowded() {
        return waiting > limit / 2;
    }

    /** Takes what was put since the last batch. */
    public synchronized Batch take() {
        List<Batch.Part> parts = new ArrayList<>(waiting);
        pages.forEach((number, page) -> {
            if (page.dirty != 0) {
                parts.add(new Batch.Part(
                        number * PAGE, page.dirty, page.bytes.array().clone()));
                page.dirty = 0;
                page.underWay++;
            }
        });
        waiting = 0;
        parts.sort((a, b) -> Long.compare(a.position, b.position));
        return new Batch(this, parts);
    }

    private synchronized void finish(Batch batch, boolean success) {
        for (Batch.Part part : batch.parts) {
            Page page = pages.get(part.position / PAGE);
            if (page == null) {
                throw new IllegalStateException("a page under way was dropped");
            }
            page.underWay--;
            if (!success) {
                if (page.dirty == 0) {
                    waiting++;
                }
                page.dirty |= part.sectors;
            }
        }
        evict();
    }

    /** Changed sectors on their way to the store, as they were when they were taken. */
    public static final class Batch {
        private final MetadataCache cache;
        private final List<Part> parts;

        private Batch(MetadataCache cache, List<Part> parts) {
            this.cache = cache;
            this.parts = parts;
        }

        private record Part(long position, int sectors, byte[] bytes) {}

        /** Whether nothing was changed. */
        public boolean empty() {
            return parts.isEmpty();
        }

        /** Pages changed. */
        public int size() {
            return parts.size();
        }

        /** Position of a changed page. */
        public long position(int index) {
            return parts.get(index).position;
        }

        /** All 4096 bytes of a changed page. */
        public byte[] bytes(int index) {
            return parts.get(index).bytes.clone();
        }

        /** Writes the changed sectors of all pages; not durable yet. */
        public void write() throws IOException {
            write(0, parts.size());
        }

        /** Writes the changed sectors of some pages; not durable yet. */
        public void write(int from, int to) throws IOException {
            for (Part part : parts.subList(from, to)) {
                int sector = 0;
                while (sector < PAGE / SECTOR) {
                    int end = sector;
                    while ((part.sectors & 1 << end) != 0) {
                        end++;
                    }
                    if (end > sector) {
                        cache.store.write(
                                ByteBuffer.wrap(part.bytes, sector * SECTOR, (end - sector) * SECTOR),
                                part.position + (long) sector * SECTOR);
                    }
                    sector = end + 1;
                }
            }
        }

        /** Once, at the end: the sectors are on the store, or they wait again. */
        public void finish(boolean success) {
            cache.finish(this, success);
        }
    }
}
