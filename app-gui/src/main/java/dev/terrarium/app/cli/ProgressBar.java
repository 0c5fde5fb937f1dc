// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import dev.terrarium.engine.Progress;
import java.io.PrintWriter;
import java.util.Locale;

/** A bar that is drawn over itself, and a line end when all is done. */
final class ProgressBar implements Progress {
    private static final int WIDTH = 40;
    private static final long STEP_NANOS = 100_000_000;

    private final PrintWriter errors;
    private final long start = System.nanoTime();
    private long drawn;

    ProgressBar(PrintWriter errors) {
        this.errors = errors;
    }

    @Override
    public synchronized boolean at(long done, long total) {
        long now = System.nanoTime();
        if (done < total && now - drawn < STEP_NANOS) {
            return true;
        }
        drawn = now;
        double share = total == 0 ? 1 : (double) done / total;
        double seconds = Math.max(1e-3, (now - start) / 1e9);
        int filled = (int) (share * WIDTH);
        errors.print(String.format(
                Locale.ROOT,
                "\r[%s%s] %5.1f %%  %s/s  %.0f s left ",
                "#".repeat(filled),
                " ".repeat(WIDTH - filled),
                share * 100,
                Units.bytes((long) (done / seconds)),
                share == 0 ? 0 : seconds / share - seconds));
        if (done >= total) {
            errors.println();
        }
        errors.flush();
        return true;
    }
}
