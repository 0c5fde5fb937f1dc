// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.app.task.Task;
import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.Progress;
import dev.terrarium.engine.TerrariumException;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import javafx.scene.Node;
import javafx.scene.control.Button;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Long work in the window: its line, its list, its end, and the window's when it still goes on. */
@Tag("desktop")
class TaskBarTest {
    private static final long GIB = 1L << 30;

    @TempDir
    Path home;

    private WindowRobot robot;

    @BeforeEach
    void people() throws Exception {
        robot = new WindowRobot(home);
        robot.host().add("debian-12", "debian12").in(MachineState.RUNNING);
        robot.host().add("build", "fedora");
        robot.open();
    }

    /** Work that goes on until it is let go or told to stop. */
    private static final class Copy {
        final CountDownLatch go = new CountDownLatch(1);
        final AtomicReference<Progress> progress = new AtomicReference<>();

        void run(Progress told) throws TerrariumException {
            progress.set(told);
            for (long done = 0; ; done += GIB / 100) {
                if (!told.at(Math.min(done, 5 * GIB), 8 * GIB)) {
                    throw new TerrariumException("it was cancelled: start it again");
                }
                try {
                    if (go.await(20, TimeUnit.MILLISECONDS)) {
                        return;
                    }
                } catch (InterruptedException e) {
                    throw new TerrariumException("it was interrupted: start it again", e);
                }
            }
        }
    }

    private Task begin(String title, Copy copy) throws Exception {
        return robot.onWindow(() -> robot.window().model().begin(title, copy::run, () -> {}));
    }

    @Test
    void workIsSeenFollowedAndStopped() throws Exception {
        assertThat(robot.<Node>find("#tasks").isVisible()).isFalse();
        Copy first = new Copy();
        Copy second = new Copy();
        Task clone = begin("Clone build to build-2", first);
        begin("Convert server.vmdk to qcow2", second);
        robot.await("the rate", () -> clone.status().nanosLeft().isPresent());
        assertThat(robot.<Node>find("#tasks").isVisible()).isTrue();
        robot.picture("tasks-line-light");
        robot.clickOn("#tasks-open");
        robot.onWindow(() -> robot.window()
                .model()
                .beginWhole(
                        "Resize disk1.qcow2",
                        () -> {
                            throw new TerrariumException("disk1.qcow2 is in use by another machine: stop it first");
                        },
                        () -> {}));
        robot.await("the failure", () -> !robot.window().model().notices().isEmpty());
        robot.picture("tasks-open-light");
        second.go.countDown();
        robot.onWindow(() -> {
            clone.cancel();
            return null;
        });
        robot.await(
                "all have ended", () -> robot.window().model().tasks().running().isEmpty());
        assertThat(clone.status().state()).isEqualTo(Task.State.CANCELLED);
        robot.clickOn("#theme");
        robot.picture("tasks-ended-dark");
        robot.clickOn("#tasks-clear");
        assertThat(robot.window().model().tasks().all()).isEmpty();
        robot.clickOn("#tasks-close");
        assertThat(robot.<Node>find("#tasks").isVisible()).isFalse();
        assertThat(robot.<Node>find("#show-tasks").isVisible()).isFalse();
    }

    @Test
    void closingNamesTheWorkAndStopsIt() throws Exception {
        Copy copy = new Copy();
        Task clone = begin("Clone build to build-2", copy);
        robot.onWindow(() -> {
            robot.window().requestClose();
            return null;
        });
        robot.await(
                "the question",
                () -> robot.robot().lookup("#question-confirm").tryQuery().isPresent());
        robot.picture("tasks-closing-light");
        robot.onWindow(() -> {
            robot.<Button>find("#question-confirm").fire();
            return null;
        });
        assertThat(robot.closed().await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(clone.status().state()).isEqualTo(Task.State.CANCELLED);
        assertThat(robot.host().calls).containsExactly("close");
    }
}
