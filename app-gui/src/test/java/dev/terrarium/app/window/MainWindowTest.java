// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.app.settings.Settings;
import dev.terrarium.app.settings.SettingsFile;
import dev.terrarium.engine.Host.DamagedMachine;
import dev.terrarium.engine.MachineState;
import dev.terrarium.pictures.Pictures;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import javafx.application.Platform;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.ListView;
import javafx.scene.control.TabPane;
import javafx.scene.control.TextField;
import javafx.scene.input.KeyCode;
import javafx.stage.Stage;
import javafx.stage.Window;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.testfx.api.FxRobot;
import org.testfx.api.FxToolkit;

/** Uses the window as a person would, over fake machines; leaves pictures in {@code target/screenshots}. */
@Tag("desktop")
class MainWindowTest {
    @TempDir
    Path home;

    private final FxRobot robot = new FxRobot();
    private final CountDownLatch closed = new CountDownLatch(1);
    private FakeHost host;
    private MainWindow window;

    @BeforeAll
    static void startToolkit() throws Exception {
        FxToolkit.registerPrimaryStage();
    }

    @AfterEach
    void closeWindows() throws Exception {
        onWindow(() -> {
            Window.getWindows().stream().toList().forEach(Window::hide);
            return null;
        });
    }

    private static <T> T onWindow(Callable<T> call) throws Exception {
        CompletableFuture<T> result = new CompletableFuture<>();
        Platform.runLater(() -> {
            try {
                result.complete(call.call());
            } catch (Exception e) {
                result.completeExceptionally(e);
            }
        });
        return result.get(20, TimeUnit.SECONDS);
    }

    private static void await(String what, BooleanSupplier condition) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(15);
        while (!onWindow(condition::getAsBoolean)) {
            assertThat(System.nanoTime()).as(what).isLessThan(end);
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    private void open() throws Exception {
        open(Settings.DEFAULT.withSize(1280, 800, false));
    }

    private void open(Settings settings) throws Exception {
        SettingsFile file = new SettingsFile(home);
        file.save(settings);
        onWindow(() -> {
            window = new MainWindow(host, file, closed::countDown);
            window.show();
            return null;
        });
        await(
                "the first sample",
                () -> window.model().capabilitiesProperty().get().isPresent());
    }

    private FakeHost people() {
        host = new FakeHost(home);
        host.add("debian-12", "debian12").in(MachineState.RUNNING);
        host.add("build", "fedora").in(MachineState.RUNNING).elsewhere();
        host.add("router", "alpine").in(MachineState.PAUSED);
        host.add("dos-games", "freedos");
        host.add("sandbox", "ubuntu");
        host.add("experiment", "other").crash("triple fault in the guest at 0x7c00: see its log");
        host.damaged.add(new DamagedMachine(
                "old-server",
                home.resolve("machines/old-server/machine.json"),
                home.resolve("machines/old-server/machine.json")
                        + " is damaged (line 12: unexpected character): repair it, or move it away"));
        return host;
    }

    private void picture(String name) throws Exception {
        onWindow(() -> Pictures.save(window.stage().getScene(), name));
    }

    private <T extends Node> T find(String query) {
        return robot.from(window.stage().getScene().getRoot()).lookup(query).query();
    }

    private void select(String name) throws Exception {
        onWindow(() -> {
            window.select(host.find(name).orElseThrow(), false);
            return null;
        });
    }

    private void tab(int index) throws Exception {
        onWindow(() -> {
            this.<TabPane>find(".tab-pane").getSelectionModel().select(index);
            return null;
        });
    }

    @Test
    void withoutMachinesTheWindowSaysHowToBegin() throws Exception {
        host = new FakeHost(home);
        open();
        assertThat(robot.lookup("#first-machine").tryQuery()).isPresent();
        picture("empty-light");
        robot.clickOn("#theme");
        await("dark colours", () -> new SettingsFile(home).load().theme() == Settings.Theme.DARK);
        picture("empty-dark");
        robot.clickOn("#first-machine");
        await("the wizard", () -> Window.getWindows().size() > 1);
    }

    @Test
    void machinesAreListedSearchedAndSwitched() throws Exception {
        people();
        open();
        ListView<ListEntry> list = find("#machines");
        assertThat(list.getItems()).hasSize(12);
        select("dos-games");
        robot.clickOn("#start");
        FakeMachine machine = (FakeMachine) host.find("dos-games").orElseThrow();
        await("the machine runs", () -> this.<Label>find("#state").getText().equals("Running"));
        robot.clickOn("#pause");
        await(
                "the machine is paused",
                () -> this.<Label>find("#state").getText().equals("Paused"));
        robot.clickOn("#power");
        robot.clickOn("#force-off");
        robot.clickOn("#question-cancel");
        robot.clickOn("#force-off");
        robot.clickOn("#question-confirm");
        await("the machine is off", () -> this.<Label>find("#state").getText().equals("Off"));
        assertThat(machine.calls).containsExactly("start", "pause", "power", "forceOff");
        robot.push(KeyCode.SHORTCUT, KeyCode.F);
        onWindow(() -> {
            this.<TextField>find("#search").setText("FEDORA");
            return null;
        });
        assertThat(list.getItems()).hasSize(2);
        assertThat(list.getItems().get(1)).isInstanceOf(ListEntry.Machine.class);
    }

    @Test
    void aRefusalIsToldInTheCorner() throws Exception {
        people();
        open();
        select("sandbox");
        ((FakeMachine) host.find("sandbox").orElseThrow())
                .refuse("/home/ada/debian.iso does not exist: check the path");
        robot.clickOn("#start");
        await("the notice", () -> !window.model().notices().isEmpty());
        assertThat(robot.lookup(".notice-title").<Label>query().getText()).contains("sandbox");
        tab(1);
        picture("notice-light");
    }

    @Test
    void memoryIsCheckedAsTypedAndApplied() throws Exception {
        people();
        open();
        select("sandbox");
        tab(3);
        onWindow(() -> {
            this.<TextField>find("#details-memory").setText("99999999");
            this.<TextField>find("#details-cd").setText("/tmp/picture.png");
            return null;
        });
        await("the CD is looked at", () -> robot.lookup(".problem-text").queryAllAs(Label.class).stream()
                .anyMatch(label -> label.getText().contains("ISO 9660")));
        assertThat(this.<Node>find("#details-apply").isDisabled()).isTrue();
        picture("details-problems-light");
        onWindow(() -> {
            this.<TextField>find("#details-memory").setText("2048");
            this.<TextField>find("#details-cd").setText("");
            return null;
        });
        robot.clickOn("#details-apply");
        await(
                "the machine is changed",
                () -> host.find("sandbox").orElseThrow().config().memoryMiB() == 2048);
    }

    @Test
    void deletingShowsTheFilesAndNeedsAnAnswer() throws Exception {
        people();
        Files.write(home.resolve("machines/sandbox/log"), new byte[2000]);
        open();
        select("sandbox");
        tab(3);
        robot.clickOn("#details-delete");
        await("the question", () -> robot.lookup("#question-option").tryQuery().isPresent());
        robot.clickOn("#question-option");
        picture("delete-light");
        robot.clickOn("#question-confirm");
        await("it is gone", () -> host.find("sandbox").isEmpty());
        assertThat(host.calls).contains("delete sandbox with disks");
    }

    @Test
    void closingAsksWhileMachinesRun() throws Exception {
        people();
        open();
        onWindow(() -> {
            window.requestClose();
            return null;
        });
        await("the question", () -> robot.lookup("#question-cancel").tryQuery().isPresent());
        picture("closing-light");
        robot.clickOn("#question-cancel");
        assertThat(window.stage().isShowing()).isTrue();
        onWindow(() -> {
            window.requestClose();
            return null;
        });
        robot.clickOn("#question-confirm");
        assertThat(closed.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(host.calls).contains("close");
    }

    @Test
    void aSavedMachineGoesOnOrIsDiscarded() throws Exception {
        people();
        open();
        select("debian-12");
        robot.clickOn("#save");
        await("saved", () -> this.<Label>find("#state").getText().equals("Saved"));
        assertThat(this.<Button>find("#start").getText()).isEqualTo("Continue");
        tab(3);
        assertThat(this.<Node>find("#details-memory").isDisabled()).isTrue();
        picture("saved-details-light");
        robot.clickOn("#start");
        await("running again", () -> this.<Label>find("#state").getText().equals("Running"));
        FakeMachine machine = (FakeMachine) host.find("debian-12").orElseThrow();
        assertThat(machine.calls).containsExactly("save", "start");
    }

    @Test
    void aFullHostDiskIsShownWithTheWayOn() throws Exception {
        people();
        ((FakeMachine) host.find("debian-12").orElseThrow())
                .pauseFor(
                        "/home/ada/.local/share/terrarium/machines/debian-12/disks/disk1.qcow2 cannot be written, there"
                                + " is no room on its file system: make room there and resume");
        open();
        select("debian-12");
        tab(1);
        assertThat(this.<Label>find("#pause-reason").getText()).contains("make room");
        picture("paused-light");
        robot.clickOn("#pause-resume");
        await("running again", () -> this.<Label>find("#state").getText().equals("Running"));
        assertThat(this.<Node>find("#pause-reason").getParent().isVisible()).isFalse();
    }

    @Test
    void closingCanSaveAll() throws Exception {
        people();
        open();
        onWindow(() -> {
            window.requestClose();
            return null;
        });
        robot.clickOn("#question-alternative");
        assertThat(closed.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(((FakeMachine) host.find("debian-12").orElseThrow()).calls).containsExactly("save");
        assertThat(((FakeMachine) host.find("build").orElseThrow()).calls).isEmpty();
    }

    @Test
    void theWindowIsPictured() throws Exception {
        people();
        open();
        TimeUnit.SECONDS.sleep(Integer.getInteger("tour.seconds", 6));
        select("debian-12");
        for (String theme : new String[] {"light", "dark"}) {
            for (int[] size : new int[][] {{1280, 800}, {900, 600}}) {
                onWindow(() -> {
                    Stage stage = window.stage();
                    stage.setWidth(size[0]);
                    stage.setHeight(size[1]);
                    return null;
                });
                String suffix = theme + "-" + size[0];
                for (String name : new String[] {"debian-12", "dos-games"}) {
                    select(name);
                    for (int index = 0; index < 4; index++) {
                        tab(index);
                        TimeUnit.MILLISECONDS.sleep(120);
                        if (index == 1 && name.equals("debian-12")) {
                            assertThat(this.<Label>find("#engine-compiled").getText())
                                    .isEqualTo("86 %");
                            assertThat(this.<Label>find("#engine-time").getText())
                                    .isEqualTo("1.7 s");
                        }
                        picture(name + "-" + new String[] {"console", "overview", "snapshots", "details"}[index] + "-"
                                + suffix);
                    }
                }
                select("experiment");
                tab(1);
                picture("crashed-" + suffix);
                onWindow(() -> {
                    window.model()
                            .selectedProperty()
                            .set(window.model().entries().stream()
                                    .filter(ListEntry.Damaged.class::isInstance)
                                    .findFirst());
                    return null;
                });
                picture("damaged-" + suffix);
            }
            robot.clickOn("#theme");
        }
        assertThat(Files.list(Path.of("target/screenshots")).count()).isPositive();
    }
}
