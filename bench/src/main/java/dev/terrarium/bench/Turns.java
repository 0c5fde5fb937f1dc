// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Sees to it that one engine works at a time: the other's machine is paused or off, and its process has come to rest. */
final class Turns {
    private static final int WINDOW_MILLIS = 200;
    private static final int LONGEST_WINDOWS = 100;
    /** Two ticks of /proc: a tenth of a core. */
    private static final double REST_SECONDS = 0.02;

    private @Nullable Side active;
    private int restless;

    /** Gives a side the host; returns when the other rests. Its machine may be off. */
    void give(Side side) throws BenchException, IOException, InterruptedException {
        if (active != null && active != side) {
            active.pause();
            Process process = active.process();
            if (process != null) {
                awaitRest(process);
            }
        }
        active = side;
    }

    /** How often a process still worked 20 s after it was stopped: it may have slowed the other down. */
    int restless() {
        return restless;
    }

    private void awaitRest(Process process) throws IOException, InterruptedException {
        for (int window = 0; window < LONGEST_WINDOWS && process.isAlive(); window++) {
            double before = ProcessFigures.processorSeconds(process.pid(), false);
            Thread.sleep(WINDOW_MILLIS);
            if (!process.isAlive() || ProcessFigures.processorSeconds(process.pid(), false) - before <= REST_SECONDS) {
                return;
            }
        }
        if (process.isAlive()) {
            restless++;
        }
    }
}
