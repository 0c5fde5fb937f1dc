// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.task;

import dev.terrarium.engine.Progress;
import dev.terrarium.engine.TerrariumException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import javafx.beans.property.ReadOnlyIntegerProperty;
import javafx.beans.property.ReadOnlyIntegerWrapper;
import javafx.collections.FXCollections;
import javafx.collections.ObservableList;

/** The long work of this process: what runs, and what has ended lately. Used on the window's thread, but for {@link #awaitEnd}. */
public final class Tasks {
    private static final int MOST_ENDED = 50;

    private final Executor background;
    private final Executor window;
    private final LongSupplier clock;
    private final ObservableList<Task> all = FXCollections.observableArrayList();
    private final ReadOnlyIntegerWrapper running = new ReadOnlyIntegerWrapper();

    /** Long work. It may fail in a way that a person can understand. */
    @FunctionalInterface
    public interface Job {
        void perform(Progress progress) throws TerrariumException;
    }

    /** Work whose end cannot be foreseen, and which cannot be stopped on its way. */
    @FunctionalInterface
    public interface Whole {
        void perform() throws TerrariumException;
    }

    /**
     * @param background runs work
     * @param window runs what touches properties
     * @param clock of {@link System#nanoTime}
     */
    public Tasks(Executor background, Executor window, LongSupplier clock) {
        this.background = background;
        this.window = window;
        this.clock = clock;
    }

    /** Begins work that says how far it is and can be cancelled. */
    public Task start(String title, Job job, Runnable done) {
        return start(new Task(title, true, clock.getAsLong()), job, done);
    }

    /** Begins work that runs to its end. */
    public Task startWhole(String title, Whole work, Runnable done) {
        return start(new Task(title, false, clock.getAsLong()), progress -> work.perform(), done);
    }

    /** @param done called on the window's thread if it went well */
    private Task start(Task task, Job job, Runnable done) {
        all.addFirst(task);
        count();
        background.execute(() -> {
            Task.State state = Task.State.FAILED;
            String reason = "it ended unexpectedly: the log says more";
            try {
                job.perform(task.progress());
                state = Task.State.DONE;
                reason = "";
            } catch (TerrariumException e) {
                state = task.cancelled() ? Task.State.CANCELLED : Task.State.FAILED;
                reason = task.cancelled() ? "" : e.getMessage();
            } finally {
                Task.State ended = state;
                String why = reason;
                window.execute(() -> ended(task, ended, why, done));
            }
        });
        return task;
    }

    private void ended(Task task, Task.State state, String reason, Runnable done) {
        task.end(state, reason, clock.getAsLong());
        all.stream()
                .filter(each -> each.status().state().ended())
                .skip(MOST_ENDED)
                .toList()
                .forEach(all::remove);
        count();
        if (state == Task.State.DONE) {
            done.run();
        }
    }

    private void count() {
        running.set(running().size());
    }

    /** All of them, the latest first. */
    public ObservableList<Task> all() {
        return all;
    }

    /** Those that have not ended, the latest first. */
    public List<Task> running() {
        return all.stream().filter(task -> !task.status().state().ended()).toList();
    }

    /** How many have not ended. */
    public ReadOnlyIntegerProperty runningProperty() {
        return running.getReadOnlyProperty();
    }

    /** Takes over how far the work is; to be called a few times a second. */
    public void refresh() {
        long now = clock.getAsLong();
        running().forEach(task -> task.refresh(now));
    }

    /** Forgets those that have ended. */
    public void clearEnded() {
        all.removeIf(task -> task.status().state().ended());
    }

    /** Tells all that can be stopped to stop. */
    public void cancelAll() {
        running().forEach(Task::cancel);
    }

    /**
     * Waits until those that run now have ended; not on the window's thread.
     *
     * @param those what to wait for
     * @return whether they have
     */
    public static boolean awaitEnd(List<Task> those, long timeout, TimeUnit unit) throws InterruptedException {
        CompletableFuture<?> ends =
                CompletableFuture.allOf(those.stream().map(Task::end).toArray(CompletableFuture<?>[]::new));
        try {
            ends.get(timeout, unit);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException("ends of tasks do not fail", e);
        }
    }
}
