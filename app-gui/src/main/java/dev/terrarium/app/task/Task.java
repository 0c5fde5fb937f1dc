// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.task;

import dev.terrarium.engine.Progress;
import java.time.Instant;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;

/**
 * One piece of long work. The work itself only stores how far it is and asks whether to go on; what the window shows is
 * taken from there by {@link Tasks#refresh}, so that work is never slowed down by the window.
 */
public final class Task {
    private final String title;
    private final boolean cancellable;
    private final Instant started;
    private final long startNanos;
    private final Rate rate;
    private final ReadOnlyObjectWrapper<Status> status;
    private final CompletableFuture<State> end = new CompletableFuture<>();
    private final AtomicLong done = new AtomicLong();
    private final AtomicLong total = new AtomicLong();
    private volatile boolean cancelled;

    /** What became of it. */
    public enum State {
        RUNNING,
        /** It was told to stop and has not yet. */
        CANCELLING,
        DONE,
        FAILED,
        CANCELLED;

        /** Has it ended? */
        public boolean ended() {
            return this == DONE || this == FAILED || this == CANCELLED;
        }
    }

    /**
     * What there is to show.
     *
     * @param done and {@code total}: bytes; a total of 0 is not known
     * @param bytesPerSecond smoothed; empty as long as it is not known, and when it has ended
     * @param nanosLeft empty if it is not known
     * @param nanos how long it has taken until now
     * @param reason why it failed, one line; else empty
     */
    public record Status(
            State state,
            long done,
            long total,
            OptionalLong bytesPerSecond,
            OptionalLong nanosLeft,
            long nanos,
            String reason) {
        /** Between 0 and 1; negative if nobody knows. */
        public double share() {
            if (state == State.DONE) {
                return 1;
            }
            return total <= 0 ? -1 : Math.clamp((double) done / total, 0, 1);
        }
    }

    Task(String title, boolean cancellable, long nowNanos) {
        this.title = title;
        this.cancellable = cancellable;
        startNanos = nowNanos;
        started = Instant.now();
        rate = new Rate(nowNanos);
        status = new ReadOnlyObjectWrapper<>(
                new Status(State.RUNNING, 0, 0, OptionalLong.empty(), OptionalLong.empty(), 0, ""));
    }

    /** What it does, for a person: {@code Convert disk1.vmdk to qcow2}. */
    public String title() {
        return title;
    }

    /** Can it be told to stop? */
    public boolean cancellable() {
        return cancellable;
    }

    public Instant started() {
        return started;
    }

    /** Changes on the window's thread. */
    public ReadOnlyObjectProperty<Status> statusProperty() {
        return status.getReadOnlyProperty();
    }

    public Status status() {
        return status.get();
    }

    /** Tells it to stop; it does so when it next says how far it is. Called on the window's thread. */
    public void cancel() {
        if (cancellable && status.get().state() == State.RUNNING) {
            cancelled = true;
            Status now = status.get();
            status.set(new Status(
                    State.CANCELLING,
                    now.done(),
                    now.total(),
                    OptionalLong.empty(),
                    OptionalLong.empty(),
                    now.nanos(),
                    ""));
        }
    }

    boolean cancelled() {
        return cancelled;
    }

    /** What the work tells its progress to; may be called from any thread. */
    Progress progress() {
        return (bytes, ofBytes) -> {
            total.set(ofBytes);
            done.set(bytes);
            return !cancelled;
        };
    }

    /** Completed, on the window's thread, when it has ended and its status says so. */
    CompletableFuture<State> end() {
        return end;
    }

    void refresh(long nanos) {
        State state = status.get().state();
        if (state.ended()) {
            return;
        }
        long bytes = done.get();
        long ofBytes = total.get();
        rate.sample(bytes, nanos);
        boolean running = state == State.RUNNING;
        status.set(new Status(
                state,
                bytes,
                ofBytes,
                running ? rate.bytesPerSecond() : OptionalLong.empty(),
                running ? rate.nanosLeft(ofBytes) : OptionalLong.empty(),
                nanos - startNanos,
                ""));
    }

    void end(State state, String reason, long nanos) {
        status.set(new Status(
                state,
                done.get(),
                total.get(),
                OptionalLong.empty(),
                OptionalLong.empty(),
                nanos - startNanos,
                reason));
        end.complete(state);
    }
}
