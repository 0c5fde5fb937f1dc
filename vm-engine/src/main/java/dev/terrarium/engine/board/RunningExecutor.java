// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;

/** Runs what comes from outside, such as a frame for a network card, with the board's lock held; while time stands still it runs nothing. */
record RunningExecutor(ReentrantLock lock, BoardClock clock) implements Executor {
    @Override
    public void execute(Runnable action) {
        lock.lock();
        try {
            if (clock.running()) {
                action.run();
            }
        } finally {
            lock.unlock();
        }
    }
}
