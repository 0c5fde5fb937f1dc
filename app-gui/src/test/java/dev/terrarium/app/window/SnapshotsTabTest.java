// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.app.snapshot.TreeRow;
import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.Snapshot;
import dev.terrarium.engine.Snapshot.Content;
import java.nio.file.Path;
import java.util.Optional;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.ListView;
import javafx.scene.control.TabPane;
import javafx.scene.control.TextInputControl;
import javafx.scene.control.TitledPane;
import javafx.stage.Window;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.testfx.util.WaitForAsyncUtils;

/** The snapshots' page, as a person uses it; leaves pictures. */
@Tag("desktop")
class SnapshotsTabTest {
    @TempDir
    Path home;

    private WindowRobot robot;
    private FakeMachine machine;

    @BeforeEach
    void people() throws Exception {
        robot = new WindowRobot(home);
        machine = robot.host().add("debian-12", "debian12").in(MachineState.RUNNING);
        robot.host().add("build", "fedora");
    }

    private FakeSnapshots history() {
        Path blue = FakeSnapshots.picture(home.resolve("blue.png"), 0);
        Path green = FakeSnapshots.picture(home.resolve("green.png"), 8);
        Path red = FakeSnapshots.picture(home.resolve("red.png"), 16);
        return machine.snapshots
                .add("Installed", "", Content.STOPPED, "Fresh from the installer, nothing added", Optional.empty())
                .add("Desktop ready", "Installed", Content.RUNNING, "", Optional.of(blue))
                .add(
                        "Try the new kernel",
                        "Desktop ready",
                        Content.RUNNING,
                        "6.19-rc3 with our patch; sound does not work",
                        Optional.of(red))
                .add("Kernel, second try", "Try the new kernel", Content.DISKS, "", Optional.of(red))
                .add(
                        "Before the upgrade",
                        "Desktop ready",
                        Content.RUNNING,
                        "apt full-upgrade next",
                        Optional.of(green));
    }

    private void open() throws Exception {
        robot.open();
        robot.onWindow(() -> {
            robot.window().select(machine, false);
            TabPane tabs = robot.find(".tab-pane");
            tabs.getTabs().stream()
                    .filter(tab -> tab.getText().equals("Snapshots"))
                    .forEach(tab -> tabs.getSelectionModel().select(tab));
            return null;
        });
        WaitForAsyncUtils.waitForFxEvents();
    }

    private <T extends Node> T find(String query) {
        return robot.find(query);
    }

    private void select(String name) throws Exception {
        robot.onWindow(() -> {
            ListView<TreeRow> list = find("#snapshots");
            list.getItems().stream()
                    .filter(row -> row.snapshot().map(Snapshot::name).orElse("").equals(name))
                    .forEach(row -> list.getSelectionModel().select(row));
            return null;
        });
        robot.await(
                "the details",
                () -> this.<Label>find("#snapshot-shown").getText().equals(name));
    }

    private void press(String query) throws Exception {
        robot.await(query, () -> robot.robot().lookup(query).tryQuery().isPresent());
        robot.onWindow(() -> {
            robot.robot().lookup(query).<Button>query().fire();
            return null;
        });
    }

    private void type(String query, String text) throws Exception {
        robot.onWindow(() -> {
            robot.robot().lookup(query).<TextInputControl>query().setText(text);
            return null;
        });
    }

    private int rows() {
        return this.<ListView<TreeRow>>find("#snapshots").getItems().size();
    }

    @Test
    void theEmptyPageTeachesAndTheFirstSnapshotIsTaken() throws Exception {
        open();
        robot.await("the empty page", () -> find("#first-snapshot").getParent().isVisible());
        robot.picture("snapshots-empty-light");
        press("#first-snapshot");
        robot.await("the dialog", () -> Window.getWindows().size() > 1);
        type("#snapshot-name", "");
        assertThat(robot.robot().lookup("#form-confirm").<Button>query().isDisabled())
                .isTrue();
        type("#snapshot-name", "Before the update");
        type("#snapshot-description", "All works");
        robot.onWindow(() -> {
            robot.robot().lookup("#advanced").<TitledPane>query().setExpanded(true);
            return null;
        });
        WaitForAsyncUtils.waitForFxEvents();
        robot.topPicture("snapshots-take-light");
        press("#form-confirm");
        robot.await("its row and now", () -> rows() == 2);
        assertThat(machine.snapshots.calls).containsExactly("create Before the update with memory");
    }

    @Test
    void theTreeIsReadGoneBackInAndPruned() throws Exception {
        history();
        open();
        robot.await("the tree", () -> rows() == 6);
        select("Try the new kernel");
        WaitForAsyncUtils.waitForFxEvents();
        robot.picture("snapshots-light");
        press("#snapshot-revert");
        WaitForAsyncUtils.waitForFxEvents();
        robot.picture("snapshots-revert-light");
        press("#question-confirm");
        robot.await("one more", () -> rows() == 7);
        assertThat(machine.snapshots.calls)
                .containsExactly("create Before Try the new kernel with memory", "revert Try the new kernel");
        select("Installed");
        press("#snapshot-delete");
        robot.await(
                "the question",
                () -> robot.robot().lookup("#question-confirm").tryQuery().isPresent());
        robot.picture("snapshots-delete-light");
        press("#question-confirm");
        robot.await("one less", () -> rows() == 6);
        select("Desktop ready");
        press("#snapshot-edit");
        robot.await("the dialog", () -> Window.getWindows().size() > 1);
        type("#snapshot-name", "Desktop");
        press("#form-confirm");
        robot.await(
                "the new name",
                () -> this.<Label>find("#snapshot-shown").getText().equals("Desktop"));
        robot.clickOn("#theme");
        robot.picture("snapshots-dark");
    }

    @Test
    void aCopyOfASnapshotIsMade() throws Exception {
        history();
        open();
        robot.await("the tree", () -> rows() == 6);
        select("Desktop ready");
        press("#snapshot-clone");
        robot.await("the dialog", () -> Window.getWindows().size() > 1);
        robot.await(
                "the plan",
                () -> !robot.robot().lookup("#form-confirm").<Button>query().isDisabled());
        WaitForAsyncUtils.waitForFxEvents();
        robot.topPicture("snapshots-clone-light");
        press("#form-confirm");
        robot.await(
                "the copy",
                () -> robot.host().find("debian-12-2").isPresent()
                        || robot.host().calls.stream().anyMatch(call -> call.contains("clone")));
        robot.await("the notice", () -> robot.window().model().notices().stream()
                .anyMatch(notice -> notice.title().contains("is ready")));
    }

    @Test
    void damageIsTold() throws Exception {
        history();
        machine.snapshots.problem("snapshots/7c9e is damaged (wrong checksum): it is left as it is");
        open();
        robot.await("the tree", () -> rows() == 6);
        robot.picture("snapshots-problem-light");
    }
}
