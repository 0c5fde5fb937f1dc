// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.memory.HostMemory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * The pages of RAM that writes reach directly, with copies of what was in them before compiled code ran and after it. They are few,
 * because each is copied before each run and looked through after it.
 */
final class PageImages {
    private static final int PAGE = 4096;
    private static final int MOST_DESCRIBED = 64;

    private final int most;
    private final LongConsumer evicted;
    private final List<Image> images = new ArrayList<>();
    private long clock;

    /** One page. */
    private static final class Image {
        final long host;
        final long physical;
        final MemorySegment before = MemorySegment.ofArray(new byte[PAGE]);
        final MemorySegment compiled = MemorySegment.ofArray(new byte[PAGE]);

        /** Compiled code left the page otherwise than it found it: {@link #compiled} is how. */
        boolean changed;

        long lastUse;

        Image(long host, long physical) {
            this.host = host;
            this.physical = physical;
        }

        void copyTo(MemorySegment copy) {
            MemorySegment.copy(HostMemory.ALL, host, copy, 0, PAGE);
        }

        void restore() {
            MemorySegment.copy(before, 0, HostMemory.ALL, host, PAGE);
        }

        boolean differsFrom(MemorySegment copy) {
            return MemorySegment.mismatch(HostMemory.ALL, host, host + PAGE, copy, 0, PAGE) >= 0;
        }

        MemorySegment afterCompiled() {
            return changed ? compiled : before;
        }
    }

    /** Keeps {@code most} pages at most and tells {@code evicted} the host addresses of those that it gives up. */
    PageImages(int most, LongConsumer evicted) {
        this.most = most;
        this.evicted = evicted;
    }

    /** A page may be written from now on. It has not been since {@link #takeBefore}, if that was called. */
    void add(long host, long physical) {
        if (isKept(host)) {
            return;
        }
        makeRoom(most - 1);
        images.add(new Image(host, physical));
        images.getLast().lastUse = ++clock;
    }

    /** The same between {@link #takeBefore} and the comparison, which needs every page. */
    void addLate(long host, long physical) {
        if (!isKept(host)) {
            Image image = new Image(host, physical);
            image.copyTo(image.before);
            image.lastUse = ++clock;
            images.add(image);
        }
    }

    private boolean isKept(long host) {
        for (Image image : images) {
            if (image.host == host) {
                return true;
            }
        }
        return false;
    }

    private void makeRoom(int wanted) {
        while (images.size() > wanted) {
            Image oldest = images.stream()
                    .min(Comparator.comparingLong(image -> image.lastUse))
                    .orElseThrow();
            images.remove(oldest);
            evicted.accept(oldest.host);
        }
    }

    /** Copies what is in the pages. */
    void takeBefore() {
        makeRoom(most);
        for (Image image : images) {
            image.copyTo(image.before);
            image.changed = false;
        }
    }

    /** Copies what has changed since {@link #takeBefore}, and puts back what was there. */
    void takeCompiledAndUndo() {
        for (Image image : images) {
            image.changed = image.differsFrom(image.before);
            if (image.changed) {
                image.copyTo(image.compiled);
                image.lastUse = ++clock;
                image.restore();
            }
        }
    }

    /** Puts back what was there at {@link #takeBefore}. */
    void undo() {
        for (Image image : images) {
            if (image.differsFrom(image.before)) {
                image.restore();
            }
        }
    }

    /** Has the same been written again since {@link #takeCompiledAndUndo}? */
    boolean isAsCompiled() {
        for (Image image : images) {
            if (image.differsFrom(image.afterCompiled())) {
                return false;
            }
        }
        return true;
    }

    /** One line for each aligned 8 bytes that are otherwise than compiled code left them. */
    String describe() {
        StringBuilder text = new StringBuilder();
        int described = 0;
        for (Image image : images) {
            byte[] now = new byte[PAGE];
            image.copyTo(MemorySegment.ofArray(now));
            byte[] before = image.before.toArray(HostMemory.BYTE);
            byte[] compiled = image.afterCompiled().toArray(HostMemory.BYTE);
            for (int at = 0; at < PAGE && described < MOST_DESCRIBED; at += 8) {
                String interpreted = hex(now, at);
                if (!interpreted.equals(hex(compiled, at))) {
                    described++;
                    text.append(String.format(
                            "  bytes at physical %x were %s, interpreted %s, compiled %s <---%n",
                            image.physical + at, hex(before, at), interpreted, hex(compiled, at)));
                }
            }
        }
        return text.toString();
    }

    private static String hex(byte[] bytes, int at) {
        return HexFormat.of().formatHex(bytes, at, at + 8);
    }
}
