// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.engine.TerrariumException;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/**
 * Does what takes a while away from the window's thread, and tells the window how it went.
 *
 * @param background runs work
 * @param window runs what touches properties
 * @param notices told on the window's thread
 */
record Work(Executor background, Executor window, Consumer<Notice> notices) {

    /** Work that can fail in a way a person can understand. */
    @FunctionalInterface
    interface Action {
        void perform() throws TerrariumException;
    }

    /** Performs {@code action} in the background; then, on the window's thread, one of the other two. */
    void run(Action action, Runnable done, Consumer<String> failed) {
        background.execute(() -> {
            try {
                action.perform();
                window.execute(done);
            } catch (TerrariumException e) {
                window.execute(() -> failed.accept(e.getMessage()));
            }
        });
    }

    void tell(Notice notice) {
        notices.accept(notice);
    }
}
