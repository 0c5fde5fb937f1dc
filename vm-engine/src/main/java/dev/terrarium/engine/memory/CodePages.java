// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.memory;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/**
 * Which pages of RAM which processors hold decoded code of, so that a write to one of them is noticed. A processor's
 * write path and every device that writes to memory ask {@link #isCode} after the write and report it by {@link #written}.
 *
 * <p>A page that nobody held code of is marked while no processor executes, see {@link #markBy}: afterwards none can write
 * to it unnoticed, so what is read from it then stays true until {@link Listener#codeWritten}.
 */
public final class CodePages {
    /** One bit a processor. */
    public static final int MOST_LISTENERS = 8;

    private static final VarHandle MARKS = MethodHandles.arrayElementVarHandle(byte[].class);

    private final byte[] marks;
    private final List<Listener> listeners = new CopyOnWriteArrayList<>();

    /** For physical addresses below {@code top}. */
    public CodePages(long top) {
        marks = new byte[(int) ((top + 4095) >>> 12)];
    }

    /**
     * Adds a processor's side; returns the bit that stands for it in {@link #markBy} and {@link #clear}.
     *
     * @throws IllegalStateException if there are {@link #MOST_LISTENERS} already
     */
    public synchronized int addListener(Listener listener) {
        if (listeners.size() == MOST_LISTENERS) {
            throw new IllegalStateException("code pages tell at most " + MOST_LISTENERS + " processors apart");
        }
        listeners.add(listener);
        return 1 << listeners.size() - 1;
    }

    /** The physical address where the RAM ends of which it tells. */
    long end() {
        return (long) marks.length << 12;
    }

    /** Can writes to this page be noticed at all? Only then may code from it be kept. */
    public boolean tracks(long physical) {
        return physical >>> 12 < marks.length;
    }

    public boolean isCode(long physical) {
        long page = physical >>> 12;
        return page < marks.length && (byte) MARKS.getOpaque(marks, (int) page) != 0;
    }

    /** Does the processor of that bit hold code of the page? */
    public boolean isCodeOf(long physical, int bit) {
        return ((byte) MARKS.getOpaque(marks, (int) (physical >>> 12)) & bit) != 0;
    }

    /**
     * A processor now keeps code of this page: every processor drops its direct write path to it.
     *
     * @param bit which processor
     * @param alone runs an action while no other processor executes
     */
    public void markBy(int bit, long physical, Consumer<Runnable> alone) {
        int page = (int) (physical >>> 12);
        byte known;
        while ((known = (byte) MARKS.getVolatile(marks, page)) != 0) {
            if (MARKS.compareAndSet(marks, page, known, (byte) (known | bit))) {
                return;
            }
        }
        alone.accept(() -> {
            if ((byte) MARKS.getAndBitwiseOr(marks, page, (byte) bit) == 0) {
                for (Listener listener : listeners) {
                    listener.pageMarked(physical & ~4095L);
                }
            }
        });
    }

    /** The processor of that bit keeps no code of this page any more. */
    public void clear(long physical, int bit) {
        MARKS.getAndBitwiseAnd(marks, (int) (physical >>> 12), (byte) ~bit);
    }

    /** {@code length} bytes at {@code physical} were written, inside one page that {@link #isCode}. */
    public void written(long physical, int length) {
        for (Listener listener : listeners) {
            listener.codeWritten(physical, length);
        }
    }

    /** A processor's side of it. */
    public interface Listener {
        /** Called on the thread of the processor that marks, while no other executes. */
        void pageMarked(long physicalPage);

        /** Called on the thread that wrote. */
        void codeWritten(long physical, int length);
    }
}
