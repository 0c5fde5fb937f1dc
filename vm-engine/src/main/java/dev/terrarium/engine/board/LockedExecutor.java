// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

import java.util.concurrent.Executor;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Runs what comes from other threads, such as the end of a disk request, with the board's lock held.
 *
 * @param ran signalled after each
 */
record LockedExecutor(ReentrantLock lock, Condition ran) implements Executor {
    @Override
    public void execute(Runnable action) {
        lock.lock();
        try {
            action.run();
            ran.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
