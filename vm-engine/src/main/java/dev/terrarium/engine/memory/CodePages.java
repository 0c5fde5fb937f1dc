// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.memory;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Which pages of RAM some processor holds decoded code of, so that a write to one of them is noticed. A processor's
 * write path and every device that writes to memory ask {@link #isCode} first and report the write by {@link #written}.
 */
public final class CodePages {
    private final byte[] marks;
    private final List<Listener> listeners = new CopyOnWriteArrayList<>();

    /** For physical addresses below {@code top}. */
    public CodePages(long top) {
        marks = new byte[(int) ((top + 4095) >>> 12)];
    }

    public void addListener(Listener listener) {
        listeners.add(listener);
    }

    /** Can writes to this page be noticed at all? Only then may code from it be kept. */
    public boolean tracks(long physical) {
        return physical >>> 12 < marks.length;
    }

    public boolean isCode(long physical) {
        long page = physical >>> 12;
        return page < marks.length && marks[(int) page] != 0;
    }

    /** A processor now keeps code of this page: every processor must drop its direct write path to it. */
    public void mark(long physical) {
        int page = (int) (physical >>> 12);
        if (marks[page] == 0) {
            marks[page] = 1;
            for (Listener listener : listeners) {
                listener.pageMarked(physical & ~4095L);
            }
        }
    }

    /** Nobody keeps code of this page any more. */
    public void clear(long physical) {
        marks[(int) (physical >>> 12)] = 0;
    }

    /** {@code length} bytes at {@code physical} were written, inside one page that {@link #isCode}. */
    public void written(long physical, int length) {
        for (Listener listener : listeners) {
            listener.codeWritten(physical, length);
        }
    }

    /** A processor's side of it; called on the thread that marks or writes. */
    public interface Listener {
        void pageMarked(long physicalPage);

        void codeWritten(long physical, int length);
    }
}
