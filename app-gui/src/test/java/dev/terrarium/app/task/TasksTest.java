// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.engine.Progress;
import dev.terrarium.engine.TerrariumException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The list of long work, with a clock by hand and work that is done when the test says so. */
class TasksTest {
    private static final long MIB = 1 << 20;

    private final List<Runnable> background = new ArrayList<>();
    private final List<String> ends = new ArrayList<>();
    private long nanos = 1_000_000;
    private final Tasks tasks = new Tasks(background::add, Runnable::run, () -> nanos);

    private void seconds(double seconds) {
        nanos += (long) (seconds * 1e9);
    }

    private Task begin(Tasks.Job job) {
        return tasks.start("copy", job, () -> ends.add("done"));
    }

    private void work() {
        background.removeFirst().run();
    }

    @Test
    void whatWasDoneLastIsFirstAndTheCountFollows() {
        Task first = begin(progress -> {});
        Task second = begin(progress -> {});
        assertThat(tasks.all()).containsExactly(second, first);
        assertThat(tasks.runningProperty().get()).isEqualTo(2);
        work();
        assertThat(first.status().state()).isEqualTo(Task.State.DONE);
        assertThat(first.status().share()).isEqualTo(1);
        assertThat(tasks.running()).containsExactly(second);
        assertThat(tasks.runningProperty().get()).isEqualTo(1);
        assertThat(ends).containsExactly("done");
        tasks.clearEnded();
        assertThat(tasks.all()).containsExactly(second);
    }

    @Test
    void aFailureKeepsItsReason() {
        Task task = begin(progress -> {
            throw new TerrariumException("the disk is full: make room");
        });
        work();
        assertThat(task.status().state()).isEqualTo(Task.State.FAILED);
        assertThat(task.status().reason()).isEqualTo("the disk is full: make room");
        assertThat(ends).isEmpty();
    }

    @Test
    void aBugInTheWorkEndsTheTaskToo() {
        Task task = begin(progress -> {
            throw new IllegalStateException("a bug");
        });
        assertThatThrownBy(this::work).isInstanceOf(IllegalStateException.class);
        assertThat(task.status().state()).isEqualTo(Task.State.FAILED);
        assertThat(task.status().reason()).contains("log");
    }

    @Test
    void cancelledWorkIsToldAndEndsAsCancelled() {
        Task task = begin(progress -> {
            if (!progress.at(1, 10)) {
                throw new TerrariumException("it was cancelled: start it again");
            }
        });
        task.cancel();
        assertThat(task.status().state()).isEqualTo(Task.State.CANCELLING);
        tasks.refresh();
        assertThat(task.status().state()).isEqualTo(Task.State.CANCELLING);
        work();
        assertThat(task.status().state()).isEqualTo(Task.State.CANCELLED);
        assertThat(task.status().reason()).isEmpty();
    }

    @Test
    void workThatWasReadyBeforeItHeardOfTheCancelIsDone() {
        Task task = begin(progress -> {});
        task.cancel();
        work();
        assertThat(task.status().state()).isEqualTo(Task.State.DONE);
    }

    @Test
    void wholeWorkCannotBeCancelled() {
        Task task = tasks.startWhole("resize", () -> {}, () -> {});
        task.cancel();
        assertThat(task.status().state()).isEqualTo(Task.State.RUNNING);
        assertThat(task.status().share()).isNegative();
    }

    @Test
    void rateAndTimeLeftAreSmoothed() {
        Task shown = new Task("copy", true, nanos);
        Progress progress = shown.progress();
        progress.at(0, 1000 * MIB);
        shown.refresh(nanos);
        assertThat(shown.status().bytesPerSecond()).isEmpty();
        for (int second = 1; second <= 10; second++) {
            seconds(1);
            progress.at(second * 50 * MIB, 1000 * MIB);
            shown.refresh(nanos);
        }
        assertThat(shown.status().share()).isEqualTo(0.5);
        assertThat(shown.status().bytesPerSecond()).hasValue(50 * MIB);
        assertThat(shown.status().nanosLeft()).hasValue(10_000_000_000L);
        seconds(1);
        shown.refresh(nanos);
        assertThat(shown.status().bytesPerSecond().orElse(0))
                .as("a second without progress")
                .isBetween(30 * MIB, 40 * MIB);
    }

    @Test
    void aSecondPhaseThatStartsAgainDoesNotGoBackwards() {
        Task task = new Task("copy", true, nanos);
        task.progress().at(900, 1000);
        seconds(1);
        task.refresh(nanos);
        task.progress().at(10, 1000);
        seconds(1);
        task.refresh(nanos);
        assertThat(task.status().bytesPerSecond()).isEmpty();
        assertThat(task.status().nanosLeft()).isEmpty();
    }

    @Test
    void theHistoryIsBounded() {
        for (int i = 0; i < 120; i++) {
            begin(progress -> {});
        }
        Task last = tasks.all().getFirst();
        while (!background.isEmpty()) {
            work();
        }
        assertThat(tasks.all()).hasSize(50).first().isEqualTo(last);
    }

    @Test
    void theEndCanBeWaitedFor() throws Exception {
        begin(progress -> {});
        List<Task> running = tasks.running();
        assertThat(Tasks.awaitEnd(running, 1, TimeUnit.MILLISECONDS)).isFalse();
        work();
        assertThat(Tasks.awaitEnd(running, 1, TimeUnit.MILLISECONDS)).isTrue();
    }
}
